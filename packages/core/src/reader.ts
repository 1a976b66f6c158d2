import { Fault } from "./fault.ts";
import type { FaultCode, FaultLayer } from "./fault-codes.ts";

/** Is called for each field that is read, with its octet range. Explain mode uses it. */
export interface ReadObserver {
  enter(step: string, offset: number): void;
  leave(offset: number, value: unknown): void;
}

export interface ReaderOptions {
  /** The layer of the Faults. */
  readonly layer?: FaultLayer;
  readonly start?: number;
  readonly end?: number;
  /** The maximum nesting depth of arrays and structures. 64 by default. */
  readonly maxDepth?: number;
  readonly observer?: ReadObserver;
}

/**
 * A cursor over octets. Every read checks the end first: Fault `truncated` with the offset. `take` returns views into the given
 * octets, not copies.
 */
export class Reader {
  readonly octets: Uint8Array;
  readonly layer: FaultLayer;
  readonly maxDepth: number;
  readonly observer: ReadObserver | undefined;
  /** Offset of the next octet. */
  at: number;
  /** Offset after the last octet. */
  end: number;
  #depth = 0;
  #view: DataView | undefined;

  constructor(octets: Uint8Array, options: ReaderOptions = {}) {
    this.octets = octets;
    this.layer = options.layer ?? "core";
    this.maxDepth = options.maxDepth ?? 64;
    this.observer = options.observer;
    this.at = options.start ?? 0;
    this.end = Math.min(options.end ?? octets.length, octets.length);
  }

  get remaining(): number {
    return this.end - this.at;
  }

  /** Creates a Fault at `offset` (by default at the next octet). The caller throws it. */
  fault(code: FaultCode, message: string, offset: number = this.at, hint?: string): Fault {
    return new Fault(code, message, { layer: this.layer, offset, ...(hint === undefined ? {} : { hint }) });
  }

  #short(wanted: number): Fault {
    return this.fault("truncated", `wanted ${wanted} octet${wanted === 1 ? "" : "s"}, ${this.remaining} left`);
  }

  u8(): number {
    if (this.at >= this.end) throw this.#short(1);
    return this.octets[this.at++] as number;
  }

  /** The next octet, without advancing. Undefined at the end. */
  peek(): number | undefined {
    return this.at < this.end ? this.octets[this.at] : undefined;
  }

  u16(): number {
    const at = this.at;
    if (at + 2 > this.end) throw this.#short(2);
    this.at = at + 2;
    return ((this.octets[at] as number) << 8) | (this.octets[at + 1] as number);
  }

  u32(): number {
    const at = this.at;
    const octets = this.octets;
    if (at + 4 > this.end) throw this.#short(4);
    this.at = at + 4;
    return (
      (((octets[at] as number) << 24) |
        ((octets[at + 1] as number) << 16) |
        ((octets[at + 2] as number) << 8) |
        (octets[at + 3] as number)) >>>
      0
    );
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  i32(): number {
    return this.u32() | 0;
  }

  u64(): bigint {
    const high = this.#high();
    const low = this.u32();
    // If a number can hold the value exactly, one conversion to bigint is enough.
    return high < 0x200000 ? BigInt(high * 0x100000000 + low) : (BigInt(high) << 32n) | BigInt(low);
  }

  i64(): bigint {
    const high = this.#high() | 0;
    const low = this.u32();
    return high >= -0x200000 && high < 0x200000
      ? BigInt(high * 0x100000000 + low)
      : (BigInt(high) << 32n) | BigInt(low);
  }

  f32(): number {
    return this.#dataView(4).getFloat32(this.#step(4));
  }

  f64(): number {
    return this.#dataView(8).getFloat64(this.#step(8));
  }

  /** The upper four of eight octets. The caller has checked that they are present. */
  #high(): number {
    if (this.at + 8 > this.end) throw this.#short(8);
    return this.u32();
  }

  #dataView(wanted: number): DataView {
    if (this.at + wanted > this.end) throw this.#short(wanted);
    this.#view ??= new DataView(this.octets.buffer, this.octets.byteOffset, this.octets.byteLength);
    return this.#view;
  }

  #step(count: number): number {
    const at = this.at;
    this.at = at + count;
    return at;
  }

  /** The next `count` octets, as a view. */
  take(count: number): Uint8Array {
    const at = this.at;
    // `count` may be the difference of two lengths from the encoding. A negative count must never move the cursor back.
    if (!(count >= 0 && at + count <= this.end)) throw this.#short(count);
    this.at = at + count;
    return this.octets.subarray(at, this.at);
  }

  /** All octets up to the end, as a view. */
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  /**
   * A length or count as in BER and A-XDR: one octet below 128, else 0x81 to 0x84 followed by that number of octets. Forms longer
   * than necessary are accepted. The indefinite form (0x80) and more than four octets are Fault `bad-length`.
   */
  length(): number {
    const at = this.at;
    const first = this.u8();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0) throw this.fault("bad-length", "the indefinite length form is not allowed", at);
    if (count > 4) throw this.fault("bad-length", `a length of ${count} octets`, at);
    let length = 0;
    for (let step = 0; step < count; step++) length = length * 256 + this.u8();
    return length;
  }

  /** A length that must not exceed the octets left: Fault `bad-length` before memory is allocated. */
  boundedLength(): number {
    const at = this.at;
    const length = this.length();
    if (length > this.remaining) {
      throw this.fault("bad-length", `length ${length} goes past the end: ${this.remaining} octets are left`, at);
    }
    return length;
  }

  /** A count of items of at least `minimum` octets each. It is checked like a length. */
  boundedCount(minimum = 1): number {
    const at = this.at;
    const count = this.length();
    if (count * minimum > this.remaining) {
      throw this.fault("bad-length", `${count} items do not fit into the ${this.remaining} octets that are left`, at);
    }
    return count;
  }

  /** Enters one nesting level. Past the limit: Fault `too-deep`. Call `ascend` afterwards. */
  descend(): void {
    if (this.#depth >= this.maxDepth) throw this.fault("too-deep", `nested deeper than ${this.maxDepth} levels`);
    this.#depth++;
  }

  ascend(): void {
    this.#depth--;
  }

  /** Fault `trailing-octets` unless all octets were read. */
  finish(): void {
    if (this.at < this.end) {
      throw this.fault("trailing-octets", `${this.remaining} octet${this.remaining === 1 ? "" : "s"} left over`);
    }
  }
}
