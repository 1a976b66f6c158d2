/** What waits for the response to a request, by the id of the request. Usually it is one at a time, which needs no map. */
export class WaitingRequests<T> {
  #id = 0;
  #one: T | undefined;
  #more: Map<number, T> | undefined;

  add(id: number, one: T): void {
    if (this.#one === undefined) {
      this.#id = id;
      this.#one = one;
      return;
    }
    this.#more ??= new Map();
    this.#more.set(id, one);
  }

  /** Removes it and returns it; undefined: nothing waits with this id. */
  take(id: number): T | undefined {
    if (this.#one !== undefined && this.#id === id) {
      const found = this.#one;
      this.#one = undefined;
      return found;
    }
    const found = this.#more?.get(id);
    this.#more?.delete(id);
    return found;
  }

  /** Removes all and returns them, in the order in which they were made. */
  takeAll(): T[] {
    const all = new Map(this.#more);
    if (this.#one !== undefined) all.set(this.#id, this.#one);
    this.#one = undefined;
    this.#more = undefined;
    return [...all].sort(([one], [other]) => one - other).map(([, waiting]) => waiting);
  }
}
