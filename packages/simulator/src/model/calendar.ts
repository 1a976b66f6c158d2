import { dateOfDays, daysOf, Fault } from "@dlmskit/core";

export const seasons = ["SUMMER", "WINTER", "MONSOON", "SPRING", "AUTUMN"] as const;
export type Season = (typeof seasons)[number];
export const dayTypes = ["WEEKDAY", "WEEKEND", "HOLIDAY"] as const;
export type DayType = (typeof dayTypes)[number];

/** How dates map to the seasons and day types of the load profile templates. */
export interface Calendar {
  /** The season of each month, January first. */
  readonly seasonOfMonth: readonly Season[];
  /** Days of the week that are WEEKEND, 1 Monday to 7 Sunday. */
  readonly weekend: readonly number[];
  /** HOLIDAY dates: `"2026-01-26"` once, `"01-26"` every year. */
  readonly holidays: readonly string[];
}

/** North India: three months each of winter, summer and monsoon with spring and autumn between; national holidays. */
export const indianCalendar: Calendar = {
  seasonOfMonth: [
    "WINTER",
    "WINTER",
    "SPRING",
    "SUMMER",
    "SUMMER",
    "SUMMER",
    "MONSOON",
    "MONSOON",
    "MONSOON",
    "AUTUMN",
    "AUTUMN",
    "WINTER",
  ],
  weekend: [6, 7],
  holidays: ["01-26", "08-15", "10-02"],
};

const two = (value: number): string => String(value).padStart(2, "0");

/** A calendar as a function of the day: days since 1970-01-01 in local time. Fault `bad-calendar`. */
export function dayClassifier(calendar: Calendar): (day: number) => { season: Season; dayType: DayType } {
  if (calendar.seasonOfMonth.length !== 12 || calendar.seasonOfMonth.some((season) => !seasons.includes(season))) {
    throw new Fault("bad-calendar", "seasonOfMonth needs a season for each of 12 months", {
      layer: "simulator",
      hint: `seasons are ${seasons.join(", ")}`,
    });
  }
  for (const day of calendar.weekend) {
    if (!Number.isInteger(day) || day < 1 || day > 7) {
      throw new Fault("bad-calendar", `weekend day ${day} is not 1 (Monday) to 7 (Sunday)`, { layer: "simulator" });
    }
  }
  for (const holiday of calendar.holidays) {
    const found = /^(?:(\d{4})-)?(\d{2})-(\d{2})$/.exec(holiday);
    const [year, month, day] = [Number(found?.[1] ?? 2024), Number(found?.[2]), Number(found?.[3])];
    const date = found === null ? undefined : dateOfDays(daysOf(year, month, day));
    if (date === undefined || date.month !== month || date.day !== day) {
      throw new Fault("bad-calendar", `"${holiday}" is not a date`, {
        layer: "simulator",
        hint: "2026-01-26 or 01-26",
      });
    }
  }
  const holidays = new Set(calendar.holidays);
  return (days) => {
    const { year, month, day, dayOfWeek } = dateOfDays(days);
    const ofYear = `${two(month)}-${two(day)}`;
    const holiday = holidays.has(ofYear) || holidays.has(`${year}-${ofYear}`);
    const dayType = holiday ? "HOLIDAY" : calendar.weekend.includes(dayOfWeek) ? "WEEKEND" : "WEEKDAY";
    return { season: calendar.seasonOfMonth[month - 1] as Season, dayType };
  };
}
