import { Fault, inRange } from "@dlmskit/core";

/** The highest invocation counter. */
export const lastCounter = 0xffffffff;

/**
 * The invocation counters of one key. They are reserved in durable storage before they are used. `next` takes one: Fault
 * `counter-not-reserved` if the reservation is used up, `counter-exhausted` if the key has no counter left.
 */
export interface CounterSource {
  /** Number of reserved counters that are not used yet. */
  readonly remaining: number;
  next(): number;
}

export interface CounterLedgerOptions {
  /** The first counter to use: the end of the last reservation in storage. A crash can skip counters, but never repeats one. */
  readonly start: number;
  /** Number of counters to reserve at a time; 1024 by default. */
  readonly block?: number;
}

/**
 * Gives out each reserved invocation counter once. It stores nothing itself: its owner writes `wants` to durable storage and then
 * calls `reserved`.
 */
export class CounterLedger implements CounterSource {
  readonly #block: number;
  #next: number;
  /** The end (exclusive) of the range that `next` takes from. */
  #end: number;
  /** The ranges after that one, lowest first. */
  readonly #later: { from: number; upTo: number }[] = [];

  /** Fault `out-of-range` if the start is not in 0 to 2^32 (2^32: exhausted) or the block is not positive. */
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

  /** The counter (exclusive) up to which to reserve, when at most half a block is left. Undefined while there are enough. */
  get wants(): number | undefined {
    const reserved = this.#reservedUpTo;
    const left = this.remaining;
    if (left > this.#block / 2 || reserved > lastCounter) return undefined;
    return Math.min(reserved + this.#block - left, lastCounter + 1);
  }

  /**
   * Call it after storage has reserved the counters below `upTo` for this ledger only. They begin at the end of the last
   * reservation, or at `from` if another process reserved the counters before it. Counters below an earlier end are ignored.
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
