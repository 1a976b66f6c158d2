import { RowBlock } from "./row-block.ts";

// The number of rows of a block, in a ring with a larger capacity.
const mostRows = 128;
// The assumed octets of a row in a new block.
const usualLength = 32;

/** Captured rows: a ring of encoded rows in the order of their capture times, oldest first. */
export class RowRing {
  readonly capacity: number;
  readonly #blockRows: number;
  /** All blocks are full except the last one. */
  #blocks: RowBlock[] = [];
  /** The number of rows of the first block that have been removed. */
  #start = 0;
  #length = 0;

  /** `capacity`: the maximum number of rows, at least 1. */
  constructor(capacity: number) {
    this.capacity = Math.max(1, Math.floor(capacity));
    this.#blockRows = Math.min(mostRows, this.capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a row captured at `time` (ms) after the rows that are not later; the oldest row is removed when the ring is full. */
  push(time: number, row: Uint8Array): void {
    if (this.length > 0 && time < this.#time(this.length - 1)) this.#insert(time, row);
    else this.#append(time, row);
  }

  /** The clock was set back: the row is inserted before the rows that are later. */
  #insert(time: number, row: Uint8Array): void {
    const later: [number, Uint8Array][] = [];
    const earlier: [number, Uint8Array][] = [];
    for (let at = 0; at < this.length; at++) {
      (this.#time(at) > time ? later : earlier).push([this.#time(at), this.#row(at)]);
    }
    this.clear();
    for (const [at, each] of [...earlier, [time, row] as const, ...later]) this.#append(at, each);
  }

  #append(time: number, row: Uint8Array): void {
    let last = this.#blocks.at(-1);
    if (last === undefined || last.full) {
      last = new RowBlock(this.#blockRows, last?.size ?? this.#blockRows * usualLength);
      this.#blocks.push(last);
    }
    last.add(time, row);
    if (this.#length < this.capacity) {
      this.#length++;
      return;
    }
    this.#start++;
    if (this.#start < this.#blockRows) return;
    this.#start = 0;
    this.#blocks.shift();
  }

  /** The latest row, and its time. */
  get latest(): { readonly time: number; readonly row: Uint8Array } | undefined {
    if (this.length === 0) return undefined;
    const at = this.length - 1;
    return { time: this.#time(at), row: this.#row(at) };
  }

  /** Adds all rows, oldest first, to another ring. */
  copyTo(other: RowRing): void {
    for (let at = 0; at < this.length; at++) other.push(this.#time(at), this.#row(at));
  }

  clear(): void {
    this.#blocks = [];
    this.#start = 0;
    this.#length = 0;
  }

  #row(at: number): Uint8Array {
    const place = this.#start + at;
    return (this.#blocks[Math.floor(place / this.#blockRows)] as RowBlock).row(place % this.#blockRows);
  }

  /** Rows `first` to `last` (1 is the oldest); rows that do not exist are left out. */
  entries(first: number, last: number): Uint8Array[] {
    const rows: Uint8Array[] = [];
    for (let at = Math.max(1, first); at <= Math.min(last, this.length); at++) {
      rows.push(this.#row(at - 1));
    }
    return rows;
  }

  /** Rows captured from `from` to `to` (ms, both included; undefined: no bound). */
  range(from: number | undefined, to: number | undefined): Uint8Array[] {
    const rows: Uint8Array[] = [];
    const low = from ?? Number.NEGATIVE_INFINITY;
    const high = to ?? Number.POSITIVE_INFINITY;
    for (let at = this.#firstFrom(low); at < this.length && this.#time(at) <= high; at++) {
      rows.push(this.#row(at));
    }
    return rows;
  }

  #time(at: number): number {
    const place = this.#start + at;
    return (this.#blocks[Math.floor(place / this.#blockRows)] as RowBlock).time(place % this.#blockRows);
  }

  #firstFrom(low: number): number {
    let left = 0;
    let right = this.length;
    while (left < right) {
      const middle = (left + right) >> 1;
      if (this.#time(middle) < low) left = middle + 1;
      else right = middle;
    }
    return left;
  }
}
