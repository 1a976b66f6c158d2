/** Several rows, stored one after another in one array of octets, with their times. This avoids one object for each row. */
export class RowBlock {
  readonly #times: Float64Array;
  readonly #ends: Uint32Array;
  #octets: Uint8Array;
  #count = 0;

  /** `most`: the maximum number of rows; `expected`: the approximate number of octets of all rows together. */
  constructor(most: number, expected: number) {
    this.#times = new Float64Array(most);
    this.#ends = new Uint32Array(most);
    this.#octets = new Uint8Array(expected);
  }

  get full(): boolean {
    return this.#count === this.#ends.length;
  }

  /** The octets of its rows. */
  get size(): number {
    return this.#count === 0 ? 0 : (this.#ends[this.#count - 1] as number);
  }

  add(time: number, row: Uint8Array): void {
    const from = this.size;
    const end = from + row.length;
    if (end > this.#octets.length) this.#resize(Math.max(end, 2 * this.#octets.length));
    // Rows that were returned before do not change: their octets are never overwritten.
    this.#octets.set(row, from);
    this.#times[this.#count] = time;
    this.#ends[this.#count] = end;
    this.#count++;
    if (this.full && this.#octets.length > end) this.#resize(end);
  }

  #resize(length: number): void {
    const octets = new Uint8Array(length);
    octets.set(this.#octets.subarray(0, this.size));
    this.#octets = octets;
  }

  time(at: number): number {
    return this.#times[at] as number;
  }

  row(at: number): Uint8Array {
    return this.#octets.subarray(at === 0 ? 0 : this.#ends[at - 1], this.#ends[at]);
  }
}
