import { daySeconds, spanDays, spanSeconds } from "./grid.ts";
import { bits, draw, type RandomKey, unit } from "./random.ts";

// Something that happens on a day with a probability, for a random time. The number of days from one occurrence to the next is drawn, in
// place of one draw per day. Therefore a span of 64 days needs one draw for each of its occurrences and one more. The distribution is the
// same: each day has the probability, independently of other days.

/** How often something happens, and for how many seconds. */
export interface Chance {
  /** Of one occurrence on one day. */
  readonly probability: number;
  readonly minDuration: number;
  readonly maxDuration: number;
}

/** The occurrences of one chance. One instance is used again and again, for one owner and span after another. */
export class Occurrences {
  /** The number of occurrences that the last call of `find` found. */
  count = 0;
  /** Seconds from the beginning of the span. An occurrence of the span before begins before 0. */
  starts: Int32Array;
  ends: Int32Array;
  /** Random bits of each occurrence. */
  drawn: Int32Array;
  readonly #chance: Chance;
  readonly #stream: number;
  /** The probability that at most n days pass without it, multiplied by 2^32. The last value is greater than all random numbers. */
  readonly #within: Float64Array;
  /** The minimum number of days that pass, by the upper 8 of 32 random bits. */
  readonly #guess: Uint8Array;
  /** The maximum number of days that an occurrence lasts after the day on which it began. */
  readonly #reach: number;
  readonly #days = new Int32Array(spanDays);

  constructor(chance: Chance, stream: number) {
    this.#chance = chance;
    this.#stream = stream;
    this.#reach = Math.ceil(chance.maxDuration / daySeconds);
    let none = 1;
    const within = Float64Array.from({ length: spanDays + 1 }, (_, days) => {
      none *= 1 - chance.probability;
      return days === spanDays ? Number.POSITIVE_INFINITY : (1 - none) * 0x100000000;
    });
    this.#within = within;
    this.#guess = Uint8Array.from({ length: 256 }, (_, upper) => within.findIndex((most) => upper * 0x1000000 < most));
    const most = spanDays + Math.min(spanDays, this.#reach);
    this.starts = new Int32Array(most);
    this.ends = new Int32Array(most);
    this.drawn = new Int32Array(most);
  }

  /** Finds the occurrences that overlap a span. Within a span and within the span before it, the earliest comes first. */
  find(key: RandomKey, span: number): void {
    let count = 0;
    for (let from = Math.max(0, span - 1); from <= span; from++) {
      const seed = bits(key, this.#stream, from);
      // The last day comes first.
      for (let at = this.#happens(seed, from === span ? 0 : Math.max(0, spanDays - this.#reach)) - 1; at >= 0; at--) {
        const day = this.#days[at] as number;
        const drawn = draw(seed, 2 * spanDays + day);
        const start = (from - span) * spanSeconds + day * daySeconds + Math.floor(unit(drawn) * daySeconds);
        const end = start + this.#length(drawn);
        if (end <= 0 || end === start) continue;
        this.starts[count] = start;
        this.ends[count] = end;
        this.drawn[count++] = drawn;
      }
    }
    this.count = count;
  }

  /** Writes the days of a span, from `lowest` on, on which it happens into `#days`, the last day first. Returns their number. */
  #happens(seed: number, lowest: number): number {
    const within = this.#within;
    const guess = this.#guess;
    let count = 0;
    for (let day = spanDays - 1; ; day--) {
      const drawn = draw(seed, count) >>> 0;
      let gap = guess[drawn >>> 24] as number;
      while (drawn >= (within[gap] as number)) gap++;
      day -= gap;
      if (day < lowest) return count;
      this.#days[count++] = day;
    }
  }

  /** The duration in seconds. */
  #length(drawn: number): number {
    const { minDuration, maxDuration } = this.#chance;
    return Math.round(minDuration + (maxDuration - minDuration) * unit(Math.imul(drawn, 0x2545f491)));
  }
}
