import { type CosemDateTime, type CosemTime, dateOfDays, sameOctets } from "@dlmskit/core";
import type { ActionItem } from "../classes/common-types.ts";
import type { ActivityCalendar } from "../classes/time/activity-calendar.ts";
import type { Values } from "../interface-class.ts";
import { refuse } from "../refusal.ts";
import type { LocalTime } from "../time/local-time.ts";
import { dayLength, isOff } from "../time/pattern.ts";
import type { Surroundings } from "./local-action.ts";
import { specialDayId } from "./special-days.ts";

type CalendarValues = Values<typeof ActivityCalendar>;

/** One calendar of the two that an Activity calendar holds. */
export interface CalendarTables {
  readonly calendarName: CalendarValues["calendarNameActive"];
  readonly seasonProfile: CalendarValues["seasonProfileActive"];
  readonly weekProfileTable: CalendarValues["weekProfileTableActive"];
  readonly dayProfileTable: CalendarValues["dayProfileTableActive"];
}
type Season = CalendarTables["seasonProfile"][number];
type Week = CalendarTables["weekProfileTable"][number];
type Day = CalendarTables["dayProfileTable"][number];

/** A script and the instant at which it is due. */
export interface CalendarAction {
  readonly at: number;
  readonly script: ActionItem;
}

const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
// An action is in force for at most a week.
const daysBack = 7;
// If an action ever becomes due, it does so within this number of days: around 2100 two leap days are eight years apart.
const daysAhead = 3660;

