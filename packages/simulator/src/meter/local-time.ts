import { type CosemDateTime, dateOfDays, dateTimeOf, daysOf } from "@dlmskit/core";

const dayLength = 86_400_000;

/** The months of local time, numbered from January of year 0. Instants are ms since 1970-01-01T00:00Z. */
export function monthOf(instant: number, zoneMinutesEast: number): number {
  const { year, month } = dateOfDays(Math.floor((instant + zoneMinutesEast * 60_000) / dayLength));
  return year * 12 + month - 1;
}

/** Local midnight on the first of a month. */
export function startOfMonth(month: number, zoneMinutesEast: number): number {
  return daysOf(Math.floor(month / 12), (month % 12) + 1, 1) * dayLength - zoneMinutesEast * 60_000;
}

/** An instant as the meter writes it: whole seconds, local time with its deviation. */
export const stamp = (instant: number, deviation: number): CosemDateTime =>
  dateTimeOf(Math.floor(instant / 1000) * 1000, deviation);
