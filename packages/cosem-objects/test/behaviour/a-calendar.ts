import type { CosemDateTime } from "@dlmskit/core";
import type { CalendarTables } from "../../src/index.ts";
import { script, time } from "./a-life.ts";

export const named = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

export interface CalendarOf {
  /** Season by season: start, week. */
  readonly seasons: readonly (readonly [CosemDateTime, string])[];
  /** Day ids from Monday on. */
  readonly weeks: Readonly<Record<string, readonly number[]>>;
  /** By day id: start times, and the scripts that begin then. */
  readonly days: Readonly<Record<number, Readonly<Record<string, number>>>>;
}

export const calendar = (calendarName: string, { seasons, weeks, days }: CalendarOf): CalendarTables => ({
  calendarName: named(calendarName),
  seasonProfile: seasons.map(([seasonStart, week], at) => ({
    seasonProfileName: named(String(at)),
    seasonStart,
    weekName: named(week),
  })),
  weekProfileTable: Object.entries(weeks).map(([name, ids]) => ({
    weekProfileName: named(name),
    ...(Object.fromEntries(weekdays.map((weekday, at) => [weekday, ids[at] as number])) as Record<
      (typeof weekdays)[number],
      number
    >),
  })),
  dayProfileTable: Object.entries(days).map(([id, starts]) => ({
    dayId: Number(id),
    daySchedule: Object.entries(starts).map(([start, selector]) => ({ startTime: time(start), ...script(selector) })),
  })),
});
