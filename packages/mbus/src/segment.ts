import { concat, Fault, type FaultCode, inRange } from "@dlmskit/core";
import { longestUserData, type MbusFrame } from "./frame.ts";

/** A segment of an APDU in a long frame: control information 00 to 1F, then source and destination SAP (EN 13757-3, DLMS). */
export interface MbusSegment {
  /** The number of the segment in its APDU, 0 to 15, starting with 0. */
  readonly sequence: number;
  /** Whether this is the last segment of its APDU. */
  readonly final: boolean;
  /** The logical device of the server if a meter pushes. */
  readonly sourceSap: number;
  /** The SAP of the client if a meter pushes. */
  readonly destinationSap: number;
  readonly octets: Uint8Array;
}

const none = new Uint8Array(0);
const finalBit = 0x10;
const lastSegment = 0x0f;
const lastOfDlms = 0x1f;

/** The segment in a frame; undefined for a frame with other control information, or if the frame is too short for the SAPs. */
export function segmentOf({ controlInformation, userData }: MbusFrame): MbusSegment | undefined {
  if (controlInformation > lastOfDlms || userData.length < 2) return undefined;
  return {
    sequence: controlInformation & 0x0f,
    final: (controlInformation & finalBit) !== 0,
    sourceSap: userData[0] as number,
    destinationSap: userData[1] as number,
    octets: userData.subarray(2),
  };
}

export interface MbusPush {
  /** 0x53 (SND_UD) by default. */
  readonly control?: number;
  /** 0xFF (broadcast without an answer) by default. */
  readonly address?: number;
  readonly sourceSap: number;
  readonly destinationSap: number;
  /** The maximum value of the L field; 250 by default, as in real meters. */
  readonly longest?: number;
}

/** The long frames that carry an APDU, in order. Fault `out-of-range`. */
export function framesOf(apdu: Uint8Array, push: MbusPush): MbusFrame[] {
  const { control = 0x53, address = 0xff, sourceSap, destinationSap, longest = 250 } = push;
  const saps = Uint8Array.of(inRange(sourceSap, 0, 0xff), inRange(destinationSap, 0, 0xff));
  const room = inRange(longest, 6, longestUserData + 3) - 5;
  const frames: MbusFrame[] = [];
  let at = 0;
  do {
    const octets = apdu.subarray(at, at + room);
    at += room;
    const controlInformation = (frames.length & 0x0f) | (at >= apdu.length ? finalBit : 0);
    frames.push({ control, address, controlInformation, userData: concat(saps, octets) });
  } while (at < apdu.length);
  return frames;
}

/** The result of a frame: it completes a PDU, it is a part of one, it is not a DLMS frame, or a part is missing. */
export type MbusJoined =
  | { readonly type: "received"; readonly pdu: Uint8Array; readonly sourceSap: number; readonly destinationSap: number }
  | { readonly type: "held" }
  | { readonly type: "dropped"; readonly fault: Fault };

/**
 * Joins the segments of one APDU of one meter. A frame with another address or other SAPs starts a new APDU. After a missing segment the
 * rest of the APDU is dropped: numbers are counted modulo 16, so segment 0 after segment 15 may be in the middle of an APDU.
 */
export class MbusJoiner {
  readonly #longest: number;
  #buffer = none;
  #octets = 0;
  #segments = 0;
  #from = "";
  /** The number of the last segment of an APDU that cannot be completed. */
  #spoilt: number | undefined;

  /** `longest`: the maximum length of a joined PDU, in octets; 65 535 by default. */
  constructor(longest = 0xffff) {
    this.#longest = longest;
  }

  /** The number of held octets of an unfinished PDU. */
  get held(): number {
    return this.#octets;
  }

  /** Adds a frame. Faults in the result: `not-dlms`, `missing-segment`, `pdu-too-long`; the held octets are then dropped. */
  push(frame: MbusFrame): MbusJoined {
    const segment = segmentOf(frame);
    if (segment === undefined) return dropped("not-dlms", "the CI field is not that of a DLMS segment");
    const { sequence, final, sourceSap, destinationSap, octets } = segment;
    const from = `${frame.address} ${sourceSap} ${destinationSap}`;
    if (from !== this.#from) this.clear();
    this.#from = from;
    const expected = this.#segments & lastSegment;
    const begins = this.#spoilt === undefined ? expected !== 0 : this.#spoilt !== lastSegment;
    if (sequence === 0 && begins) this.clear();
    else if (this.#spoilt !== undefined || sequence !== expected) {
      this.#spoil(segment);
      return dropped("missing-segment", `segment ${sequence} where ${expected} belongs`);
    }
    if (this.#octets + octets.length > this.#longest) {
      this.#spoil(segment);
      return dropped("pdu-too-long", `more than ${this.#longest} octets`);
    }
    this.#hold(octets);
    if (!final) return { type: "held" };
    const pdu = this.#buffer.slice(0, this.#octets);
    this.clear();
    return { type: "received", pdu, sourceSap, destinationSap };
  }

  /** Copies the octets: many short segments take no more memory than one long one. */
  #hold(octets: Uint8Array): void {
    const length = this.#octets + octets.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(this.#longest, 2 * this.#buffer.length)));
      larger.set(this.#buffer.subarray(0, this.#octets));
      this.#buffer = larger;
    }
    this.#buffer.set(octets, this.#octets);
    this.#octets = length;
    this.#segments++;
  }

  #spoil({ sequence, final }: MbusSegment): void {
    this.clear();
    if (!final) this.#spoilt = sequence;
  }

  /** Drops the held octets. */
  clear(): void {
    this.#buffer = none;
    this.#octets = 0;
    this.#segments = 0;
    this.#spoilt = undefined;
  }
}

function dropped(code: FaultCode<"mbus">, message: string): MbusJoined {
  return { type: "dropped", fault: new Fault(code, message, { layer: "mbus" }) };
}
