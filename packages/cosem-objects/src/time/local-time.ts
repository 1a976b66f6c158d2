import { type CosemDate, type CosemDateTime, type CosemTime, dateOfDays, dateTimeOf, daysOf } from "@dlmskit/core";
import { type DaylightDays, dayFrom, dayLength, dayUpTo, matchesDay, timeFrom, timeUpTo } from "./pattern.ts";

/** The settings that determine a meter's local time: attributes 3 and 5 to 8 of its Clock. */
export interface ZoneSettings {
  /** Minutes from local normal time to UTC: UTC+05:30 has -330. */
  readonly timeZone: number;
  /** The start of daylight saving, in local normal time. */
  readonly daylightSavingsBegin: CosemDateTime;
  /** The end of daylight saving, in local summer time. */
  readonly daylightSavingsEnd: CosemDateTime;
  /** Minutes by which local summer time is ahead of normal time; the sign is ignored. */
  readonly daylightSavingsDeviation: number;
  readonly daylightSavingsEnabled: boolean;
}

interface Year {
  readonly begin: number | undefined;
  readonly end: number | undefined;
}

const inMinutes = 60_000;

/**
 * Local time with daylight saving (Blue Book 4.5.1). Instants are ms since 1970-01-01T00:00Z, local times ms since
 * 1970-01-01T00:00 local.
 */
export class LocalTime {
  readonly #zone: ZoneSettings;
  readonly #ahead: number;
  readonly #years = new Map<number, Year>();
  readonly #daylight: DaylightDays | undefined;

  constructor(zone: ZoneSettings) {
    this.#zone = zone;
    const ahead = Math.abs(zone.daylightSavingsDeviation) * inMinutes;
    this.#ahead = zone.daylightSavingsEnabled ? ahead : 0;
    if (this.#ahead === 0) return;
    this.#daylight = {
      begin: (year) => dayOf(zone.daylightSavingsBegin, year),
      end: (year) => dayOf(zone.daylightSavingsEnd, year),
    };
  }

