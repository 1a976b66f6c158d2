import { daySeconds, minuteSeconds, slotSeconds, slotsPerDay, spanDays } from "./grid.ts";
import { bits, draw, type RandomKey, unit } from "./random.ts";

// A load that switches on and off: an appliance, or the charging of a vehicle. The energy of a span is the expected one, as for a curve.
// Within the span it is divided by weights of the meter itself: a day has the weight of what it was drawn to use, and a quarter of an hour
// or a minute that of the time in which the load runs. The load runs for as long as it needs at its power for the energy of the day.
//
// Outside of these times there is a weight too, about a ten-thousandth: so energy always has a place, even if the supply fails during every
// session.

export interface SessionsOptions {
  /** W. */
  readonly power: number;
  /** Wh of one session, lowest and highest. */
  readonly energy: readonly [number, number];
  readonly perDay: number;
  /** When a session begins: hours of the day, over midnight if the second is lower. */
  readonly hours: readonly [number, number];
  readonly stream: number;
}

/** Weights of equal cells: whole numbers for each second of a cell. */
class CellWeights {
  readonly prefix: Float64Array;
  readonly perSecond: Float64Array;
  readonly #seconds: number;
  /** Where the first cell begins, in seconds of the span. */
  start = 0;

  constructor(cells: number, seconds: number) {
    this.prefix = new Float64Array(cells + 1);
    this.perSecond = new Float64Array(cells);
    this.#seconds = seconds;
  }

  sum(): void {
    for (let cell = 0; cell < this.perSecond.length; cell++) {
      this.prefix[cell + 1] = (this.prefix[cell] as number) + (this.perSecond[cell] as number) * this.#seconds;
    }
  }

  /** The weight before a second of a day of the span. */
  before(day: number, second: number): number {
    const at = day * daySeconds + second - this.start;
    const cell = Math.min(this.perSecond.length, Math.floor(at / this.#seconds));
    return (this.prefix[cell] as number) + (this.perSecond[cell] ?? 0) * (at - cell * this.#seconds);
  }
}

const weekDays = 7;
/** The weight of a Wh of a day, and of a second in which the load runs; the weight without load is 1. */
const [perWh, perRunningSecond, perRunningSecondOfMinute] = [16, 16, 240];
const mostADay = 64;

/** The sessions of one load, for one meter after another: `ofSpan` first, then `ofDay`, then `ofSlot`. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #days = new CellWeights(spanDays, daySeconds);
  readonly #slots = new CellWeights(slotsPerDay, slotSeconds);
  readonly #minutes = new CellWeights(15, minuteSeconds);
  readonly #counts = new Uint8Array(spanDays);
  #seed = 0;
  // The sessions of the day: seconds of the day.
  #count = 0;
  readonly #from = new Float64Array(mostADay);
  readonly #to = new Float64Array(mostADay);
  readonly #energies = new Float64Array(mostADay);
  #day = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** The mean energy of a day, Wh. */
  get perDay(): number {
    const { energy, perDay } = this.#options;
    return ((energy[0] + energy[1]) / 2) * perDay;
  }

  /** The weights of the days of a span of a meter. */
  ofSpan(key: RandomKey, span: number): CellWeights {
    this.#seed = bits(key, this.#options.stream, span);
    this.#countSessions(key, span);
    for (let day = 0; day < spanDays; day++) {
      this.#days.perSecond[day] = 1 + Math.round(perWh * this.#planned(day));
    }
    this.#days.sum();
    return this.#days;
  }

  /** The number of sessions of each day: nearly the same in each week, on random days. */
  #countSessions(key: RandomKey, span: number): void {
    const { perDay, stream } = this.#options;
    const shift = unit(bits(key, stream, -1));
    const firstDay = span * spanDays;
    const perWeek = perDay * weekDays;
    for (let week = Math.floor(firstDay / weekDays); week * weekDays < firstDay + spanDays; week++) {
      const ofWeek = Math.floor((week + 1) * perWeek + shift) - Math.floor(week * perWeek + shift);
      const left = ofWeek % weekDays;
      let chosen = 0;
      const seed = bits(key, stream, -2 - week);
      for (let n = 0; n < weekDays; n++) {
        // Each day is chosen with the probability that leaves the right number for the rest of the week.
        const more = unit(draw(seed, n)) * (weekDays - n) < left - chosen ? 1 : 0;
        chosen += more;
        const day = week * weekDays + n - firstDay;
        if (day >= 0 && day < spanDays) this.#counts[day] = Math.min(mostADay, Math.floor(ofWeek / weekDays) + more);
      }
    }
  }

  /** Draws the sessions of a day of the span. Returns their energy, Wh. */
  #planned(day: number): number {
    const [low, high] = this.#options.energy;
    let sum = 0;
    this.#count = this.#counts[day] as number;
    for (let n = 0; n < this.#count; n++) {
      const energy = low + (high - low) * unit(draw(this.#seed, day * 2 * mostADay + 2 * n));
      this.#energies[n] = energy;
      sum += energy;
    }
    return sum;
  }

  /** The weights of the quarters of an hour of a day of the span, for the Wh of the day. */
  ofDay(day: number, wh: number): CellWeights {
    const { power, hours } = this.#options;
    const planned = this.#planned(day);
    const [first, last] = hours;
    const window = (last > first ? last - first : last - first + 24) * 3600;
    const stretched = planned === 0 ? 0 : wh / planned;
    this.#day = day;
    const weights = this.#slots;
    weights.perSecond.fill(1);
    for (let n = 0; n < this.#count; n++) {
      const seconds = Math.min(daySeconds, (((this.#energies[n] as number) * stretched) / power) * 3600);
      const wanted = (first * 3600 + window * unit(draw(this.#seed, day * 2 * mostADay + 2 * n + 1))) % daySeconds;
      // A session ends by midnight: the next day is drawn by itself.
      const from = Math.min(wanted, daySeconds - seconds);
      this.#from[n] = from;
      this.#to[n] = from + seconds;
      for (let slot = Math.floor(from / slotSeconds); slot * slotSeconds < from + seconds; slot++) {
        if (slot >= slotsPerDay) break;
        weights.perSecond[slot] =
          (weights.perSecond[slot] as number) +
          Math.round(perRunningSecond * overlap(from, from + seconds, slot * slotSeconds, slotSeconds));
      }
    }
    weights.start = day * daySeconds;
    weights.sum();
    return weights;
  }

  /** The weights of the minutes of a quarter of an hour of the day, counted from the beginning of the span. */
  ofSlot(slot: number): CellWeights {
    const weights = this.#minutes;
    const begin = slot * slotSeconds - this.#day * daySeconds;
    for (let minute = 0; minute < 15; minute++) {
      let running = 0;
      for (let n = 0; n < this.#count; n++) {
        running += overlap(
          this.#from[n] as number,
          this.#to[n] as number,
          begin + minute * minuteSeconds,
          minuteSeconds,
        );
      }
      weights.perSecond[minute] = 1 + Math.round(perRunningSecondOfMinute * running);
    }
    weights.start = slot * slotSeconds;
    weights.sum();
    return weights;
  }
}

/** The seconds of [from, to) in the `length` seconds from `begin` on. */
const overlap = (from: number, to: number, begin: number, length: number): number =>
  Math.max(0, Math.min(to, begin + length) - Math.max(from, begin));
