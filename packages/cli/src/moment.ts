import type { Moment } from "@dlmskit/client";
import { dateOfDays, dateTimeOf, instantOf, timeOfText } from "@dlmskit/core";
import { InvalidArgumentError } from "commander";

const dayMs = 86_400_000;
const units: { readonly [unit: string]: number } = { m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs };
const unspecified = { deviation: null, status: null } as const;

/** A time of the command line: a `Moment`, or the start of a day counted from today. Which day is today depends on the meter's zone. */
export type GivenTime = Moment | { readonly daysFromToday: number };

/** Whether the time is a day counted from today, which needs the zone of the meter. */
export const isDay = (time: GivenTime | undefined): time is { readonly daysFromToday: number } =>
  typeof time === "object" && "daysFromToday" in time;

/** The `Moment` that a time is for a meter whose local time is `zoneMinutesEast` of UTC. The zone of this machine does not matter. */
export function momentIn(time: GivenTime, zoneMinutesEast: number): Moment {
  if (!isDay(time)) return time;
  const today = Math.floor((Date.now() + zoneMinutesEast * 60_000) / dayMs);
  return { ...dateOfDays(today + time.daysFromToday), hour: 0, minute: 0, second: 0, hundredths: 0, ...unspecified };
}

/** The instant of a time for a meter in this zone, ms since 1970 UTC. */
export function instantIn(time: GivenTime, zoneMinutesEast: number): number {
  const moment = momentIn(time, zoneMinutesEast);
  return typeof moment === "number" ? moment : (instantOf(moment, -zoneMinutesEast) ?? Number.NaN);
}

/**
 * Parses a time in ISO 8601 (the forms of `timeOfText`): without a zone the meter's local time, with one an instant; `today`, `yesterday`,
 * `tomorrow` (their midnight, the meter's local time); `now`; `-7d`, `-12h`, `-30m`, `-2w` before now. Undefined for any other text.
 */
export function momentOf(text: string): GivenTime | undefined {
  if (text === "now") return Date.now();
  const day = { today: 0, yesterday: -1, tomorrow: 1 }[text];
  if (day !== undefined) return { daysFromToday: day };
  const ago = /^-(\d{1,6})([mhdw])$/.exec(text);
  if (ago !== null) return Date.now() - Number(ago[1]) * (units[ago[2] as string] as number);
  const time = timeOfText(text);
  if (time === undefined) return undefined;
  const { local, minutesEast } = time;
  return minutesEast === undefined ? { ...dateTimeOf(local), ...unspecified } : local - minutesEast * 60_000;
}

/** The zone that a time names, in minutes east of UTC; undefined: it names none. */
export const zoneIn = (text: string): number | undefined => timeOfText(text)?.minutesEast;

/** Parses the value of an option as `momentOf` does. */
export function momentOption(text: string): GivenTime {
  const moment = momentOf(text);
  if (moment !== undefined) return moment;
  throw new InvalidArgumentError(
    "give a time: 2026-11-23, 2026-11-23T06:30 (the meter's local time), with Z or +05:30 (at most 14:00), today, yesterday, now, -7d, -12h",
  );
}

/** Maximum difference between two local times of one instant, ms. */
const zones = 26 * 3_600_000;

/** Whether `from` is after `to`. If only one of them is an instant: whether that is so in every time zone. */
export function isAfter(from: GivenTime, to: GivenTime): boolean {
  const isLocal = (time: GivenTime): boolean => isDay(time) || (typeof time !== "number" && time.deviation === null);
  const slack = isLocal(from) === isLocal(to) ? 0 : zones;
  return instantIn(from, 0) - slack > instantIn(to, 0);
}
