import type { Source } from "../source.ts";

/** A block of a message of this end. */
export interface SentBlock {
  readonly data: Uint8Array;
  readonly last: boolean;
}

/** The blocks of one message of this end: cut from their source as they are first sent, kept until they are acknowledged. */
export class SentBlocks {
  readonly #source: Source;
  readonly #size: number;
  readonly #kept = new Map<number, SentBlock>();
  /** The number of the block that was cut last. */
  #cut: number;
  #ended = false;

  /** `first`: the number of the first block; `size`: the most octets of data in one. */
  constructor(source: Source, first: number, size: number) {
    this.#source = source;
    this.#cut = first - 1;
    this.#size = size;
  }

  /** Whether there is a block of that number, or of a higher one, that was cut or can be. */
  has(number: number): boolean {
    return number <= this.#cut || !this.#ended;
  }

  /** The block of that number; undefined: there is none. `number`: one that was cut, or the next. */
  at(number: number): SentBlock | "later" | "broken" | undefined {
    const kept = this.#kept.get(number);
    if (kept !== undefined) return kept;
    if (this.#ended || number !== this.#cut + 1) return undefined;
    const filled = this.#source.fill(this.#size);
    if (filled !== "ready") return filled;
    const data = this.#source.take(this.#size);
    const block = { data, last: this.#source.ended && this.#source.length === 0 };
    this.#ended = block.last;
    this.#cut++;
    this.#kept.set(number, block);
    return block;
  }

  /** These need not be kept any more. */
  acknowledged(number: number): void {
    for (const one of this.#kept.keys()) if (one <= number) this.#kept.delete(one);
  }

  /** Ends the stream that gives no more. False: the rest of the message cannot be had. */
  fail(): boolean {
    return this.#source.fail("temporary-failure");
  }

  close(): void {
    this.#source.close();
    this.#kept.clear();
  }
}
