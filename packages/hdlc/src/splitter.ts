import { concat } from "@dlmskit/core";
import { type Frame, type FrameFault, flag, scanFrame } from "./frame.ts";

/** A piece of the stream: a frame and its octets with flags, or octets that are not a frame, and the reason. */
export type Split =
  | { readonly frame: Frame; readonly octets: Uint8Array }
  | {
      readonly frame?: undefined;
      readonly why: FrameFault | "noise" | "inter-octet-timeout";
      readonly octets: Uint8Array;
    };

const nothing = new Uint8Array(0);

/**
 * Finds the frames in a stream of octets that arrives in pieces of any size. The length field decides where a frame ends. Other
 * octets are dropped up to the next opening flag. Holds at most one unfinished frame.
 */
export class FrameSplitter {
  /** ms of silence after which an unfinished frame is dropped; Infinity for never. */
  interOctet: number;
  #held: Uint8Array = nothing;
  #lastOctet = 0;
  /** Whether the held octets begin with the closing flag of the previous frame. */
  #shared = false;

  constructor(interOctet: number) {
    this.interOctet = interOctet;
  }

  /** The number of octets that are held until more arrive. */
  get held(): number {
    return this.#held.length;
  }

  /** The frames that `octets` complete, in order, and the octets that were dropped between them. `now` is in ms. */
  push(octets: Uint8Array, now: number): Split[] {
    const splits: Split[] = [];
    if (octets.length === 0) return splits;
    if (this.#held.length > 0 && now - this.#lastOctet > this.interOctet) {
      if (this.#held.length > 1) splits.push({ why: "inter-octet-timeout", octets: this.#held });
      this.#held = nothing;
    }
    this.#lastOctet = now;
    if (this.#held.length === 0) this.#shared = false;
    const data = this.#held.length === 0 ? octets : concat(this.#held, octets);
    this.#held = nothing;

    let junk = 0;
    let why: FrameFault | "noise" = "noise";
    const drop = (end: number): void => {
      if (end > junk) splits.push({ why, octets: data.slice(junk, end) });
      why = "noise";
    };
    let at = 0;
    let closed = this.#shared ? 0 : -1;
    for (;;) {
      const first = data.indexOf(flag, at);
      if (first < 0) {
        drop(data.length);
        return splits;
      }
      let start = first;
      while (data[start + 1] === flag) start++;
      const scan = scanFrame(data, start, data.length);
      if (scan.found === "more") {
        drop(first);
        this.#held = data.slice(start);
        this.#shared = start === closed;
        return splits;
      }
      if (scan.found === "nothing") {
        if (why === "noise") why = scan.why;
        at = scan.resume;
        continue;
      }
      drop(first);
      const { closingFlag } = scan.layout;
      splits.push({ frame: scan.frame, octets: data.subarray(start, closingFlag + 1) });
      // The closing flag may also be the opening flag of the next frame.
      at = closingFlag;
      junk = closingFlag;
      closed = closingFlag;
    }
  }

  /** Called when this end has answered: the next frame has its own opening flag, and the last closing flag is not used for it. */
  turned(): void {
    if (this.#held.length === 1 && this.#shared) this.#held = nothing;
  }

  /** Drops the unfinished frame. */
  reset(): void {
    this.#held = nothing;
  }
}
