/** Meters that each have an instant. The earliest instant is first. */
export class DueList {
  readonly #instants = new Map<number, number>();
  /** A binary heap. Entries that were replaced or taken stay in it until they reach the top. */
  #heap: { readonly at: number; readonly index: number }[] = [];

  get size(): number {
    return this.#instants.size;
  }

  /** The earliest instant. */
  get first(): number | undefined {
    this.#drop();
    return this.#heap[0]?.at;
  }

  /** Sets the instant of a meter and replaces the previous one; undefined: the meter has no instant. */
  set(index: number, at: number | undefined): void {
    if (this.#instants.get(index) === at) return;
    if (at === undefined) {
      this.#instants.delete(index);
      return;
    }
    this.#instants.set(index, at);
    if (this.#heap.length > 2 * this.#instants.size + 64) {
      this.#heap = [...this.#instants].map(([of, due]) => ({ at: due, index: of })).sort((one, two) => one.at - two.at);
      return;
    }
    this.#rise({ at, index });
  }

  /** Removes all meters. */
  clear(): void {
    this.#instants.clear();
    this.#heap = [];
  }

  /** Removes the meter with the earliest instant and returns it. */
  take(): number | undefined {
    this.#drop();
    const index = this.#heap[0]?.index;
    if (index !== undefined) this.#instants.delete(index);
    return index;
  }

  #drop(): void {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#instants.get(top.index) === top.at) return;
      const last = this.#heap.pop();
      if (last !== undefined && last !== top) this.#sink(last);
    }
  }

  #rise(entry: { readonly at: number; readonly index: number }): void {
    const heap = this.#heap;
    let place = heap.length;
    for (let parent = (place - 1) >> 1; place > 0; parent = (place - 1) >> 1) {
      const above = heap[parent];
      if (above === undefined || above.at <= entry.at) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = entry;
  }

  #sink(entry: { readonly at: number; readonly index: number }): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= entry.at) break;
      heap[place] = child;
      place = child === left ? 2 * place + 1 : 2 * place + 2;
    }
    heap[place] = entry;
  }
}
