import { Fault, inRange } from "@dlmskit/core";
import { Permutation } from "./permutation.ts";

export interface CohortOptions {
  readonly meters: number;
  /**
   * When meters of the template do something by themselves, for meters that nobody has changed. Returns the first instant after the given
   * one; both are whole ms since 1970 UTC of simulated time; undefined: there is no further instant. The function must be pure.
   */
  readonly next: (after: number) => number | undefined;
  /**
   * The length of the window in which the meters start, ms. Each meter has its own start in it. With 0 (default) all meters start at the
   * same time.
   */
  readonly window?: number;
  /** 32 octets that determine which meter starts when. Required if there is a window. */
  readonly key?: Uint8Array;
}

/** A meter and the instant at which it acts. */
export interface Due {
  /** ms since 1970 UTC of simulated time. */
  readonly at: number;
  readonly index: number;
}

/** The progress of the meters at one instant of the timeline. */
interface Round {
  readonly instant: number;
  /** The place of the next meter, in the order in which meters start. */
  place: number;
  /** When that meter acts. */
  at: number;
}

/**
 * The actions that are due for the meters of a template, without one object per meter. Each meter acts `startOf` ms after every instant of
 * the timeline. A keyed bijection finds the k-th meter to start, so neither a list nor a sort is needed.
 */
export class Cohort {
  readonly meters: number;
  readonly window: number;
  readonly #next: (after: number) => number | undefined;
  readonly #order: Permutation | undefined;

  /** Faults `out-of-range` (meters, window), `bad-key-length` (a window without a key of 32 octets). */
  constructor({ meters, next, window = 0, key = new Uint8Array(0) }: CohortOptions) {
    this.meters = inRange(meters, 1, 2 ** 32);
    this.window = inRange(window, 0, Number.MAX_SAFE_INTEGER);
    this.#next = next;
    this.#order = window === 0 ? undefined : new Permutation(key, meters);
  }

  /** The delay between an instant of the timeline and the action of a meter: 0 to window - 1 ms. Fault `out-of-range`. */
  startOf(index: number): number {
    return this.#delay(this.#order?.inverse(index) ?? inRange(index, 0, this.meters - 1));
  }

  /** When the first of all meters acts after an instant; undefined: no meter acts after it. */
  next(after: number): number | undefined {
    return this.due(after).next().value?.at;
  }

  /**
   * The meters that act after an instant, with the instants of their actions. The order is by instant; for equal instants by the instant of
   * the timeline, then by the order of starting. The generator ends only if the timeline ends. It keeps one small object for each instant
   * of the timeline that lies within one window. Fault `bad-value`: the timeline returns an instant that is not later than the one before.
   */
  *due(after: number): Generator<Due, undefined> {
    const from = Math.floor(after);
    // The round that acts first is the last element.
    const rounds: Round[] = [];
    let instant = this.#following(from - this.#delay(this.meters - 1));
    for (;;) {
      let round = rounds.at(-1);
      while (instant !== undefined && (round === undefined || instant < round.at)) {
        const place = this.#firstPlaceAfter(from - instant);
        insert(rounds, { instant, place, at: instant + this.#delay(place) });
        round = rounds.at(-1);
        instant = this.#following(instant);
      }
      if (round === undefined) return undefined;
      yield { at: round.at, index: this.#order?.of(round.place) ?? round.place };
      rounds.pop();
      round.place++;
      if (round.place < this.meters) {
        round.at = round.instant + this.#delay(round.place);
        insert(rounds, round);
      }
    }
  }

  #following(after: number): number | undefined {
    const instant = this.#next(after);
    if (instant === undefined || instant > after) return instant;
    throw new Fault("bad-value", `a timeline gave the instant ${instant}, which is not after ${after}`, {
      layer: "simulator",
    });
  }

  /** The delay never decreases from one place to the next. */
  #delay(place: number): number {
    return Math.floor((place * this.window) / this.meters);
  }

  /** The first place whose delay is longer; the number of meters if there is no such place. */
  #firstPlaceAfter(delay: number): number {
    let low = 0;
    let high = this.meters;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#delay(middle) > delay) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/**
 * Inserts a round in order. The last element acts first. If two rounds act at the same instant, the round with the earlier instant of the
 * timeline acts first.
 */
function insert(rounds: Round[], round: Round): void {
  let low = 0;
  let high = rounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = rounds[middle] as Round;
    if (other.at > round.at || (other.at === round.at && other.instant > round.instant)) low = middle + 1;
    else high = middle;
  }
  rounds.splice(low, 0, round);
}
