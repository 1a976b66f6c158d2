/**
 * The outputs of a machine, in order. There is mostly one at a time, which takes no list; an empty queue keeps none, whatever
 * it held before.
 */
export class OutputQueue<T> {
  #first: T | undefined;
  #more: T[] | undefined;
  /** How many of `#more` are taken. */
  #taken = 0;

  push(output: T): void {
    if (this.#first === undefined) this.#first = output;
    else if (this.#more === undefined) this.#more = [output];
    else this.#more.push(output);
  }

  /** The next, taken out; undefined when there is none. */
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
