import { Fault, inRange } from "@dlmskit/core";
import { Permutation } from "./permutation.ts";

export interface CohortOptions {
  readonly meters: number;
  /**
   * When meters of the template do something by themselves, as long as nobody changed it: the first instant after another,
   * both whole ms since 1970 UTC of simulated time; undefined: never again. Pure.
   */
  readonly next: (after: number) => number | undefined;
  /** Within how many ms the meters start, each at an instant of its own; 0 (all at once) by default. */
  readonly window?: number;
  /** 32 octets: which meter starts when. Needed where there is a window. */
  readonly key?: Uint8Array;
}

/** A meter and the instant at which it acts. */
export interface Due {
  /** ms since 1970 UTC of simulated time. */
  readonly at: number;
  readonly index: number;
}

/** How far the meters are with one instant of the timeline. */
interface Round {
  readonly instant: number;
  /** Of the next meter, in the order in which meters start. */
  place: number;
  /** When that meter acts. */
  at: number;
}

/**
 * What is due for the meters of a template, with no object a meter. Each meter acts at every instant of the timeline,
 * `startOf` ms later: the k-th to start is found by a keyed bijection, so that there is neither a list nor a sort.
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

  /** How long after an instant of the timeline a meter acts: 0 to window - 1 ms. Fault `out-of-range`. */
  startOf(index: number): number {
    return this.#delay(this.#order?.inverse(index) ?? inRange(index, 0, this.meters - 1));
  }

  /** When the first of all meters acts after an instant; undefined: none ever again. */
  next(after: number): number | undefined {
    return this.due(after).next().value?.at;
  }

  /**
   * Who acts after an instant, and when: in the order of instants, and at one instant by the timeline's instant, then in the order of
   * starting. It ends only if the timeline does. Held is one small object for each instant of the timeline that lies within one window.
   * Fault `bad-value`: the timeline does not go on.
   */
  *due(after: number): Generator<Due, undefined> {
    const from = Math.floor(after);
    // The one that acts first is the last.
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

  /** It never falls from one place to the next. */
  #delay(place: number): number {
    return Math.floor((place * this.window) / this.meters);
  }

  /** The first place whose delay is longer; the number of meters where there is none. */
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

/** Keeps them in order: the last acts first, and of two at one instant the one whose instant of the timeline is earlier. */
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
