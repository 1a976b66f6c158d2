import { fcs16, fromHex, type LinkOutput, toHex } from "@dlmskit/core";
import {
  type Control,
  decodeFrame,
  encodeFrame,
  type Frame,
  hdlcAddress,
  Station,
  type StationOptions,
  wrapLlc,
} from "../src/index.ts";

export const server = { upper: 1, lower: 17 };
export const client = 16;

/** The client's control fields, by the names of the test cases. */
export const poll = {
  snrm: { frame: "snrm", pollFinal: true },
  disc: { frame: "disc", pollFinal: true },
  rr: (receiveSequence: number): Control => ({ frame: "rr", pollFinal: true, receiveSequence }),
  rnr: (receiveSequence: number): Control => ({ frame: "rnr", pollFinal: true, receiveSequence }),
  i: (sendSequence: number, receiveSequence: number, pollFinal = true): Control => ({
    frame: "i",
    pollFinal,
    sendSequence,
    receiveSequence,
  }),
} as const;

export const command = (hex: string): Uint8Array => wrapLlc(fromHex(hex), "command");

export interface FrameExtras {
  readonly information?: Uint8Array;
  readonly segmented?: boolean;
  readonly to?: Parameters<typeof hdlcAddress>[0];
  readonly from?: Parameters<typeof hdlcAddress>[0];
}

export function frame(control: Control, extras: FrameExtras = {}): Uint8Array {
  return encodeFrame({
    ...control,
    destination: hdlcAddress(extras.to ?? server),
    source: hdlcAddress(extras.from ?? { upper: client }),
    segmented: extras.segmented ?? false,
    information: extras.information ?? new Uint8Array(0),
  });
}

/** A frame's octets with other octets at some places, and its check sequences right again where asked. */
export function altered(
  octets: Uint8Array,
  change: (inner: number[]) => void,
  fix: "fcs" | "none" = "fcs",
): Uint8Array {
  const inner = [...octets.subarray(1, -1)];
  change(inner);
  if (fix === "fcs") {
    const fcs = fcs16(Uint8Array.from(inner), 0, inner.length - 2);
    inner[inner.length - 2] = fcs & 0xff;
    inner[inner.length - 1] = fcs >> 8;
  }
  return Uint8Array.from([0x7e, ...inner, 0x7e]);
}

/** What a frame says, short: `I10 S=1 F=1 …`. */
export function short(one: Frame): string {
  const sequence = one.frame === "i" ? `${one.sendSequence}${one.receiveSequence}` : "";
  const received = one.frame === "rr" || one.frame === "rnr" ? `${one.receiveSequence}` : "";
  return `${one.frame}${sequence}${received}${one.segmented ? "+" : ""}${one.pollFinal ? "!" : ""}`;
}

/** A meter on a line: a station, an application that answers, and what came of it. */
export class Meter {
  readonly station: Station;
  readonly served: string[] = [];
  readonly events: string[] = [];
  readonly dropped: string[] = [];
  now = 0;
  /** What the application answers a PDU with; undefined for not at once. */
  answer: (pdu: string) => Uint8Array | undefined = (pdu) => fromHex(`ee${pdu}`);

  constructor(options: Partial<StationOptions> = {}) {
    this.station = new Station({ addresses: [server], ...options });
  }

  /** Gives octets to the station; the frames that it sends. */
  octets(octets: Uint8Array): Frame[] {
    this.station.receive(octets, this.now);
    return this.drain();
  }

  drain(): Frame[] {
    const frames: Frame[] = [];
    for (let output = this.station.poll(); output !== undefined; output = this.station.poll()) {
      this.#take(output, frames);
    }
    return frames;
  }

  #take(output: LinkOutput, frames: Frame[]): void {
    if (output.type === "transmit") frames.push(decodeFrame(output.octets));
    else if (output.type === "dropped") this.dropped.push(output.why);
    else if (output.type === "received") {
      const pdu = toHex(output.pdu);
      this.served.push(
        output.broadcast === true ? `broadcast ${output.address.server}/${output.address.physical} ${pdu}` : pdu,
      );
      const answer = output.broadcast === true ? undefined : this.answer(pdu);
      if (answer !== undefined) this.station.send(answer, this.now, output.address);
    } else this.events.push(output.type === "disconnected" ? `disconnected ${output.why}` : output.type);
  }

  /** Sends a frame; what comes back, short, in one text. */
  say(control: Control, extras: FrameExtras = {}): string {
    return this.octets(frame(control, extras)).map(short).join(" ");
  }

  silent(seconds: number): string {
    this.now += seconds * 1000;
    this.station.expire(this.now);
    return this.drain().map(short).join(" ");
  }

  /** SNRM, answered with UA. */
  connect(information: Uint8Array = new Uint8Array(0)): this {
    if (this.say(poll.snrm, { information }) !== "ua!") throw new Error("not connected");
    return this;
  }

  /** Whether it is disconnected, as the conformance tests find out: DISC is answered with DM. */
  get disconnected(): boolean {
    return this.say(poll.disc) === "dm!";
  }
}
