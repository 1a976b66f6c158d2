import { type CosemDate, dateOfDays, daysOf } from "@dlmskit/core";
import type { LocalTime } from "../time/local-time.ts";
import { dayLength } from "../time/pattern.ts";

/**
 * Whether a day (since 1970-01-01 local) lies in a range of dates, both included. What a bound leaves open is as in that day; without
 * year, month and day it is no bound. Of a range that every year (or month) has and that ends before it begins, the turn of the year is inside.
 */
export function isInRange(day: number, begin: CosemDate, end: CosemDate, local: LocalTime): boolean {
  const from = boundOf(begin, day, local);
  const to = boundOf(end, day, local);
  const begun = from === undefined || day >= from;
  const notOver = to === undefined || day <= to;
  const everyYear = begin.year === null && end.year === null;
  if (everyYear && from !== undefined && to !== undefined && from > to) return begun || notOver;
  return begun && notOver;
}

/** The day that a bound means for a day; undefined: it is no bound. */
function boundOf(date: CosemDate, day: number, local: LocalTime): number | undefined {
  if (date.year === null && date.month === null && date.day === null) return undefined;
  const today = dateOfDays(day);
  const year = date.year ?? today.year;
  const month = date.month ?? today.month;
  const dayOfMonth = date.day ?? today.day;
  if (month <= 12 && dayOfMonth <= 31 && date.dayOfWeek === null) return daysOf(year, month, dayOfMonth);
  // The last day of a month, a weekday on or after a day, the day on which daylight saving begins or ends.
  const midnight = { hour: 0, minute: 0, second: 0, hundredths: 0 };
  const pattern = { ...date, month, day: date.day === null && month <= 12 ? today.day : date.day };
  const before = local.instantOf(daysOf(year, 1, 1) * dayLength) - 1;
  const at = local.next(pattern, midnight, before);
  return at === undefined ? daysOf(year, Math.min(month, 12), 1) : local.dayOf(at);
}

/** The first day from which on a bound with a year can be met; undefined: any. */
export function earliestDay({ year, month }: CosemDate): number | undefined {
  return year === null ? undefined : daysOf(year, month === null || month > 12 ? 1 : Math.max(1, month), 1);
}

/** The last day up to which a bound with a year can be met; undefined: any. */
export function latestDay({ year }: CosemDate): number | undefined {
  return year === null ? undefined : daysOf(year + 1, 1, 14);
}
