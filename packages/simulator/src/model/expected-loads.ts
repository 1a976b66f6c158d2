import type { LoadProfileTemplate, VariationCustomer } from "@dlmskit/storage";
import type { Season } from "./calendar.ts";
import { type ClassedDays, classedDays, type DayClass } from "./day-classes.ts";
import { ExpectedLoad, type Noise } from "./expected-load.ts";
import { slotsPerDay } from "./grid.ts";
import { type DayShape, dayShapes } from "./load-profile.ts";
import { noiseOf } from "./noise.ts";
import type { PlaceOfCustomers } from "./place.ts";
import { solarOutput, sunHeight } from "./sun.ts";
import { dailyTemperature, type Weather, weatherOf } from "./weather.ts";

/** Expected energy that is split by itself: one direction, inductive or capacitive. */
export interface PartLoad {
  readonly load: ExpectedLoad;
  readonly exports: boolean;
  readonly capacitive: boolean;
}

/** What all meters with the same rows, calendar and zone have in common. */
export interface ExpectedLoads {
  readonly days: ClassedDays;
  readonly noise: readonly Noise[];
  /** Meters without a solar plant. */
  readonly plain: readonly PartLoad[];
  /** Meters with one; absent if no meter has one. */
  readonly plant: readonly PartLoad[] | undefined;
  /** For each class of days and quarter of an hour, the load of a household relative to the template's peak: 0 to about 1. */
  readonly relative: Float64Array;
}

// The output of a solar plant at noon by season, as a fraction of its peak, if the latitude is not known.
const sunOfSeason: Record<Season, number> = { SUMMER: 1, SPRING: 0.9, AUTUMN: 0.8, MONSOON: 0.6, WINTER: 0.65 };

/** The solar output at the middle of a quarter of an hour, 0 to 1: from six o'clock to six o'clock, highest at noon. */
function sun(slot: number): number {
  const fromNoon = (slot + 0.5) / 4 - 12;
  return Math.max(0, 1 - (fromNoon / 6) ** 2);
}

const hourOf = (slot: number): number => (slot + 0.5) / 4;

/** W of each quarter of an hour: the curve of the row, lamps at night, heating and cooling. */
function consumed(
  shape: DayShape,
  day: DayClass,
  latitude: number | undefined,
  weather: Weather | undefined,
): Float64Array {
  const { load, temperature, lampsAtNight, baseLoad, peakLoad } = shape;
  const { coolAbove, cooling, heatBelow, heating } = temperature;
  const swing = weather?.daily ?? 0;
  return load.map((curve, slot) => {
    const lit = lampsAtNight && latitude !== undefined && sunHeight(latitude, day.dayOfYear, hourOf(slot)) < 0;
    // Without a curve of its own a lamp is off by day.
    const watts = lit ? peakLoad : lampsAtNight ? Math.max(baseLoad, curve) : curve;
    if (cooling === 0 && heating === 0) return watts;
    const degrees = day.temperature + swing * dailyTemperature(hourOf(slot));
    return watts + cooling * Math.max(0, degrees - coolAbove) + heating * Math.max(0, heatBelow - degrees);
  });
}

/** The battery gives back this part of what it takes. */
const efficiency = 0.9;

/** W from the network after the battery: it takes what the plant has left over, and gives it back when the house needs it. */
function withBattery(net: Float64Array, { capacity, power }: NonNullable<VariationCustomer["battery"]>): Float64Array {
  const most = power * 1000;
  const full = capacity * 1000 * 4;
  let stored = 0;
  let after = net;
  // The second day begins with what the first one left.
  for (let round = 0; round < 2; round++) {
    after = net.map((watts) => {
      if (watts < 0) {
        const taken = Math.min(most, -watts, (full - stored) / efficiency);
        stored += taken * efficiency;
        return watts + taken;
      }
      const given = Math.min(most, watts, stored);
      stored -= given;
      return watts - given;
    });
  }
  return after;
}