/** The action that is in force at an instant: the last one of that day, or else the last one of an earlier day, at most a week before. */
export function actionInForce(tables: CalendarTables, around: Surroundings, at: number): CalendarAction | undefined {
  const today = around.local.dayOf(at);
  for (let day = today; day >= today - daysBack; day--) {
    const found = actionsOf(tables, around, day).findLast((action) => action.at <= at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first action after an instant; undefined: there is none. */
export function nextAction(tables: CalendarTables, around: Surroundings, after: number): CalendarAction | undefined {
  if (!tables.dayProfileTable.some(({ daySchedule }) => daySchedule.length > 0)) return undefined;
  const { local } = around;
  const today = local.dayOf(after);
  for (let day = today; day <= today + daysAhead; day++) {
    const found = actionsOf(tables, around, day).find((action) => action.at > after);
    if (found !== undefined) return found;
    const started = seasonAt(tables, local.instantOf((day + 1) * dayLength), local) !== undefined;
    if (!started) day = Math.max(day, (firstSeasonDay(tables, local, after) ?? today + daysAhead) - 1);
  }
  return undefined;
}

/** The day on which the earliest season starts. */
function firstSeasonDay({ seasonProfile }: CalendarTables, local: LocalTime, after: number): number | undefined {
  const starts = seasonProfile.map(({ seasonStart }) => local.next(seasonStart, startTime(seasonStart), after));
  const first = Math.min(...starts.map((start) => start ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(first) ? local.dayOf(first) : undefined;
}

/**
 * The actions of a day (since 1970-01-01 local), in order. If several are due at one instant, as when daylight saving begins, only the last
 * one.
 */
function actionsOf(tables: CalendarTables, around: Surroundings, day: number): readonly CalendarAction[] {
  const { local } = around;
  const begin = local.instantOf(day * dayLength);
  const end = local.instantOf((day + 1) * dayLength);
  // Another season may start within the day.
  const cuts = [begin, ...seasonStarts(tables, local, begin, end)];
  const found = new Map<number, ActionItem>();
  for (const [index, from] of cuts.entries()) {
    const to = cuts[index + 1] ?? end;
    const schedule = dayProfile(tables, around, day, from)?.daySchedule ?? [];
    for (const { startTime: start, scriptLogicalName, scriptSelector } of schedule.toSorted(byStartTime)) {
      const at = local.instantOf(day * dayLength + inDay(start));
      if (at >= from && at < to) found.set(at, { scriptLogicalName, scriptSelector });
    }
  }
  return [...found].map(([at, script]) => ({ at, script }));
}

/** The instants at which seasons start within a span, without the beginning of the span, in order. */
function seasonStarts({ seasonProfile }: CalendarTables, local: LocalTime, begin: number, end: number): number[] {
  const starts = new Set<number>();
  for (const { seasonStart } of seasonProfile) {
    const start = latestStart(seasonStart, end - 1, local);
    if (start !== undefined && start > begin) starts.add(start);
  }
  return [...starts].sort((one, other) => one - other);
}

/** The season at an instant: the one that started last; if several start together, the last one in the array. */
function seasonAt({ seasonProfile }: CalendarTables, at: number, local: LocalTime): Season | undefined {
  let found: Season | undefined;
  let since = Number.NEGATIVE_INFINITY;
  for (const season of seasonProfile) {
    const start = latestStart(season.seasonStart, at, local);
    if (start === undefined || start < since) continue;
    found = season;
    since = start;
  }
  return found;
}

/** When a season last started; undefined: never. If no field is specified, the season starts at the beginning of time. */
function latestStart(start: CosemDateTime, at: number, local: LocalTime): number | undefined {
  return isOff(start) ? Number.NEGATIVE_INFINITY : local.last(start, startTime(start), at);
}

/** A season starts once a day: fields that are not specified are taken as 0. */
const startTime = ({ hour, minute, second, hundredths }: CosemDateTime): CosemTime => ({
  hour: hour ?? 0,
  minute: minute ?? 0,
  second: second ?? 0,
  hundredths: hundredths ?? 0,
});

/** The day profile of a day, according to the season at an instant. */
function dayProfile(tables: CalendarTables, around: Surroundings, day: number, at: number): Day | undefined {
  const { weekProfileTable, dayProfileTable } = tables;
  const season = seasonAt(tables, at, around.local);
  const week = season && weekOf(weekProfileTable, season);
  if (week === undefined) return undefined;
  const special = specialDayId(day, around);
  const profile = special === undefined ? undefined : dayOf(dayProfileTable, special);
  return profile ?? dayOf(dayProfileTable, week[weekdays[dateOfDays(day).dayOfWeek - 1] as (typeof weekdays)[number]]);
}

/** The day_id of a special day that has no day profile; undefined: the day is not a special day, or it has a day profile. */
export function unknownSpecialDay(tables: CalendarTables, around: Surroundings, at: number): number | undefined {
  const special = specialDayId(around.local.dayOf(at), around);
  return special === undefined || dayOf(tables.dayProfileTable, special) !== undefined ? undefined : special;
}

const weekOf = (weeks: readonly Week[], { weekName }: Season): Week | undefined =>
  weeks.find(({ weekProfileName }) => sameOctets(weekProfileName, weekName));
const dayOf = (days: readonly Day[], id: number): Day | undefined => days.find(({ dayId }) => dayId === id);

const inDay = ({ hour, minute, second }: CosemTime): number =>
  (((hour ?? 0) * 60 + (minute ?? 0)) * 60 + (second ?? 0)) * 1000;
const byStartTime = (one: Day["daySchedule"][number], other: Day["daySchedule"][number]): number =>
  inDay(one.startTime) - inDay(other.startTime);

/** Refuses (other-reason) a start_time that contains wildcards or does not exist on any day; a time of all zeros is valid. */
export function checkDays(days: CalendarTables["dayProfileTable"]): void {
  for (const { dayId, daySchedule } of days) {
    for (const { startTime: start } of daySchedule) {
      const { hour, minute, second } = start;
      if ((hour ?? 24) < 24 && (minute ?? 60) < 60 && (second ?? 60) < 60) continue;
      throw refuse("other-reason", `a start_time of day ${dayId} is not a time of day`);
    }
  }
}

/** Refuses (other-reason) a calendar in which a season refers to a missing week, or a week to a missing day. */
export function checkNames({ seasonProfile, weekProfileTable, dayProfileTable }: CalendarTables): void {
  for (const season of seasonProfile) {
    // A dummy season of zeros never starts.
    if (season.seasonStart.month === 0) continue;
    const week = weekOf(weekProfileTable, season);
    if (week === undefined) throw refuse("other-reason", "a season names a week that the calendar does not have");
    for (const weekday of weekdays) {
      if (dayOf(dayProfileTable, week[weekday]) !== undefined) continue;
      throw refuse("other-reason", `a week names day ${week[weekday]}, which the calendar does not have`);
    }
  }
}
