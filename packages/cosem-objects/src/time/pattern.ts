import { type CosemDate, type CosemDateTime, type CosemTime, dateOfDays, daysOf } from "@dlmskit/core";

// A date, a time or both, in which an unspecified field matches every value, as triggers use them (Blue Book 4.1.6.1).

/** Days of the year on which daylight saving begins and ends: months 0xFE and 0xFD of a pattern. Days since 1970-01-01. */
export interface DaylightDays {
  begin(year: number): number | undefined;
  end(year: number): number | undefined;
}

export const dayLength = 86_400_000;
const lastDay = 0xfe;
const secondLastDay = 0xfd;
const daylightBegin = 0xfe;
const daylightEnd = 0xfd;
// Leap years and days of the week repeat after 400 years, most patterns much sooner: 29 February on a given weekday after at most 40.
const yearsAhead = 41;

const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;
const nextMonth = (year: number, month: number): number =>
  month === 12 ? daysOf(year + 1, 1, 1) : daysOf(year, month + 1, 1);

/** The days of a month that match day and day of week; days since 1970-01-01, ascending. */
function daysIn(
  year: number,
  month: number,
  { year: wantedYear, month: wantedMonth, day, dayOfWeek }: CosemDate,
): number[] {
  const first = daysOf(year, month, 1);
  const end = nextMonth(year, month);
  const back = day === lastDay ? 1 : day === secondLastDay ? 2 : undefined;
  if (back !== undefined) {
    if (dayOfWeek === null) return [end - back];
    // The last such weekday of the month, or the second last.
    const last = end - 1 - ((weekdayOf(end - 1) - dayOfWeek + 7) % 7);
    return [last - (back - 1) * 7];
  }
  if (day !== null) {
    const at = first + day - 1;
    if (day < 1 || at >= end) return [];
    if (dayOfWeek === null || weekdayOf(at) === dayOfWeek) return [at];
    // With year and month the date is a single day; otherwise it is the first such weekday on or after that day.
    return wantedYear !== null && wantedMonth !== null ? [] : [at + ((dayOfWeek - weekdayOf(at) + 7) % 7)];
  }
  const days: number[] = [];
  for (let at = first; at < end; at++) if (dayOfWeek === null || weekdayOf(at) === dayOfWeek) days.push(at);
  return days;
}

/** The days of a year that match a date; days since 1970-01-01, ascending. */
function daysOfYear(year: number, date: CosemDate, daylight: DaylightDays | undefined): number[] {
  if (date.year !== null && date.year !== year) return [];
  const { month } = date;
  if (month === daylightBegin || month === daylightEnd) {
    const at = month === daylightBegin ? daylight?.begin(year) : daylight?.end(year);
    if (at === undefined) return [];
    const { month: found } = dateOfDays(at);
    return daysIn(year, found, { ...date, month: found }).filter((one) => date.day !== null || one === at);
  }
  if (month !== null) return month >= 1 && month <= 12 ? daysIn(year, month, date) : [];
  const days: number[] = [];
  for (let each = 1; each <= 12; each++) days.push(...daysIn(year, each, date));
  return days;
}

/** Whether a day (since 1970-01-01) matches a date. */
export function matchesDay(day: number, date: CosemDate, daylight?: DaylightDays): boolean {
  const { year, dayOfWeek, day: dayOfMonth } = dateOfDays(day);
  if (date.year !== null && date.year !== year && !(date.day !== null && date.dayOfWeek !== null)) return false;
  // Common patterns do not need a list of days.
  if (date.month === null && date.day === null) return date.dayOfWeek === null || date.dayOfWeek === dayOfWeek;
  if (date.day !== null && date.day <= 31 && date.dayOfWeek === null && date.day !== dayOfMonth) return false;
  return daysOfYear(year, date, daylight).includes(day) || daysOfYear(year - 1, date, daylight).includes(day);
}

/** The first day from `from` on that matches a date, days since 1970-01-01; undefined: none in the next 41 years. */
export function dayFrom(from: number, date: CosemDate, daylight?: DaylightDays): number | undefined {
  // Common patterns do not need a list of days.
  if (date.year === null && date.month === null && date.day === null) {
    return date.dayOfWeek === null ? from : from + ((date.dayOfWeek - weekdayOf(from) + 7) % 7);
  }
  const { year: now } = dateOfDays(from);
  const years = date.year === null ? yearsAhead : Math.min(yearsAhead, date.year - now + 1);
  // A weekday on or after a day at the end of December can be in January.
  for (let year = now - 1; year < now + years; year++) {
    const found = daysOfYear(year, date, daylight).find((day) => day >= from);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The last day up to `to` that matches a date, days since 1970-01-01; undefined: none in the previous 41 years. */
export function dayUpTo(to: number, date: CosemDate, daylight?: DaylightDays): number | undefined {
  const { year: now } = dateOfDays(to);
  for (let year = now; year > now - yearsAhead; year--) {
    const found = daysOfYear(year, date, daylight).findLast((day) => day <= to);
    if (found !== undefined) return found;
  }
  return undefined;
}

const fits = (value: number, wanted: number | null): boolean => wanted === null || wanted === value;
const inDay = (hour: number, minute: number, second: number, hundredths: number): number =>
  ((hour * 60 + minute) * 60 + second) * 1000 + hundredths * 10;

/** The first time of day from `from` on (ms since midnight) that matches a time; undefined: none that day. Unspecified hundredths are 0. */
export function timeFrom(from: number, time: CosemTime): number | undefined {
  const hundredths = time.hundredths ?? 0;
  for (let hour = Math.floor(from / 3_600_000); hour < 24; hour++) {
    if (!fits(hour, time.hour)) continue;
    for (let minute = 0; minute < 60; minute++) {
      // Minutes that have passed completely are skipped.
      if (!fits(minute, time.minute) || inDay(hour, minute, 59, 99) < from) continue;
      for (let second = 0; second < 60; second++) {
        const at = inDay(hour, minute, second, hundredths);
        if (fits(second, time.second) && at >= from) return at;
      }
    }
  }
  return undefined;
}

/** The last time of day up to `to` (ms since midnight) that matches a time; undefined: none that day. */
export function timeUpTo(to: number, time: CosemTime): number | undefined {
  const hundredths = time.hundredths ?? 0;
  for (let hour = Math.min(23, Math.floor(to / 3_600_000)); hour >= 0; hour--) {
    if (!fits(hour, time.hour)) continue;
    for (let minute = 59; minute >= 0; minute--) {
      if (!fits(minute, time.minute) || inDay(hour, minute, 0, 0) > to) continue;
      for (let second = 59; second >= 0; second--) {
        const at = inDay(hour, minute, second, hundredths);
        if (fits(second, time.second) && at <= to) return at;
      }
    }
  }
  return undefined;
}

const unspecified = (of: object, names: readonly string[]): boolean =>
  names.every((name) => (of as Record<string, unknown>)[name] === null);

/** Whether no field of a date-time is specified. An attribute that holds a single instant is then switched off. */
export const isOff = (value: CosemDateTime): boolean =>
  unspecified(value, ["year", "month", "day", "dayOfWeek", "hour", "minute", "second"]);

/** The single local time that a date-time specifies, ms since 1970-01-01T00:00 local; undefined if fields are missing. */
export function localOf(value: CosemDateTime): number | undefined {
  const { year, month, day, hour, minute, second, hundredths } = value;
  if (year === null || month === null || day === null || hour === null || minute === null) return undefined;
  if (month > 12 || day > 31) return undefined;
  return daysOf(year, month, day) * dayLength + inDay(hour, minute, second ?? 0, hundredths ?? 0);
}
