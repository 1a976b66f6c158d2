import { Fault } from "@dlmskit/core";
import { checksum, decodeFrame, frameStop, isIntact, type MbusFrame, wholeFrame } from "./frame.ts";
import { type Found, FrameFinder } from "./frame-finder.ts";

const shortStart = 0x10;
const shortOctets = 5;
/** The single character with which a slave acknowledges a frame, or says that it has no data (EN 13757-2). */
export const acknowledgement = 0xe5;

/** The C field: bit 6 is set in frames of the master. Bits 5 and 4 are FCB and FCV there, ACD and DFC in frames of a slave. */
export const fromMaster = 0x40;
export const frameCountBit = 0x20;
export const frameCountValid = 0x10;
export const accessDemand = 0x20;

/** The functions of the C field. SND_NKE resets the link, SND_UD sends data, REQ_UD1 and REQ_UD2 ask for data. */
export const sendReset = 0x0;
export const sendData = 0x3;
export const requestClass1 = 0xa;
export const requestClass2 = 0xb;
export const respondData = 0x8;

export const functionOf = (control: number): number => control & 0x0f;

/** 255: all slaves, without an answer. 254: any slave on a line with only one. 253 is for secondary addresses. */
export const allSlaves = 0xff;
export const anySlave = 0xfe;
export const highestAddress = 0xfa;

/** What passes on an M-Bus line with a master and slaves. */
export type StationFrame =
  | { readonly frame: "acknowledgement" }
  | { readonly frame: "short"; readonly control: number; readonly address: number }
  | ({ readonly frame: "long" } & MbusFrame);

/** The octets of a short frame, 10 C A checksum 16 (EN 13757-2). */
export function encodeShortFrame(control: number, address: number): Uint8Array {
  return Uint8Array.of(shortStart, control, address, (control + address) & 0xff, frameStop);
}

function decodeStationFrame(octets: Uint8Array): StationFrame {
  const [start, control = 0, address = 0, sum, stop] = octets;
  if (start === acknowledgement) return { frame: "acknowledgement" };
  if (start !== shortStart) return { frame: "long", ...decodeFrame(octets) };
  if (sum !== checksum(octets, 1, 3)) throw new Fault("mbus-checksum", "the checksum is wrong", { layer: "mbus" });
  if (stop !== frameStop) throw new Fault("bad-stop", "a frame must end with 16", { layer: "mbus" });
  return { frame: "short", control, address };
}

function isIntactStationFrame(octets: Uint8Array): boolean {
  if (octets[0] !== shortStart) return octets[0] === acknowledgement || isIntact(octets);
  return octets[4] === frameStop && octets[3] === checksum(octets, 1, 3);
}

function wholeStationFrame(octets: Uint8Array, at: number): number | "more" | "none" {
  const start = octets[at];
  if (start === acknowledgement) return 1;
  if (start !== shortStart) return wholeFrame(octets, at);
  return octets.length - at < shortOctets ? "more" : shortOctets;
}

const withoutAcknowledgements = (octets: Uint8Array, at: number): number | "more" | "none" =>
  octets[at] === acknowledgement ? "none" : wholeStationFrame(octets, at);

/** Finds the frames of both directions; single characters only for a client. A frame that is not complete within `interOctet` ms of its last octet is dropped. */
export class StationSplitter {
  readonly #finder: FrameFinder<StationFrame>;
  readonly #interOctet: number;
  #lastOctet = 0;

  constructor(end: "client" | "server", interOctet: number) {
    this.#interOctet = interOctet;
    const whole = end === "client" ? wholeStationFrame : withoutAcknowledgements;
    this.#finder = new FrameFinder({ whole, isIntact: isIntactStationFrame, decode: decodeStationFrame });
  }

  push(octets: Uint8Array, now: number): Found<StationFrame>[] {
    const late = this.#finder.held > 0 && now - this.#lastOctet >= this.#interOctet;
    const stale: Found<StationFrame>[] = late ? [{ octets: this.#finder.flush(), fault: unfinished() }] : [];
    this.#lastOctet = now;
    return [...stale, ...this.#finder.push(octets)];
  }

  reset(): void {
    this.#finder.flush();
  }
}

const unfinished = (): Fault => new Fault("incomplete", "the frame was not complete in time", { layer: "mbus" });
