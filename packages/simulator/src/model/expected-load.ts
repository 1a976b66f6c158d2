import { daysKnown, slotSeconds, slotsPerDay } from "./grid.ts";

// The load that the rows of load_profile_templates expect at any time, as weights with prefix sums. It is made once for all meters with the
// same rows, calendar and zone. Weights are whole numbers, so their sums and differences are exact, and a span without weight has 0.

// With weights up to this limit, the sum over all known days stays below 2^53.
const highestWeight = 1_500_000;

/** The deviation of the halves of a day, of its halves and so on, down to the quarter of an hour. */
export interface Noise {
  /** At most 1 in all. */
  readonly amount: number;
  /** By level, for an amount of 1. */
  readonly spread: Float64Array;
}

/** Weights of one direction of energy. */
export class ExpectedLoad {
  /** The kind of each known day, and of the day after. */
  readonly kindOf: Uint16Array;
  /** The weight of all days before the n-th day. */
  readonly days: Float64Array;
  /** For each kind of day, the weight before the n-th quarter of an hour of the day: 97 numbers. */
  readonly slots: Float64Array;
  /** For each kind of day, the weight of a second in each quarter of an hour: 96 numbers. */
  readonly perSecond: Float64Array;
  /** For each kind of day, how the halves of a day and of its parts deviate from their expected load. */
  readonly noise: readonly Noise[];
  /** The weight of 1 Wh of a household of size 1. */
  readonly perWh: number;
  /** Maximum load of a household of size 1, W. */
  readonly peak: number;

  /** `watts`: for each kind of day, the load of each quarter of an hour, W. */
  constructor(kindOf: Uint16Array, watts: readonly Float64Array[], noise: readonly Noise[]) {
    let peak = 0;
    for (const day of watts) for (const load of day) peak = Math.max(peak, load);
    // The scale is a power of two, so the values of the rows are scaled without rounding.
    let scale = 1;
    while (peak * scale * 2 <= highestWeight && scale < 0x10000) scale *= 2;
    while (peak * scale > highestWeight) scale /= 2;
    this.kindOf = kindOf;
    this.peak = peak;
    this.perWh = scale * 3600;
    this.noise = noise;
    this.slots = new Float64Array(watts.length * (slotsPerDay + 1));
    this.perSecond = new Float64Array(watts.length * slotsPerDay);
    this.days = new Float64Array(daysKnown + 1);
    watts.forEach((day, kind) => {
      let sum = 0;
      day.forEach((load, slot) => {
        const weight = Math.round(load * scale);
        this.perSecond[kind * slotsPerDay + slot] = weight;
        sum += weight * slotSeconds;
        this.slots[kind * (slotsPerDay + 1) + slot + 1] = sum;
      });
    });
    for (let day = 0; day < daysKnown; day++) {
      const ofDay = this.slots[(kindOf[day] as number) * (slotsPerDay + 1) + slotsPerDay] as number;
      this.days[day + 1] = (this.days[day] as number) + ofDay;
    }
  }

  /** The weight before a second of a day. */
  before(day: number, second: number): number {
    const kind = this.kindOf[day] as number;
    const slot = (second / slotSeconds) | 0;
    return (
      (this.days[day] as number) +
      (this.slots[kind * (slotsPerDay + 1) + slot] as number) +
      (this.perSecond[kind * slotsPerDay + slot] as number) * (second - slot * slotSeconds)
    );
  }
}