  /** Whether daylight saving is in force at an instant. */
  isDaylight(instant: number): boolean {
    if (this.#ahead === 0) return false;
    const normal = instant - this.#zone.timeZone * inMinutes;
    const { begin, end } = this.#year(dateOfDays(Math.floor(normal / dayLength)).year);
    if (begin === undefined || end === undefined) return false;
    // In the southern hemisphere daylight saving begins late in one year and ends in the next.
    return begin <= end ? normal >= begin && normal < end : normal >= begin || normal < end;
  }

  /** Minutes from local time to UTC at an instant. */
  deviationAt(instant: number): number {
    return this.#zone.timeZone - (this.isDaylight(instant) ? this.#ahead / inMinutes : 0);
  }

  /** The local time at an instant. */
  localOf(instant: number): number {
    return instant - this.deviationAt(instant) * inMinutes;
  }

  /** The day at an instant, days since 1970-01-01 local. */
  dayOf(instant: number): number {
    return Math.floor(this.localOf(instant) / dayLength);
  }

  /**
   * The instant of a local time. For a local time that is skipped when daylight saving begins it is the first instant after the gap; for a
   * local time that occurs twice when daylight saving ends it is the first one.
   */
  instantOf(local: number): number {
    const normal = local + this.#zone.timeZone * inMinutes;
    if (this.#ahead === 0) return normal;
    const summer = normal - this.#ahead;
    if (this.isDaylight(summer)) return summer;
    if (!this.isDaylight(normal)) return normal;
    // The local time is in the gap: neither deviation gives it. Daylight saving begins between the two instants.
    const { begin } = this.#year(dateOfDays(Math.floor((normal - this.#zone.timeZone * inMinutes) / dayLength)).year);
    return (begin as number) + this.#zone.timeZone * inMinutes;
  }

  /** The instant as a date-time: whole seconds, with deviation and the daylight saving bit of the status. */
  dateTimeOf(instant: number, status = 0): CosemDateTime {
    const daylight = this.isDaylight(instant) ? 0x80 : 0;
    return dateTimeOf(Math.floor(instant / 1000) * 1000, this.deviationAt(instant), status | daylight);
  }

  /**
   * The first instant after `after` at which local time is a full multiple of a period (ms), counted from 1970-01-01T00:00. An hour that
   * occurs twice has its multiples twice; an hour that is skipped has none.
   */
  nextMultiple(period: number, after: number): number {
    const deviation = this.deviationAt(after);
    let at = multipleAfter(after, period, deviation);
    const then = this.deviationAt(at);
    if (then === deviation) return at;
    at = multipleAfter(after, period, then);
    while (this.deviationAt(at) !== then) at += period;
    return at;
  }

  /** Whether the day of an instant matches a date. */
  isOn(instant: number, date: CosemDate): boolean {
    return matchesDay(this.dayOf(instant), date, this.#daylight);
  }

  /** The first instant after `after` that matches date and time; undefined: none within 41 years. */
  next(date: CosemDate, time: CosemTime, after: number): number | undefined {
    let local = this.localOf(after) - (this.#isNearSwitch(after) ? this.#ahead : 0);
    for (;;) {
      const day = dayFrom(Math.floor(local / dayLength), date, this.#daylight);
      if (day === undefined) return undefined;
      const from = Math.max(0, local - day * dayLength);
      const at = timeFrom(from, time);
      if (at !== undefined) {
        const instant = this.instantOf(day * dayLength + at);
        if (instant > after) return instant;
        local = day * dayLength + at + 10;
      } else if (from === 0) return undefined;
      else local = (day + 1) * dayLength;
    }
  }

  /** The last instant up to `to` that matches date and time; undefined: none within 41 years. */
  last(date: CosemDate, time: CosemTime, to: number): number | undefined {
    let local = this.localOf(to) + (this.#isNearSwitch(to) ? this.#ahead : 0);
    for (;;) {
      const day = dayUpTo(Math.floor(local / dayLength), date, this.#daylight);
      if (day === undefined) return undefined;
      const upTo = Math.min(dayLength - 10, local - day * dayLength);
      const at = timeUpTo(upTo, time);
      if (at !== undefined) {
        const instant = this.instantOf(day * dayLength + at);
        if (instant <= to) return instant;
        local = day * dayLength + at - 10;
      } else if (upTo === dayLength - 10) return undefined;
      else local = day * dayLength - 10;
    }
  }

  /** Whether local times around an instant are skipped or occur twice. */
  #isNearSwitch(instant: number): boolean {
    const now = this.isDaylight(instant);
    return this.isDaylight(instant - this.#ahead) !== now || this.isDaylight(instant + this.#ahead) !== now;
  }

  /** When daylight saving begins and ends in a year, both in ms of local normal time. */
  #year(year: number): Year {
    let found = this.#years.get(year);
    if (found === undefined) {
      const { daylightSavingsBegin, daylightSavingsEnd } = this.#zone;
      const end = switchOf(daylightSavingsEnd, year);
      found = {
        begin: switchOf(daylightSavingsBegin, year),
        end: end === undefined ? undefined : end - this.#ahead,
      };
      // A meter that runs for decades keeps only a few years.
      if (this.#years.size > 8) this.#years.clear();
      this.#years.set(year, found);
    }
    return found;
  }
}

function multipleAfter(after: number, period: number, deviation: number): number {
  const shift = deviation * inMinutes;
  return (Math.floor((after - shift) / period) + 1) * period + shift;
}

function dayOf(date: CosemDateTime, year: number): number | undefined {
  const day = dayFrom(daysOf(year, 1, 1), date);
  return day !== undefined && dateOfDays(day).year === year ? day : undefined;
}

function switchOf(value: CosemDateTime, year: number): number | undefined {
  const day = dayOf(value, year);
  const time = timeFrom(0, value);
  return day === undefined || time === undefined ? undefined : day * dayLength + time;
}
