/** How often each place of the instrumented sources was passed in one execution; 8 bits a place are enough to see a change. */
export const counters: Uint8Array = new Uint8Array(1 << 16);

let places = 0;

/** A counter for a place in the sources. */
export function newPlace(): number {
  if (places === counters.length) throw new Error("more places than counters: enlarge the array");
  return places++;
}

export function placesInUse(): number {
  return places;
}

// Counts matter by their order of magnitude, not to the digit: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more.
const bucketOf = Uint8Array.from({ length: 256 }, (_, count) => {
  if (count <= 3) return count === 0 ? 0 : 1 << (count - 1);
  if (count < 8) return 8;
  if (count < 16) return 16;
  if (count < 32) return 32;
  return count < 128 ? 64 : 128;
});

/** What has been seen of each place, over a run. */
export class Seen {
  readonly #buckets = new Uint8Array(counters.length);
  #found = 0;

  /** Places that were ever passed. */
  get found(): number {
    return this.#found;
  }

  /** Whether the execution that just ended did something new; keeps it. */
  look(): boolean {
    let fresh = false;
    for (let place = 0; place < places; place++) {
      const count = counters[place] as number;
      if (count === 0) continue;
      const bucket = bucketOf[count] as number;
      const before = this.#buckets[place] as number;
      if ((before & bucket) !== 0) continue;
      if (before === 0) this.#found++;
      this.#buckets[place] = before | bucket;
      fresh = true;
    }
    return fresh;
  }
}

export function clearCounters(): void {
  counters.fill(0, 0, places);
}
