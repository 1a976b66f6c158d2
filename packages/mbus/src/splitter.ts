import { Fault } from "@dlmskit/core";
import { decodeFrame, frameOverhead, frameStart, headerOctets, type MbusFrame } from "./frame.ts";

/** What was found in a stream: a frame, or octets that are none; with the Fault where they looked like one. */
export type MbusSplit =
  | { readonly frame: MbusFrame; readonly octets: Uint8Array }
  | { readonly frame?: never; readonly octets: Uint8Array; readonly fault?: Fault };

/**
 * Finds the long frames in a stream of octets, however it is cut. It goes by the lengths, and looks for the next start
 * only where a frame turns out to be none. Holds at most one frame.
 */
export class MbusSplitter {
  #held = new Uint8Array(0);

  /** How many octets of an unfinished frame are held. */
  get held(): number {
    return this.#held.length;
  }

  /** What `octets` complete, in order. Everything given is in what comes out, once, or still held. */
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
        // Its start may be noise, and another frame lie within it.
        at++;
        skip(at, caught);
        noise = at;
      }
    }
    skip(at);
    this.#held = given.slice(at);
    return found;
  }

  /** What is held, at the end of a stream: octets that became no frame. */
  flush(): Uint8Array {
    const held = this.#held;
    this.#held = new Uint8Array(0);
    return held;
  }
}

/** The octets of the frame that starts at `at`, as far as its head tells. */
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
