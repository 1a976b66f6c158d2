/** Joins the information fields of a segmented message, up to a maximum length. Memory use depends only on the received octets. */
export class Assembler {
  readonly #cap: number;
  #octets: Uint8Array | undefined;
  #length = 0;

  /** `cap`: the maximum length of a message, in octets. */
  constructor(cap: number) {
    this.#cap = cap;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a segment. When the message would be longer than the cap, all its octets are dropped, and the result is false. */
  append(information: Uint8Array): boolean {
    const end = this.#length + information.length;
    if (end > this.#cap) {
      this.clear();
      return false;
    }
    if (this.#octets === undefined || end > this.#octets.length) {
      const larger = new Uint8Array(Math.min(this.#cap, Math.max(end, this.#length * 2)));
      if (this.#octets !== undefined) larger.set(this.#octets.subarray(0, this.#length));
      this.#octets = larger;
    }
    this.#octets.set(information, this.#length);
    this.#length = end;
    return true;
  }

  /** Gives the complete message and starts a new one. */
  take(): Uint8Array {
    const message = this.#octets?.subarray(0, this.#length) ?? new Uint8Array(0);
    this.clear();
    return message;
  }

  clear(): void {
    this.#octets = undefined;
    this.#length = 0;
  }
}
