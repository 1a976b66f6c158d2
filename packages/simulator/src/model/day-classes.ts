import { daysOf } from "@dlmskit/core";
import type { DayType, Season } from "./calendar.ts";
import { dayKinds, kindsOfDays } from "./day-kinds.ts";
import { daysKnown } from "./grid.ts";
import type { PlaceOfCustomers } from "./place.ts";
import type { Weather } from "./weather.ts";

// All days with the same expected load are one class. Without weather and sun the classes are the kinds of day: season and day type. With
// them, a class is also a temperature, a part of the year and a sky. Only the classes that occur are made, so a day costs two octets.

/** A class of days: what a day's expected load depends on. */
export interface DayClass {
  readonly season: Season;
  readonly dayType: DayType;
  /** The mean temperature in whole °C. */
  readonly temperature: number;
  /** The middle day of the twenty-fourth part of the year, from 0. */
  readonly dayOfYear: number;
  /** The part of the sunlight that passes the clouds. */
  readonly sky: number;
}

export interface ClassedDays {
  readonly classes: readonly DayClass[];
  /** The class of each known day, and of the day after. */
  readonly classOf: Uint16Array;
}

const partsOfYear = 24;
const daysOfPart = 366 / partsOfYear;

/** The classes of all known days. `by`: what the load depends on beside season and day type. */
export function classedDays(
  { calendar }: PlaceOfCustomers,
  weather: Weather | undefined,
  by: { readonly temperature: boolean; readonly sun: boolean; readonly sky: boolean },
): ClassedDays {
  const kinds = kindsOfDays(calendar, daysKnown + 1);
  const plain = { temperature: 20, dayOfYear: 0, sky: 1 };
  const classes: DayClass[] = dayKinds.map((kind) => ({ ...kind, ...plain }));
  if (weather === undefined || !(by.temperature || by.sun || by.sky)) {
    return { classes, classOf: Uint16Array.from(kinds) };
  }
  classes.length = 0;
  const known = new Map<number, number>();
  const classOf = new Uint16Array(daysKnown + 1);
  let year = 1970;
  let [first, next] = [0, daysOf(1971, 1, 1)];
  for (let day = 0; day <= daysKnown; day++) {
    if (day === next) [first, next] = [next, daysOf(++year + 1, 1, 1)];
    const kind = kinds[day] as number;
    const temperature = by.temperature ? Math.round(weather.temperature(day)) : plain.temperature;
    const part = by.sun ? Math.floor((day - first) / daysOfPart) : 0;
    const sky = by.sky ? weather.sky(day) : plain.sky;
    const key = ((kind * 256 + temperature + 100) * partsOfYear + part) * 101 + Math.round(sky * 100);
    let at = known.get(key);
    if (at === undefined) {
      at = classes.length;
      known.set(key, at);
      const dayOfYear = by.sun ? (part + 0.5) * daysOfPart : plain.dayOfYear;
      classes.push({ ...(dayKinds[kind] as (typeof dayKinds)[number]), temperature, dayOfYear, sky });
    }
    classOf[day] = at;
  }
  return { classes, classOf };
}
