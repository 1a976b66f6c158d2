import { Fault } from "./fault.ts";

/** A buffer for encoding. It grows as needed. Lengths are written in their shortest form. */
export class Writer {
  #octets: Uint8Array;
  #view: DataView | undefined;
  #at = 0;

  constructor(capacity = 128) {
    this.#octets = new Uint8Array(capacity);
  }

  /** The number of octets written. */
  get length(): number {
    return this.#at;
  }

  #room(count: number): number {
    const at = this.#at;
    const end = at + count;
    if (end > this.#octets.length) {
      const larger = new Uint8Array(Math.max(end, this.#octets.length * 2));
      larger.set(this.#octets.subarray(0, at));
      this.#octets = larger;
      this.#view = undefined;
    }
    this.#at = end;
    return at;
  }

  #dataView(): DataView {
    this.#view ??= new DataView(this.#octets.buffer);
    return this.#view;
  }

  /** The buffer, for a caller that reserves space in it with `claim` and fills that space. Valid until the next write. */
  get octets(): Uint8Array {
    return this.#octets;
  }

  /** Reserves `count` octets and returns their offset in `octets`. The caller fills them. */
  claim(count: number): number {
    return this.#room(count);
  }

  /** Discards everything written after `length`. */
  rewind(length: number): void {
    this.#at = length;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#octets[at] = value;
  }

  u16(value: number): void {
    const at = this.#room(2);
    const octets = this.#octets;
    octets[at] = value >>> 8;
    octets[at + 1] = value;
  }

  u32(value: number): void {
    const at = this.#room(4);
    const octets = this.#octets;
    octets[at] = value >>> 24;
    octets[at + 1] = value >>> 16;
    octets[at + 2] = value >>> 8;
    octets[at + 3] = value;
  }

  /** Signed or unsigned: the low 64 bits. */
  u64(value: bigint): void {
    const at = this.#room(8);
    this.#dataView().setBigInt64(at, value);
  }

  f32(value: number): void {
    // The bits of a NaN in JavaScript are not defined, so every NaN is written with the same bits.
    if (Number.isNaN(value)) {
      this.u32(0x7fc00000);
      return;
    }
    const at = this.#room(4);
    this.#dataView().setFloat32(at, value);
  }

  f64(value: number): void {
    if (Number.isNaN(value)) {
      this.u64(0x7ff8000000000000n);
      return;
    }
    const at = this.#room(8);
    this.#dataView().setFloat64(at, value);
  }

  put(octets: Uint8Array): void {
    const count = octets.length;
    const at = this.#room(count);
    const own = this.#octets;
    // For a few octets a loop is faster than a call.
    if (count > 32) own.set(octets, at);
    else for (let step = 0; step < count; step++) own[at + step] = octets[step] as number;
  }

  /** A length or count in its shortest form (see `Reader.length`). */
  size(length: number): void {
    if (length < 0x80) {
      this.u8(length);
    } else if (length < 0x100) {
      this.u8(0x81);
      this.u8(length);
    } else if (length < 0x10000) {
      this.u8(0x82);
      this.u16(length);
    } else if (length < 0x1000000) {
      this.u8(0x83);
      this.u8(length >>> 16);
      this.u16(length & 0xffff);
    } else {
      this.u8(0x84);
      this.u32(length);
    }
  }

  /** A length, then the octets. */
  sized(octets: Uint8Array): void {
    this.size(octets.length);
    this.put(octets);
  }

  /** Reserves space for a length. `close` takes the number that `open` returns, writes the length, and moves the content if necessary. */
  open(): number {
    this.u8(0);
    return this.#at;
  }

  close(opened: number): void {
    const length = this.#at - opened;
    if (length < 0x80) {
      this.#octets[opened - 1] = length;
      return;
    }
    const extra = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
    this.#room(extra);
    this.#octets.copyWithin(opened + extra, opened, opened + length);
    this.#octets[opened - 1] = 0x80 | extra;
    for (let at = 0; at < extra; at++) this.#octets[opened + at] = length >>> (8 * (extra - 1 - at));
  }

  /** Discards everything written and keeps the buffer. */
  reset(): void {
    this.#at = 0;
  }

  /** The octets written, as a view. The next write may change it. */
  view(): Uint8Array {
    return this.#octets.subarray(0, this.#at);
  }

  /** The octets written, as a copy. */
  done(): Uint8Array {
    const count = this.#at;
    const octets = this.#octets;
    const copy = new Uint8Array(count);
    // For a few octets a loop is faster than a call.
    if (count > 64) copy.set(octets.subarray(0, count));
    else for (let at = 0; at < count; at++) copy[at] = octets[at] as number;
    return copy;
  }
}

/** Fault `out-of-range` unless `value` is an integer from `low` to `high`. */
export function inRange(value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new Fault("out-of-range", `${String(value)} is not an integer from ${low} to ${high}`);
  }
  return value;
}
