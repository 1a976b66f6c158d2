import type { VariationCustomer } from "@dlmskit/storage";
import type { Changes } from "./changes.ts";
import { daySeconds, spanSeconds } from "./grid.ts";
import { Occurrences } from "./occurrences.ts";
import { draw, type RandomKey, Stream, unit } from "./random.ts";

/** The part of the load is a multiple of 1/64: sums of weights stay exact. */
const parts = 64;
const exact = (kept: number): number => Math.round(kept * parts) / parts;
// Nothing at all would be an interruption.
const least = 1 / parts;

/**
 * Times in which a customer's load is not the usual one: nobody at home, or much more than usual. They are drawn like the events of the
 * supply: a span of 64 days costs about one draw for each of them.
 */
export class Presence {
  readonly #vacancy: Occurrences | undefined;
  readonly #level: number;
  readonly #outliers: Occurrences | undefined;
  readonly #factor: readonly [number, number];
  /** The largest factor of the load. */
  readonly most: number;

  constructor({ vacancy, outliers }: VariationCustomer) {
    if (vacancy !== undefined && vacancy.perDay > 0) {
      const [shortest, longest] = vacancy.days.map((days) => Math.round(days * daySeconds)) as [number, number];
      const chance = { probability: vacancy.perDay, minDuration: shortest, maxDuration: longest };
      this.#vacancy = new Occurrences(chance, Stream.vacancy);
    }
    this.#level = Math.max(least, exact(vacancy?.level ?? 1));
    if (outliers !== undefined && outliers.perDay > 0) {
      const [shortest, longest] = outliers.minutes.map((minutes) => Math.round(minutes * 60)) as [number, number];
      const chance = { probability: outliers.perDay, minDuration: shortest, maxDuration: longest };
      this.#outliers = new Occurrences(chance, Stream.outliers);
    }
    this.#factor = outliers?.factor ?? [1, 1];
    this.most = Math.max(1, ...this.#factor);
  }

  /** Adds what happens in a span to its interruptions. An interruption goes before a vacancy, and a vacancy before an outlier. */
  addTo(changes: Changes, key: RandomKey, span: number): void {
    const [low, high] = this.#factor;
    const { count, starts, ends } = found(this.#vacancy, key, span);
    for (let at = 0; at < count; at++) add(changes, starts[at] as number, ends[at] as number, this.#level);
    const outliers = found(this.#outliers, key, span);
    for (let at = 0; at < outliers.count; at++) {
      const factor = low + (high - low) * unit(draw(outliers.drawn[at] as number, 1));
      add(changes, outliers.starts[at] as number, outliers.ends[at] as number, Math.max(least, exact(factor)));
    }
  }
}

const nothing = { count: 0, starts: new Int32Array(0), ends: new Int32Array(0), drawn: new Int32Array(0) };

function found(occurrences: Occurrences | undefined, key: RandomKey, span: number): typeof nothing | Occurrences {
  occurrences?.find(key, span);
  return occurrences ?? nothing;
}

function add(changes: Changes, start: number, end: number, kept: number): void {
  changes.fill(Math.max(0, start), Math.min(end, spanSeconds), kept);
}
