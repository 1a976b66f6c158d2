import { concat, Fault } from "@dlmskit/core";

/** A part of a stream: a frame, or octets that are not a frame, with a Fault if they looked like one. */
export type Found<F> =
  | { readonly frame: F; readonly octets: Uint8Array }
  | { readonly frame?: never; readonly octets: Uint8Array; readonly fault?: Fault };

/** The frames that are looked for. */
export interface FrameForm<F> {
  /** The number of octets of the frame that starts at `at`, by its header. `more`: not known yet; `none`: no frame starts there. */
  whole(octets: Uint8Array, at: number): number | "more" | "none";
  /** Whether checksum and stop octet of so many octets are right. */
  isIntact(octets: Uint8Array): boolean;
  /** Faults if the octets are not a frame. */
  decode(octets: Uint8Array): F;
}

/** Finds frames in a stream of octets. Holds at most one unfinished frame. */
export class FrameFinder<F> {
  readonly #form: FrameForm<F>;
  #held = new Uint8Array(0);

  constructor(form: FrameForm<F>) {
    this.#form = form;
  }

  get held(): number {
    return this.#held.length;
  }

  push(octets: Uint8Array): Found<F>[] {
    const given = this.#held.length === 0 ? octets.slice() : concat(this.#held, octets);
    const found: Found<F>[] = [];
    let noise = 0;
    let at = 0;
    // Of the octets that are no frame, the first ones that look like one say what is wrong.
    let fault: Fault | undefined;
    const skip = (end: number): void => {
      if (end > noise) found.push({ octets: given.subarray(noise, end), ...(fault === undefined ? {} : { fault }) });
      fault = undefined;
    };
    while (at < given.length) {
      const length = this.#form.whole(given, at);
      if (length === "more") break;
      const candidate = length === "none" ? undefined : given.subarray(at, at + length);
      // The start octet may be noise, and another frame may start inside an invalid one.
      if (candidate === undefined || !this.#form.isIntact(candidate)) {
        if (candidate !== undefined) fault ??= this.#faultOf(candidate);
        at++;
        continue;
      }
      skip(at);
      found.push({ frame: this.#form.decode(candidate), octets: candidate });
      at += candidate.length;
      noise = at;
    }
    skip(at);
    this.#held = given.slice(at);
    return found;
  }

  #faultOf(candidate: Uint8Array): Fault | undefined {
    try {
      this.#form.decode(candidate);
      return undefined;
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      return caught;
    }
  }

  flush(): Uint8Array {
    const held = this.#held;
    this.#held = new Uint8Array(0);
    return held;
  }
}
