import { decodeFrame, isIntact, type MbusFrame, wholeFrame } from "./frame.ts";
import { type Found, FrameFinder } from "./frame-finder.ts";

/** A part of a stream: a frame, or octets that are not a frame, with a Fault if they looked like one. */
export type MbusSplit = Found<MbusFrame>;

/**
 * Finds the long frames in a stream of octets that arrives in pieces of any size. The length field decides where a frame ends.
 * The next start octet is searched only if a frame is invalid. Holds at most one frame.
 */
export class MbusSplitter {
  readonly #finder = new FrameFinder<MbusFrame>({ whole: wholeFrame, isIntact, decode: decodeFrame });

  /** The number of held octets of an unfinished frame. */
  get held(): number {
    return this.#finder.held;
  }

  /** The parts that `octets` complete, in order. Every given octet is in exactly one result, or is still held. */
  push(octets: Uint8Array): MbusSplit[] {
    return this.#finder.push(octets);
  }

  /** Gives the held octets at the end of a stream: they do not form a frame. */
  flush(): Uint8Array {
    return this.#finder.flush();
  }
}
