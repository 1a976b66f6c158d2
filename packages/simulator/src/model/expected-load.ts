import type { LoadProfileTemplate } from "@dlmskit/storage";
import type { Calendar, Season } from "./calendar.ts";
import { dayKinds, kindsOfDays } from "./day-kinds.ts";
import { daysKnown, slotSeconds, slotsPerDay } from "./grid.ts";
import { dayShapes } from "./load-profile.ts";

// The load that the rows of load_profile_templates expect at any time, as weights with prefix sums. It is made once for all meters with the
// same rows, calendar and zone. Weights are whole numbers, so their sums and differences are exact, and a span without weight has 0.

// With weights up to this limit, the sum over all known days stays below 2^53.
const highestWeight = 1_500_000;

/** Weights of one direction of energy. */
export class ExpectedLoad {
  /** The kind of each known day, and of the day after. */
  readonly kindOf: Uint8Array;
  /** The weight of all days before the n-th day. */
  readonly days: Float64Array;
  /** For each kind of day, the weight before the n-th quarter of an hour of the day: 97 numbers. */
  readonly slots: Float64Array;
  /** For each kind of day, the weight of a second in each quarter of an hour: 96 numbers. */
  readonly perSecond: Float64Array;
  /** For each kind of day, the maximum deviation of a quarter of an hour from its expected load. */
  readonly jitter: Float64Array;
  /** The weight of 1 Wh of a household of size 1. */
  readonly perWh: number;
  /** Maximum load of a household of size 1, W. */
  readonly peak: number;

  /** `watts`: for each kind of day, the load of each quarter of an hour, W. */
  constructor(kindOf: Uint8Array, watts: readonly Float64Array[], jitter: Float64Array) {
    let peak = 0;
    for (const day of watts) for (const load of day) peak = Math.max(peak, load);
    // The scale is a power of two, so the values of the rows are scaled without rounding.
    let scale = 1;
    while (peak * scale * 2 <= highestWeight && scale < 0x10000) scale *= 2;
    while (peak * scale > highestWeight) scale /= 2;
    this.kindOf = kindOf;
    this.peak = peak;
    this.perWh = scale * 3600;
    this.jitter = jitter;
    this.slots = new Float64Array(dayKinds.length * (slotsPerDay + 1));
    this.perSecond = new Float64Array(dayKinds.length * slotsPerDay);
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

/** What all meters with the same rows, calendar and zone have in common. */
export interface ExpectedLoads {
  readonly import: ExpectedLoad;
  /** Absent if there is no solar plant. */
  readonly export: ExpectedLoad | undefined;
  /** For each kind of day and quarter of an hour, the load of a household relative to the template's peak: 0 to 1. */
  readonly relative: Float64Array;
}

// The output of a solar plant at noon by season, as a fraction of its peak.
const sunOfSeason: Record<Season, number> = { SUMMER: 1, SPRING: 0.9, AUTUMN: 0.8, MONSOON: 0.6, WINTER: 0.65 };

/** The solar output at the middle of a quarter of an hour, 0 to 1: from six o'clock to six o'clock, highest at noon. */
function sun(slot: number): number {
  const fromNoon = (slot + 0.5) / 4 - 12;
  return Math.max(0, 1 - (fromNoon / 6) ** 2);
}

/** `solarPeak`: the generation of a household of size 1 at noon in summer, W. */
export function expectedLoads(
  rows: readonly LoadProfileTemplate[],
  calendar: Calendar,
  solarPeak: number,
): ExpectedLoads {
  const shapeOf = dayShapes(rows);
  const shapes = dayKinds.map(({ season, dayType }) => shapeOf(season, dayType));
  const kindOf = kindsOfDays(calendar, daysKnown + 1);
  const jitter = Float64Array.from(shapes, (shape) => shape.jitter);
  const relative = new Float64Array(dayKinds.length * slotsPerDay);
  shapes.forEach(({ load, peakLoad }, kind) => {
    load.forEach((watts, slot) => {
      relative[kind * slotsPerDay + slot] = peakLoad === 0 ? 0 : watts / peakLoad;
    });
  });
  // The house consumes the output of the plant first. Therefore a quarter of an hour has either import or export, and never both.
  const net = shapes.map(({ load }, kind) => {
    const season = dayKinds[kind]?.season as Season;
    return load.map((watts, slot) => watts - solarPeak * sunOfSeason[season] * sun(slot));
  });
  const taken = net.map((day) => day.map((watts) => Math.max(0, watts)));
  const given = net.map((day) => day.map((watts) => Math.max(0, -watts)));
  return {
    import: new ExpectedLoad(kindOf, taken, jitter),
    export: solarPeak > 0 ? new ExpectedLoad(kindOf, given, jitter) : undefined,
    relative,
  };
}
