import { dateOfDays, type LogicalName, unspecifiedDate } from "@dlmskit/core";
import { Schedule } from "../classes/time/schedule.ts";
import { SpecialDaysTable } from "../classes/time/special-days-table.ts";
import { type Timeline, timeOrder, type Values } from "../interface-class.ts";
import { checkListSize } from "../list-size.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object, type TimeContext } from "../object.ts";
import { refuse } from "../refusal.ts";
import { dayLength, timeFrom } from "../time/pattern.ts";
import { earliestDay, isInRange, latestDay } from "./date-range.ts";
import { runScripts, type Surroundings, surroundings } from "./local-action.ts";
import { specialDayId } from "./special-days.ts";

type ScheduleValues = Values<typeof Schedule>;
type Entries = ScheduleValues["entries"];
type Entry = Entries[number];

const lastIndex = 9999;
const withoutLimit = 0xffff;
const minute = 60_000;
// If an entry ever becomes due, it does so within this number of days: around 2100 two leap days are eight years apart.
const daysAhead = 3660;

const times: Timeline<ScheduleValues, Context, TimeContext> = {
  order: timeOrder.schedule,
  missed: "each",
  watches: [SpecialDaysTable.classId],
  next: ({ entries }, context, after) => earliest(entries.map((entry) => nextOf(entry, context, after))),
  run({ entries }, context, at): MaybePromise<void> {
    const around = surroundings(context);
    const late = context.now - at;
    const due = entries
      .filter((entry) => nextOf(entry, around, at - 1) === at && isValid(entry, late))
      .map((entry) => ({ entry, time: timeOfDay(entry, at, around) }))
      .sort((one, other) => one.time - other.time || one.entry.index - other.entry.index);
    return runScripts(
      due.map(({ entry }) => entry),
      context,
    );
  },
  restored: missedUntil,
  // If the clock is set back, nothing was missed, and the entries in the repeated span run normally.
  moved: missedUntil,
};

/** Runs scripts by time of day, weekday and special day (class 10; Blue Book 4.5.3). */
export function schedule(
  instance: LogicalName = "0.0.12.0.0.255",
  entries: Entries = [],
  hooks: Hooks<typeof Schedule> = {},
): CosemObject<typeof Schedule> {
  return object(
    Schedule,
    instance,
    { entries },
    {
      time: times,
      ...hooks,
      write: {
        entries(values, written) {
          for (const { index } of written) checkIndex(index);
          const indexes = new Set(written.map(({ index }) => index));
          if (indexes.size < written.length) throw refuse("other-reason", "two entries have the same index");
          values.entries = written;
        },
        ...hooks.write,
      },
      invoke: {
        enableDisable(values, { firstIndexA, lastIndexA, firstIndexB, lastIndexB }) {
          values.entries = values.entries.map((entry) => {
            if (isWithin(entry, firstIndexB, lastIndexB)) return { ...entry, enable: true };
            return isWithin(entry, firstIndexA, lastIndexA) ? { ...entry, enable: false } : entry;
          });
        },
        insert(values, entry) {
          checkIndex(entry.index);
          const at = values.entries.findIndex(({ index }) => index === entry.index);
          const entries = at < 0 ? [...values.entries, entry] : values.entries.with(at, entry);
          checkListSize(Schedule.attributes.entries.type, entries);
          values.entries = entries;
        },
        delete(values, { firstIndex, lastIndex: last }) {
          values.entries = values.entries.filter((entry) => !isWithin(entry, firstIndex, last));
        },
        ...hooks.invoke,
      },
    },
  );
}

const isWithin = ({ index }: Entry, first: number, last: number): boolean => index >= first && index <= last;

function checkIndex(index: number): void {
  if (index < 1 || index > lastIndex) throw refuse("other-reason", `index ${index} is not 1 to ${lastIndex}`);
}

function earliest(instants: readonly (number | undefined)[]): number | undefined {
  let found: number | undefined;
  for (const at of instants) if (at !== undefined && (found === undefined || at < found)) found = at;
  return found;
}

/** Whether an entry may still run this number of ms after its time; in normal operation, with 0, it always may. */
const isValid = ({ validityWindow }: Entry, late: number): boolean =>
  validityWindow === withoutLimit || late <= validityWindow * minute;

/** The instants in a span that must be run at its end: those whose validity window has not passed. */
function* missedUntil({ entries }: Readonly<ScheduleValues>, context: TimeContext, from: number, to: number) {
  const since = ({ validityWindow }: Entry): number =>
    validityWindow === withoutLimit ? from : Math.max(from, to - validityWindow * minute - 1);
  const nextAfter = (after: number): number | undefined =>
    earliest(entries.map((entry) => nextOf(entry, context, Math.max(after, since(entry)))));
  for (let at = nextAfter(from); at !== undefined && at <= to; at = nextAfter(at)) yield at;
}

/** The first instant after `after` at which an entry runs; undefined: never. */
function nextOf(entry: Entry, around: Surroundings, after: number): number | undefined {
  const { enable, execWeekdays, execSpecdays, beginDate, endDate, switchTime } = entry;
  if (!enable || !(execWeekdays.includes("1") || execSpecdays.includes("1"))) return undefined;
  const { local } = around;
  const today = local.dayOf(after);
  const first = Math.max(today, earliestDay(beginDate) ?? today);
  const last = Math.min(first + daysAhead, latestDay(endDate) ?? first + daysAhead);
  for (let day = first; day <= last; day++) {
    if (!isInRange(day, beginDate, endDate, local) || !runsOn(entry, day, around)) continue;
    const { year, month, day: dayOfMonth } = dateOfDays(day);
    const at = local.next({ year, month, day: dayOfMonth, dayOfWeek: null }, switchTime, after);
    if (at !== undefined) return at;
    // The time does not exist on any day.
    if (day > today && local.next(unspecifiedDate, switchTime, after) === undefined) return undefined;
  }
  return undefined;
}

function runsOn({ execWeekdays, execSpecdays }: Entry, day: number, around: Surroundings): boolean {
  const special = specialDayId(day, around);
  if (special !== undefined) return execSpecdays[special - 1] === "1";
  return execWeekdays[dateOfDays(day).dayOfWeek - 1] === "1";
}

/**
 * The local time of day (ms) of the entries that are due at an instant. When daylight saving begins, the entries with a skipped time are
 * due together.
 */
function timeOfDay({ switchTime }: Entry, at: number, { local }: Surroundings): number {
  const before = local.localOf(at - 1) + 1;
  return timeFrom(before - Math.floor(before / dayLength) * dayLength, switchTime) ?? 0;
}
