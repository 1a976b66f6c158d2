/** What a campaign has of each meter: an octet for each expected row, and counts of the rest. */
export class Marks {
  readonly #marks = new Map<number, Map<string, Uint8Array>>();
  readonly #counts = new Map<number, { duplicate: number; unexpected: number }>();

  /** The instants of which attributes were read. */
  readonly #read = new Map<string, readonly number[]>();

  /** The octets of a profile or an attribute of a meter: 0 until the row is seen. Created at the first request. */
  of(index: number, key: string, length: number): Uint8Array {
    let byKey = this.#marks.get(index);
    if (byKey === undefined) {
      byKey = new Map();
      this.#marks.set(index, byKey);
    }
    let found = byKey.get(key);
    if (found === undefined) {
      found = new Uint8Array(length);
      byKey.set(key, found);
    }
    return found;
  }

  /** Undefined: nothing was seen. */
  find(index: number, key: string): Uint8Array | undefined {
    return this.#marks.get(index)?.get(key);
  }

  /** Whether an attribute of a meter was not read of this instant before. */
  isNew(index: number, key: string, at: number): boolean {
    const name = `${index} ${key}`;
    const known = this.#read.get(name) ?? [];
    if (known.includes(at)) return false;
    this.#read.set(name, [...known, at]);
    return true;
  }

  add(index: number, what: "duplicate" | "unexpected"): void {
    const counts = this.#counts.get(index) ?? { duplicate: 0, unexpected: 0 };
    counts[what]++;
    this.#counts.set(index, counts);
  }

  counts(index: number): { readonly duplicate: number; readonly unexpected: number } {
    return this.#counts.get(index) ?? { duplicate: 0, unexpected: 0 };
  }
}
