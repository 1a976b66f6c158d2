/** The outputs of a state machine, in order. Usually there is only one at a time, which needs no list. An empty queue keeps no list. */
export class OutputQueue<T> {
  #first: T | undefined;
  #more: T[] | undefined;
  /** The number of items of `#more` that were taken. */
  #taken = 0;

  push(output: T): void {
    if (this.#first === undefined) this.#first = output;
    else if (this.#more === undefined) this.#more = [output];
    else this.#more.push(output);
  }

  /** Removes the next output and returns it. Undefined when there is none. */
  shift(): T | undefined {
    const first = this.#first;
    if (this.#more === undefined) {
      this.#first = undefined;
    } else {
      this.#first = this.#more[this.#taken++];
      if (this.#taken === this.#more.length) {
        this.#more = undefined;
        this.#taken = 0;
      }
    }
    return first;
  }
}
