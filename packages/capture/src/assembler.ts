import { concat } from "@dlmskit/core";
import type { CaptureRecord } from "./record.ts";
import { isFramed, shapeOf } from "./shape.ts";

const longestHeld = 1 << 18;
const mostHeld = 4096;

/**
 * Joins octets that are divided into several lines: octets that end inside a frame, a PDU or an APDU are held until the next
 * octets complete them. Octets that are not completed are given without a change.
 */
export class Assembler {
  #held: CaptureRecord[] = [];
  #octets: Uint8Array = new Uint8Array(0);

  /** Whether octets are held. */
  get waiting(): boolean {
    return this.#held.length > 0;
  }

  push(record: CaptureRecord): CaptureRecord[] {
    const [first] = this.#held;
    if (first === undefined) return this.#fresh(record);
    if (record.fault !== undefined) return record.prose === true ? [record] : [...this.end(), record];
    if (record.direction !== first.direction || this.#held.length >= mostHeld || this.#octets.length > longestHeld) {
      return [...this.end(), ...this.#fresh(record)];
    }
    const octets = concat(this.#octets, record.octets);
    const shape = shapeOf(octets);
    if (shape === "cut" && !(isFramed(record.octets) && shapeOf(record.octets) === "whole")) {
      this.#held.push(record);
      this.#octets = octets;
      return [];
    }
    if (shape === "whole") {
      this.#held.push(record);
      this.#octets = octets;
      return [this.#joined()];
    }
    return [...this.end(), ...this.#fresh(record)];
  }

  /** Gives the held octets as an incomplete record. */
  end(): CaptureRecord[] {
    return this.#held.length === 0 ? [] : [this.#joined()];
  }

  #joined(): CaptureRecord {
    const [first, ...more] = this.#held as [CaptureRecord, ...CaptureRecord[]];
    const guesses = [...new Set(this.#held.flatMap((one) => one.guesses))];
    if (more.length > 0) guesses.push(`${more.length + 1} lines are taken as one`);
    const joined: CaptureRecord = { ...first, octets: this.#octets, guesses };
    this.#held = [];
    this.#octets = new Uint8Array(0);
    return joined;
  }

  #fresh(record: CaptureRecord): CaptureRecord[] {
    if (record.fault !== undefined || shapeOf(record.octets) !== "cut") return [record];
    this.#held = [record];
    this.#octets = record.octets.slice();
    return [];
  }
}
