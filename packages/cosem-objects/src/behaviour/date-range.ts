import { type CosemDate, dateOfDays, daysOf } from "@dlmskit/core";
import type { LocalTime } from "../time/local-time.ts";
import { dayLength } from "../time/pattern.ts";

/**
 * Whether a day (since 1970-01-01 local) lies in a range of dates, both included. A field that a bound does not specify is taken from that
 * day; a bound without year, month and day is no bound. If a range repeats every year (or month) and ends before it begins, it includes the
 * end of the year (or month).
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

/** The day of a bound for a given day; undefined: it is no bound. */
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

/** The first day on which a bound with a year can match; undefined: any day. */
export function earliestDay({ year, month }: CosemDate): number | undefined {
  return year === null ? undefined : daysOf(year, month === null || month > 12 ? 1 : Math.max(1, month), 1);
}

/** The last day on which a bound with a year can match; undefined: any day. */
export function latestDay({ year }: CosemDate): number | undefined {
  return year === null ? undefined : daysOf(year + 1, 1, 14);
}
