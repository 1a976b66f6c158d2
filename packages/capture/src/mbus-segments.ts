import { Fault } from "@dlmskit/core";
import type { MbusSegment } from "@dlmskit/mbus";
import { Source } from "./source.ts";

/** Joins the segments of one APDU, with their positions in the input. */
export class MbusSegments {
  #parts: Source[] = [];

  get open(): boolean {
    return this.#parts.length > 0;
  }

  /** Adds a segment. Gives the complete APDU after the last segment. Fault `missing-segment`. */
  add({ sequence, final }: MbusSegment, octets: Source): Source | undefined {
    if (sequence === 0 && this.#parts.length % 16 !== 0) this.#parts = [];
    const expected = this.#parts.length % 16;
    if (sequence !== expected) {
      this.#parts = [];
      throw new Fault("missing-segment", `segment ${sequence} where ${expected} belongs`, {
        layer: "mbus",
        offset: octets.place(0),
      });
    }
    this.#parts.push(octets);
    if (!final) return undefined;
    const whole = Source.join(this.#parts);
    this.#parts = [];
    return whole;
  }
}