export interface LoadsOptions {
  readonly place: PlaceOfCustomers;
  readonly customer: VariationCustomer;
  /** The generation of a household of size 1 at noon in summer, W. */
  readonly solarPeak: number;
}

export function expectedLoads(
  rows: readonly LoadProfileTemplate[],
  { place, customer, solarPeak }: LoadsOptions,
): ExpectedLoads {
  const shapeOf = dayShapes(rows);
  const { latitude } = place;
  const weather = latitude === undefined ? undefined : weatherOf(place.name, latitude, customer.climate);
  const days = classedDays(place, weather, {
    temperature: rows.some(({ variationPattern: one }) => one.version === 2 && one.temperature !== undefined),
    sun: solarPeak > 0 || rows.some(({ variationPattern: one }) => one.version === 2 && one.lampsAtNight === true),
    sky: solarPeak > 0,
  });
  const { classes, classOf } = days;
  const shapes = classes.map(({ season, dayType }) => shapeOf(season, dayType));
  const loads = classes.map((day, at) => consumed(shapes[at] as DayShape, day, latitude, weather));
  const noises = new Map<DayShape, Noise>();
  const noise = shapes.map((shape) => {
    const known = noises.get(shape) ?? noiseOf(shape.jitter, shape.memoryHours);
    noises.set(shape, known);
    return known;
  });
  // Heating and cooling come on top of the peak load: they must not drive the voltage to zero.
  const mostRelative = 1.5;
  const relative = new Float64Array(classes.length * slotsPerDay);
  loads.forEach((load, at) => {
    const { peakLoad } = shapes[at] as DayShape;
    load.forEach((watts, slot) => {
      relative[at * slotsPerDay + slot] = peakLoad === 0 ? 0 : Math.min(mostRelative, watts / peakLoad);
    });
  });
  const generated = ({ season, dayOfYear, sky }: DayClass, slot: number): number =>
    latitude === undefined
      ? solarPeak * sunOfSeason[season] * sun(slot)
      : solarPeak * sky * solarOutput(latitude, dayOfYear, hourOf(slot));
  const capacitive = slotsBetween(customer.powerFactor?.capacitiveHours);
  /** The parts of one direction: in capacitive hours, and in the other ones. */
  const direction = (watts: readonly Float64Array[], exports: boolean): PartLoad[] =>
    [false, true]
      .filter((inThem) => !inThem || capacitive.includes(true))
      .map((inThem) => {
        const masked = watts.map((day) => day.map((load, slot) => (capacitive[slot] === inThem ? load : 0)));
        return { load: new ExpectedLoad(classOf, masked, noise), exports, capacitive: inThem };
      });
  return {
    ...{ days, noise, relative },
    plain: direction(loads, false),
    plant: solarPeak > 0 ? withPlant() : undefined,
  };

  // The house consumes the output of the plant first. Therefore a quarter of an hour has either import or export, and never both.
  function withPlant(): readonly PartLoad[] {
    const net = loads.map((load, at) => {
      const left = load.map((watts, slot) => watts - generated(classes[at] as DayClass, slot));
      return customer.battery === undefined ? left : withBattery(left, customer.battery);
    });
    return [
      ...direction(
        net.map((day) => day.map((watts) => Math.max(0, watts))),
        false,
      ),
      ...direction(
        net.map((day) => day.map((watts) => Math.max(0, -watts))),
        true,
      ),
    ];
  }
}

/** Which quarters of an hour lie between two hours of the day. */
function slotsBetween(hours: readonly [number, number] | undefined): readonly boolean[] {
  return Array.from({ length: slotsPerDay }, (_, slot) => {
    if (hours === undefined) return false;
    const [[from, to], hour] = [hours, hourOf(slot)];
    return from < to ? hour >= from && hour < to : hour >= from || hour < to;
  });
}
