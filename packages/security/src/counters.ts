import { Fault, inRange } from "@dlmskit/core";

/** The highest invocation counter. */
export const lastCounter = 0xffffffff;

/**
 * The invocation counters of one key, reserved in durable storage ahead of their use. `next` takes one:
 * Fault `counter-not-reserved` when the reservation is used up, `counter-exhausted` when the key has none left.
 */
export interface CounterSource {
  /** Number of reserved counters that are left. */
  readonly remaining: number;
  next(): number;
}

export interface CounterLedgerOptions {
  /** The first counter to use: the end of the last reservation in storage, so that a crash loses counters but repeats none. */
  readonly start: number;
  /** Number of counters to reserve at a time; 1024 by default. */
  readonly block?: number;
}

/**
 * Gives out invocation counters, each once, out of what storage has reserved. It stores nothing itself: its owner
 * writes `wants` to durable storage and then tells by `reserved` that it is there.
 */
export class CounterLedger implements CounterSource {
  readonly #block: number;
  #next: number;
  /** The end of the range that `next` takes from, itself not in it. */
  #end: number;
  /** Ranges after that one, lowest first. */
  readonly #later: { from: number; upTo: number }[] = [];

  /** Fault `out-of-range` for a start outside of 0 to 2^32 (2^32: exhausted) or a block that is not positive. */
  constructor(options: CounterLedgerOptions) {
    this.#next = inRange(options.start, 0, lastCounter + 1);
    this.#end = this.#next;
    this.#block = inRange(options.block ?? 1024, 1, lastCounter);
  }

  get remaining(): number {
    return this.#later.reduce((sum, { from, upTo }) => sum + upTo - from, this.#end - this.#next);
  }

  get #reservedUpTo(): number {
    return this.#later.at(-1)?.upTo ?? this.#end;
  }

  /** Up to which counter (exclusive) to reserve, once at most half a block is left; undefined while there are enough. */
  get wants(): number | undefined {
    const reserved = this.#reservedUpTo;
    const left = this.remaining;
    if (left > this.#block / 2 || reserved > lastCounter) return undefined;
    return Math.min(reserved + this.#block - left, lastCounter + 1);
  }

  /**
   * Storage holds that this ledger, and none beside it, may use the counters below `upTo`, from the end of the last
   * reservation on or from `from`, where another process took those between. What lies below an earlier end is left out.
   */
  reserved(upTo: number, from?: number): void {
    const end = this.#reservedUpTo;
    const first = Math.max(end, from ?? end);
    if (inRange(upTo, 0, lastCounter + 1) <= first) return;
    if (first === end && this.#later.length === 0) this.#end = upTo;
    else this.#later.push({ from: first, upTo });
  }

  next(): number {
    if (this.#next === this.#end) this.#advance();
    return this.#next++;
  }

  #advance(): void {
    const range = this.#later.shift();
    if (range !== undefined) {
      this.#next = range.from;
      this.#end = range.upTo;
      return;
    }
    if (this.#next > lastCounter) {
      throw new Fault("counter-exhausted", "the key has no invocation counter left", {
        layer: "security",
        hint: "change the key: a counter never starts again under the same key",
      });
    }
    throw new Fault("counter-not-reserved", `invocation counter ${this.#next} is not reserved in the store yet`, {
      layer: "security",
      hint: "reserve `wants` in the store, then call `reserved`",
    });
  }
}
