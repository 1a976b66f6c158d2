import { type CosemDateTime, type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import { ActivityCalendar } from "../classes/time/activity-calendar.ts";
import { SpecialDaysTable } from "../classes/time/special-days-table.ts";
import { type Timeline, timeOrder, type Values } from "../interface-class.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object, type TimeContext } from "../object.ts";
import { refuse } from "../refusal.ts";
import type { LocalTime } from "../time/local-time.ts";
import { isOff } from "../time/pattern.ts";
import {
  actionInForce,
  type CalendarAction,
  type CalendarTables,
  checkDays,
  checkNames,
  nextAction,
  unknownSpecialDay,
} from "./calendar-tables.ts";
import { noScript, runScripts, type Surroundings, surroundings } from "./local-action.ts";
import { singleInstant } from "./single-instant.ts";

type CalendarValues = Values<typeof ActivityCalendar>;

export interface ActivityCalendarOptions {
  readonly active: CalendarTables;
  /** An empty calendar by default. */
  readonly passive?: CalendarTables;
  /** The time at which the passive calendar is activated; never by default. */
  readonly activatePassiveCalendarTime?: CosemDateTime;
  /** What happens if a written activation time has already passed: the calendar is activated at once (by default) or never. */
  readonly pastActivation?: "at-once" | "never";
}

const empty: CalendarTables = {
  calendarName: new Uint8Array(0),
  seasonProfile: [],
  weekProfileTable: [],
  dayProfileTable: [],
};

/**
 * Runs scripts by season, week and day, in local time; on special days (`specialDays`) by the day profile of the special day (class 20;
 * Blue Book 4.5.5). The script in force is also run when the passive calendar becomes active, when the meter is new, and when a change of
 * the tables puts another script in force.
 */
export function activityCalendar(
  instance: LogicalName,
  {
    active,
    passive = empty,
    activatePassiveCalendarTime = unspecifiedDateTime,
    pastActivation = "at-once",
  }: ActivityCalendarOptions,
  hooks: Hooks<typeof ActivityCalendar> = {},
): CosemObject<typeof ActivityCalendar> {
  return object(
    ActivityCalendar,
    instance,
    {
      ...asActive(active),
      calendarNamePassive: passive.calendarName,
      seasonProfilePassive: passive.seasonProfile,
      weekProfileTablePassive: passive.weekProfileTable,
      dayProfileTablePassive: passive.dayProfileTable,
      activatePassiveCalendarTime,
      state: { activationPending: !isOff(activatePassiveCalendarTime), last: noScript },
    },
    {
      time: times,
      ...hooks,
      write: {
        dayProfileTableActive(values, written) {
          checkDays(written);
          values.dayProfileTableActive = written;
        },
        dayProfileTablePassive(values, written) {
          checkDays(written);
          values.dayProfileTablePassive = written;
        },
        activatePassiveCalendarTime(values, written, { local, now }) {
          const due = isOff(written) ? undefined : singleInstant(written, local);
          if (due === undefined && !isOff(written)) {
            throw refuse("other-reason", "a calendar is activated at one instant, or never: all fields not specified");
          }
          values.activatePassiveCalendarTime = written;
          const pending = due !== undefined && (due > now || pastActivation === "at-once");
          values.state = { ...stateOf(values), activationPending: pending };
        },
        ...hooks.write,
      },
      invoke: {
        activatePassiveCalendar(values, _, context) {
          activate(values);
          return run(values, context, actionInForce(activeOf(values), surroundings(context), context.now));
        },
        ...hooks.invoke,
      },
    },
  );
}

const times: Timeline<CalendarValues, Context, TimeContext> = {
  order: timeOrder.calendar,
  missed: "each",
  watches: [SpecialDaysTable.classId],
  next(values, context, after) {
    const activation = activationOf(values, context.local);
    const soon = Math.floor(after) + 1;
    if (activation !== undefined && activation <= after) return soon;
    const tables = activeOf(values);
    if (isOther(values, actionInForce(tables, context, after))) return soon;
    const next = nextAction(tables, context, after)?.at;
    if (activation === undefined || next === undefined) return activation ?? next;
    return Math.min(activation, next);
  },
  run(values, context, at): MaybePromise<void> {
    const around = surroundings(context);
    const activation = activationOf(values, context.local);
    const activates = activation !== undefined && activation <= at;
    if (activates) {
      values.state = { ...stateOf(values), activationPending: false };
      activateOrTell(values, context);
    }
    const action = actionInForce(activeOf(values), around, context.now);
    // If the call is late, the action that is in force now comes next, at its own instant.
    if (action === undefined || action.at > at) return undefined;
    if (action.at < at && !activates && !isOther(values, action)) return undefined;
    return run(values, context, action);
  },
  restored: missedUntil,
  moved(values, context, from, to) {
    if (to > from) return missedUntil(values, context, from, to);
    const action = actionInForce(activeOf(values), context, to);
    return action !== undefined && isOther(values, action) ? [action.at] : [];
  },
};

/** The activation of the passive calendar, and the last action after it; earlier actions are not run. */
function* missedUntil(values: Readonly<CalendarValues>, context: TimeContext, from: number, to: number) {
  const activation = activationOf(values, context.local);
  const activates = activation !== undefined && activation <= to;
  const since = activates ? Math.max(from, activation) : from;
  const tables = activates && isSound(passiveOf(values)) ? passiveOf(values) : activeOf(values);
  if (activates) yield activation;
  const last = actionInForce(tables, context, to);
  if (last !== undefined && last.at > since) yield last.at;
}

const stateOf = ({ state }: Readonly<CalendarValues>) => state ?? { activationPending: false, last: noScript };

/** Whether an action differs from the one that was run last. */
function isOther(values: Readonly<CalendarValues>, action: CalendarAction | undefined): boolean {
  if (action === undefined) return false;
  const { scriptLogicalName, scriptSelector } = stateOf(values).last;
  return action.script.scriptLogicalName !== scriptLogicalName || action.script.scriptSelector !== scriptSelector;
}

/** Runs an action and records it as the last one, even if it fails. */
function run(values: CalendarValues, context: Context, action: CalendarAction | undefined): MaybePromise<void> {
  if (action === undefined) return undefined;
  const { script } = action;
  values.state = { ...stateOf(values), last: script };
  tellOfSpecialDay(values, context, surroundings(context));
  return runScripts([script], context);
}

function tellOfSpecialDay(
  values: Readonly<CalendarValues>,
  { device, object, now }: Context,
  around: Surroundings,
): void {
  const unknown = unknownSpecialDay(activeOf(values), around, now);
  if (unknown === undefined) return;
  const failure = refuse("other-reason", `the calendar has no day ${unknown}; the day of the week is used`);
  device.failed?.(`the special day of ${object.instance}`, failure);
}

/** The time at which the passive calendar is to be activated; undefined: no time is set, or it was activated. */
function activationOf(values: Readonly<CalendarValues>, local: LocalTime): number | undefined {
  return stateOf(values).activationPending ? singleInstant(values.activatePassiveCalendarTime, local) : undefined;
}

/** Copies the passive calendar to the active one. Throws other-reason if it refers to a week or a day that it does not contain. */
function activate(values: CalendarValues): void {
  const tables = passiveOf(values);
  checkNames(tables);
  Object.assign(values, asActive(tables));
}

function activateOrTell(values: CalendarValues, { device, object }: Context): void {
  try {
    activate(values);
  } catch (error) {
    if (device.failed === undefined) throw error;
    device.failed(`the activation of the passive calendar of ${object.instance}`, error);
  }
}

function isSound(tables: CalendarTables): boolean {
  try {
    checkNames(tables);
    return true;
  } catch {
    return false;
  }
}

const activeOf = (values: Readonly<CalendarValues>): CalendarTables => ({
  calendarName: values.calendarNameActive,
  seasonProfile: values.seasonProfileActive,
  weekProfileTable: values.weekProfileTableActive,
  dayProfileTable: values.dayProfileTableActive,
});
const passiveOf = (values: Readonly<CalendarValues>): CalendarTables => ({
  calendarName: values.calendarNamePassive,
  seasonProfile: values.seasonProfilePassive,
  weekProfileTable: values.weekProfileTablePassive,
  dayProfileTable: values.dayProfileTablePassive,
});
const asActive = (tables: CalendarTables) => ({
  calendarNameActive: tables.calendarName,
  seasonProfileActive: tables.seasonProfile,
  weekProfileTableActive: tables.weekProfileTable,
  dayProfileTableActive: tables.dayProfileTable,
});
