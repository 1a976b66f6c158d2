import { clearCounters, Seen } from "./coverage.ts";
import { type Dice, mutate } from "./mutate.ts";

/** What is fuzzed: throws for a finding, returns for everything that is as it should be. */
export interface Target {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  run(octets: Uint8Array): void;
}

export interface Finding {
  readonly octets: Uint8Array;
  readonly error: unknown;
}

/** An execution that takes longer than this is a finding, in ms: a few thousand octets are decoded in well under one. */
const slowest = 200;

/** One target in progress: its corpus grows by whatever reaches something new. */
export class Campaign {
  readonly target: Target;
  readonly corpus: Uint8Array[] = [];
  readonly fresh: Uint8Array[] = [];
  executions = 0;
  readonly #dice: Dice;
  readonly #seen = new Seen();
  readonly #limit: number;

  constructor(target: Target, dice: Dice, limit = 4096) {
    this.target = target;
    this.#dice = dice;
    this.#limit = limit;
  }

  get places(): number {
    return this.#seen.found;
  }

  /** Runs what is known already, from the vectors and from earlier runs. */
  start(kept: readonly Uint8Array[]): Finding | undefined {
    for (const octets of [...this.target.seeds, ...kept, new Uint8Array(0)]) {
      const finding = this.#execute(octets);
      if (finding !== undefined) return finding;
      if (this.#seen.look() || this.corpus.length === 0) this.corpus.push(octets);
    }
    return undefined;
  }

  /** Goes on for `ms`, or to the first finding. */
  go(ms: number): Finding | undefined {
    const end = performance.now() + ms;
    for (;;) {
      for (let count = 0; count < 256; count++) {
        // The newest are the furthest in: every other try starts from one of the last sixteen.
        const { length } = this.corpus;
        const recent = this.#dice.below(2) === 0 ? Math.max(0, length - 16) : 0;
        const from = this.corpus[recent + this.#dice.below(length - recent)] as Uint8Array;
        const other = this.corpus[this.#dice.below(length)] as Uint8Array;
        const octets = mutate(from, other, this.#dice, this.#limit);
        const finding = this.#execute(octets);
        if (finding !== undefined) return finding;
        if (this.#seen.look()) {
          this.corpus.push(octets);
          this.fresh.push(octets);
        }
      }
      if (performance.now() >= end) return undefined;
    }
  }

  #execute(octets: Uint8Array): Finding | undefined {
    clearCounters();
    this.executions++;
    const began = performance.now();
    try {
      this.target.run(octets);
    } catch (error) {
      return { octets, error };
    }
    const took = performance.now() - began;
    // A pause of the machine is no finding: only what is slow twice.
    if (took > slowest && this.#slowAgain(octets)) return { octets, error: new Error(`took ${Math.round(took)} ms`) };
    return undefined;
  }

  #slowAgain(octets: Uint8Array): boolean {
    const began = performance.now();
    this.target.run(octets);
    return performance.now() - began > slowest;
  }
}
