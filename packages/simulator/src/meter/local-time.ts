import { type CosemDateTime, dateOfDays, dateTimeOf, daysOf } from "@dlmskit/core";

const dayLength = 86_400_000;

/** The month of an instant in local time, counted from January of year 0. Instants are ms since 1970-01-01T00:00Z. */
export function monthOf(instant: number, zoneMinutesEast: number): number {
  const { year, month } = dateOfDays(Math.floor((instant + zoneMinutesEast * 60_000) / dayLength));
  return year * 12 + month - 1;
}

/** Local midnight at the start of the first day of a month. */
export function startOfMonth(month: number, zoneMinutesEast: number): number {
  return daysOf(Math.floor(month / 12), (month % 12) + 1, 1) * dayLength - zoneMinutesEast * 60_000;
}

/** An instant as a date-time of the meter: whole seconds, local time with its deviation. */
export const stamp = (instant: number, deviation: number): CosemDateTime =>
  dateTimeOf(Math.floor(instant / 1000) * 1000, deviation);
