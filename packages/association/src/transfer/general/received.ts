import { concat } from "@dlmskit/core";

/** The result of a block. */
export type Kept = "new" | "duplicate" | "outside" | "cap";

interface Ahead {
  readonly data: Uint8Array;
  readonly last: boolean;
}

/**
 * The blocks of the peer, by their numbers: those without a gap before them, and those that are ahead of one. Empty ones have
 * numbers, too. Bounded: at most a window of blocks is ahead, and all octets of a message together are no more than the cap.
 */
export class ReceivedBlocks {
  readonly #window: number;
  readonly #cap: number;
  readonly #ahead = new Map<number, Ahead>();
  #parts: Uint8Array[] = [];
  #length = 0;
  #gapless = 0;
  #ended = false;
  /** The block with the number `gapless` was empty. */
  #empty = false;

  constructor(window: number, cap: number) {
    this.#window = window;
    this.#cap = cap;
  }

  /** Up to this number no block is missing: what this end's own blocks acknowledge. */
  get gapless(): number {
    return this.#gapless;
  }

  /** How many blocks are missing before the first that is ahead; 0: none is ahead. */
  get firstGap(): number {
    if (this.#ahead.size === 0) return 0;
    return Math.min(...this.#ahead.keys()) - this.#gapless - 1;
  }

  /** The last block of the message is here, and no gap is left. An empty block with the last-block bit is no end. */
  get complete(): boolean {
    return this.#ended && this.#ahead.size === 0;
  }

  add(number: number, data: Uint8Array, last: boolean): Kept {
    if (this.#isKnown(number, data)) return "duplicate";
    if (number > this.#gapless + this.#window) return "outside";
    // An empty block costs an object, too: it counts as one octet.
    const length = this.#length + Math.max(1, data.length);
    if (length > this.#cap) return "cap";
    this.#length = length;
    const block = { data: data.slice(), last: last && data.length > 0 };
    if (number === this.#gapless) this.#take(block);
    else this.#ahead.set(number, block);
    for (;;) {
      const next = this.#ahead.get(this.#gapless + 1);
      if (next === undefined) break;
      this.#gapless++;
      this.#ahead.delete(this.#gapless);
      this.#take(next);
    }
    return "new";
  }

  /** Some peers give the number of an acknowledgement, which is empty, to their first block with data, too. */
  #isKnown(number: number, data: Uint8Array): boolean {
    const later = data.length > 0;
    if (number === this.#gapless) return !(later && this.#empty);
    const ahead = this.#ahead.get(number);
    return number < this.#gapless || (ahead !== undefined && !(later && ahead.data.length === 0));
  }

  #take({ data, last }: Ahead): void {
    this.#empty = data.length === 0;
    if (!this.#empty) this.#parts.push(data);
    this.#ended ||= last;
  }

  /** The message; what comes next is another one, whose numbers go on. */
  take(): Uint8Array {
    const whole = concat(...this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.#ended = false;
    return whole;
  }
}
