import { Fault } from "@dlmskit/core";
import { decodeFrame, frameOverhead, frameStart, headerOctets, type MbusFrame } from "./frame.ts";

/** A part of a stream: a frame, or octets that are not a frame, with a Fault if they looked like one. */
export type MbusSplit =
  | { readonly frame: MbusFrame; readonly octets: Uint8Array }
  | { readonly frame?: never; readonly octets: Uint8Array; readonly fault?: Fault };

/**
 * Finds the long frames in a stream of octets that arrives in pieces of any size. The length field decides where a frame ends.
 * The next start octet is searched only if a frame is invalid. Holds at most one frame.
 */
export class MbusSplitter {
  #held = new Uint8Array(0);

  /** The number of held octets of an unfinished frame. */
  get held(): number {
    return this.#held.length;
  }

  /** The parts that `octets` complete, in order. Every given octet is in exactly one result, or is still held. */
  push(octets: Uint8Array): MbusSplit[] {
    const given = this.#held.length === 0 ? octets.slice() : joined(this.#held, octets);
    const found: MbusSplit[] = [];
    let noise = 0;
    let at = 0;
    const skip = (end: number, fault?: Fault): void => {
      if (end > noise) found.push({ octets: given.subarray(noise, end), ...(fault === undefined ? {} : { fault }) });
    };
    while (at < given.length) {
      const length = whole(given, at);
      if (length === "none") {
        at++;
        continue;
      }
      if (length === "more") break;
      const candidate = given.subarray(at, at + length);
      try {
        const frame = decodeFrame(candidate);
        skip(at);
        found.push({ frame, octets: candidate });
        at += length;
        noise = at;
      } catch (caught) {
        if (!(caught instanceof Fault)) throw caught;
        skip(at);
        noise = at;
        // The start octet may be noise, and another frame may start inside the invalid one.
        at++;
        skip(at, caught);
        noise = at;
      }
    }
    skip(at);
    this.#held = given.slice(at);
    return found;
  }

  /** Gives the held octets at the end of a stream: they do not form a frame. */
  flush(): Uint8Array {
    const held = this.#held;
    this.#held = new Uint8Array(0);
    return held;
  }
}

/** The number of octets of the frame that starts at `at`, according to its header. */
function whole(octets: Uint8Array, at: number): number | "more" | "none" {
  const [start, length, again, startAgain] = octets.subarray(at, at + 4);
  if (start !== frameStart) return "none";
  if (length === undefined) return "more";
  if (length < headerOctets) return "none";
  if (again === undefined) return "more";
  if (again !== length) return "none";
  if (startAgain === undefined) return "more";
  if (startAgain !== frameStart) return "none";
  return octets.length - at < length + frameOverhead ? "more" : length + frameOverhead;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
