import { dateOfDays, daysOf, Fault } from "@dlmskit/core";
import { type Calendar, type DayType, dayTypes, type Season, seasons } from "./calendar.ts";

/** Throws Fault `bad-calendar` if a calendar is invalid. */
function checkCalendar(calendar: Calendar): void {
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
  for (const holiday of calendar.holidays) parsedHoliday(holiday);
}

function parsedHoliday(holiday: string): { year: number | undefined; month: number; day: number } {
  const found = /^(?:(\d{4})-)?(\d{2})-(\d{2})$/.exec(holiday);
  const [year, month, day] = [found?.[1], Number(found?.[2]), Number(found?.[3])];
  // A day of every year may be 29 February. A day that does not exist in its month becomes a day of another month, and NaN is no month.
  if (dateOfDays(daysOf(Number(year ?? 2024), month, day)).month !== month) {
    throw new Fault("bad-calendar", `"${holiday}" is not a date`, {
      layer: "simulator",
      hint: "2026-01-26 or 01-26",
    });
  }
  return { year: year === undefined ? undefined : Number(year), month, day };
}

/** Kinds of day: all pairs of a season and a day type. Their index is their number. */
export const dayKinds: readonly { readonly season: Season; readonly dayType: DayType }[] = seasons.flatMap((season) =>
  dayTypes.map((dayType) => ({ season, dayType })),
);

/** The kind (index in `dayKinds`) of each day from 1970-01-01 local time on. Fault `bad-calendar`. */
export function kindsOfDays(calendar: Calendar, days: number): Uint8Array {
  checkCalendar(calendar);
  const kinds = new Uint8Array(days);
  const holidays = calendar.holidays.map(parsedHoliday);
  const kindOf = (season: Season, dayType: DayType): number =>
    seasons.indexOf(season) * dayTypes.length + dayTypes.indexOf(dayType);
  let day = 0;
  for (let month = 0; day < days; month++) {
    const season = calendar.seasonOfMonth[month % 12] as Season;
    const year = 1970 + Math.floor(month / 12);
    const end = Math.min(days, daysOf(month % 12 === 11 ? year + 1 : year, ((month + 1) % 12) + 1, 1));
    const first = day;
    const [weekday, weekend] = [kindOf(season, "WEEKDAY"), kindOf(season, "WEEKEND")];
    // 1970-01-01 was a Thursday.
    for (; day < end; day++) {
      kinds[day] = calendar.weekend.includes(((day + 3) % 7) + 1) ? weekend : weekday;
    }
    for (const holiday of holidays) {
      if (holiday.month !== (month % 12) + 1 || (holiday.year !== undefined && holiday.year !== year)) continue;
      const at = first + holiday.day - 1;
      if (at < end) kinds[at] = kindOf(season, "HOLIDAY");
    }
  }
  return kinds;
}
