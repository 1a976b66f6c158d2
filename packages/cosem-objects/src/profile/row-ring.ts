/** Rows that were captured: a ring of encoded rows in the order of their capture times, oldest first. */
export class RowRing {
  readonly capacity: number;
  #rows: Uint8Array[] = [];
  #times: number[] = [];
  /** Index of the oldest row once the ring is full. */
  #start = 0;

  /** `capacity`: how many rows it keeps, at least 1. */
  constructor(capacity: number) {
    this.capacity = Math.max(1, Math.floor(capacity));
  }

  get length(): number {
    return this.#rows.length;
  }

  /** Adds a row captured at `time` (ms), behind those that are not later; the oldest goes when the ring is full. */
  push(time: number, row: Uint8Array): void {
    if (this.length > 0 && time < this.#time(this.length - 1)) this.#insert(time, row);
    else this.#append(time, row);
  }

  /** The clock was set back: the row stands before those that are later. */
  #insert(time: number, row: Uint8Array): void {
    const later: [number, Uint8Array][] = [];
    const earlier: [number, Uint8Array][] = [];
    for (let at = 0; at < this.length; at++) {
      (this.#time(at) > time ? later : earlier).push([this.#time(at), this.#rows[this.#index(at)] as Uint8Array]);
    }
    this.clear();
    for (const [at, each] of [...earlier, [time, row] as const, ...later]) this.#append(at, each);
  }

  #append(time: number, row: Uint8Array): void {
    if (this.#rows.length < this.capacity) {
      this.#rows.push(row);
      this.#times.push(time);
      return;
    }
    this.#rows[this.#start] = row;
    this.#times[this.#start] = time;
    this.#start = (this.#start + 1) % this.capacity;
  }

  /** The latest row, and its time. */
  get latest(): { readonly time: number; readonly row: Uint8Array } | undefined {
    if (this.length === 0) return undefined;
    const at = this.#index(this.length - 1);
    return { time: this.#times[at] as number, row: this.#rows[at] as Uint8Array };
  }

  /** Adds all rows, oldest first, to another ring. */
  copyTo(other: RowRing): void {
    for (let at = 0; at < this.length; at++) other.push(this.#time(at), this.#rows[this.#index(at)] as Uint8Array);
  }

  clear(): void {
    this.#rows = [];
    this.#times = [];
    this.#start = 0;
  }

  #index(at: number): number {
    return (this.#start + at) % this.#rows.length;
  }

  /** Rows `first` to `last` (1 is the oldest), as far as they are there. */
  entries(first: number, last: number): Uint8Array[] {
    const rows: Uint8Array[] = [];
    for (let at = Math.max(1, first); at <= Math.min(last, this.length); at++) {
      rows.push(this.#rows[this.#index(at - 1)] as Uint8Array);
    }
    return rows;
  }

  /** Rows captured from `from` to `to` (ms, both inclusive; undefined: no bound). */
  range(from: number | undefined, to: number | undefined): Uint8Array[] {
    const rows: Uint8Array[] = [];
    const low = from ?? Number.NEGATIVE_INFINITY;
    const high = to ?? Number.POSITIVE_INFINITY;
    for (let at = this.#firstFrom(low); at < this.length && this.#time(at) <= high; at++) {
      rows.push(this.#rows[this.#index(at)] as Uint8Array);
    }
    return rows;
  }

  #time(at: number): number {
    return this.#times[this.#index(at)] as number;
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
