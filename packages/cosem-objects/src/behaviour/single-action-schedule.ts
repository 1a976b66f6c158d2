import { type CosemDate, type CosemTime, dateOfDays, daysOf, type LogicalName } from "@dlmskit/core";
import type { ActionItem } from "../classes/common-types.ts";
import { SingleActionSchedule } from "../classes/time/single-action-schedule.ts";
import { type Timeline, timeOrder, type Values } from "../interface-class.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { type Context, type CosemObject, type Hooks, object, type TimeContext } from "../object.ts";
import { refuse } from "../refusal.ts";
import type { LocalTime } from "../time/local-time.ts";
import { dayLength } from "../time/pattern.ts";
import { runScripts } from "./local-action.ts";

type ScheduleValues = Values<typeof SingleActionSchedule>;
type Times = ScheduleValues["executionTime"];
type ExecutionTime = Times[number];

export interface SingleActionScheduleOptions {
  readonly executedScript: ActionItem;
  /** 1 to 5, as the class defines them; 5 by default: any times, with wildcards in dates. */
  readonly type?: number;
  readonly executionTime: Times;
  /**
   * What is done about execution times that passed while there was no power, or that were skipped because the clock was set forward:
   * nothing (`"skip"` by default), or the script runs once (`"once"`, for billing and the activation of images).
   */
  readonly catchUp?: "skip" | "once";
}

/**
 * Runs one script at listed dates and times of local time (class 22; Blue Book 4.5.7). A date and time without wildcards is executed only
 * once, even if the clock is set back. If written times do not fit `type`, they are refused (other-reason).
 */
export function singleActionSchedule(
  instance: LogicalName,
  { executedScript, type = 5, executionTime, catchUp = "skip" }: SingleActionScheduleOptions,
  hooks: Hooks<typeof SingleActionSchedule> = {},
): CosemObject<typeof SingleActionSchedule> {
  return object(
    SingleActionSchedule,
    instance,
    { executedScript, type, executionTime },
    {
      time: catchUp === "once" ? { ...times, ...catchingUp } : times,
      ...hooks,
      write: {
        type(values, written) {
          if (written < 1 || written > 5) throw refuse("other-reason", `type ${written} is not 1 to 5`);
          values.type = written;
        },
        executionTime(values, written) {
          check(values.type, written);
          values.executionTime = written;
          values.state = [];
        },
        ...hooks.write,
      },
    },
  );
}

const times: Timeline<ScheduleValues, Context, TimeContext> = {
  order: timeOrder.singleAction,
  missed: "each",
  next(values, { local }, after) {
    const instants = instantsOf(values.executionTime, local, after);
    let first: number | undefined;
    for (const [place] of open(values)) {
      const at = instants(place);
      if (at !== undefined && (first === undefined || at < first)) first = at;
    }
    return first;
  },
  run(values, context, at): MaybePromise<void> {
    const { local } = context;
    const come = open(values).filter(
      ([, { date, time }]) => isSingle(date, time) && local.next(date, time, at - 1) === at,
    );
    if (come.length > 0) values.state = [...(values.state ?? []), ...come.map(([place]) => place)];
    return runScripts([values.executedScript], context);
  },
};

interface Known {
  readonly local: LocalTime;
  readonly since: number;
  after: number;
  /** By place in the list; null: never, within the time that is searched. */
  readonly instants: (number | null | undefined)[];
}

// A list that a client wrote may have thousands of entries, and each time one is due all of them would be computed again.
const many = 16;
const known = new WeakMap<Times, Known>();

/**
 * The next instant of each execution time after an instant. In long lists a computed instant is used again until it has passed, for at most
 * a day.
 */
function instantsOf(times: Times, local: LocalTime, after: number): (place: number) => number | undefined {
  const look = (place: number): number | undefined => {
    const { date, time } = times[place] as ExecutionTime;
    return local.next(date, time, after);
  };
  if (times.length <= many) return look;
  let found = known.get(times);
  if (found === undefined || found.local !== local || after < found.after || after - found.since > dayLength) {
    found = { local, since: after, after, instants: [] };
    known.set(times, found);
  }
  found.after = after;
  const { instants } = found;
  return (place) => {
    const instant = instants[place];
    if (instant === null) return undefined;
    if (instant !== undefined && instant > after) return instant;
    const next = look(place);
    instants[place] = next ?? null;
    return next;
  };
}

/** The last execution time in a span. */
function missedOnce(values: Readonly<ScheduleValues>, { local }: TimeContext, from: number, to: number): number[] {
  const instants = open(values).map(([, { date, time }]) => local.last(date, time, to) ?? from);
  const last = Math.max(from, ...instants);
  return last > from ? [last] : [];
}

const catchingUp: Pick<Timeline<ScheduleValues, Context, TimeContext>, "restored" | "moved"> = {
  restored: missedOnce,
  moved: missedOnce,
};

/** The execution times with their places, without those that occur only once and have been executed. */
function open({ executionTime, state = [] }: Readonly<ScheduleValues>): (readonly [number, ExecutionTime])[] {
  const come = new Set(state);
  return executionTime.map((one, place) => [place, one] as const).filter(([place]) => !come.has(place));
}

const hasDate = ({ year, month, day }: CosemDate): boolean => year !== null && month !== null && day !== null;

/** Whether the execution time occurs only once. */
const isSingle = (date: CosemDate, time: CosemTime): boolean =>
  hasDate(date) && time.hour !== null && time.minute !== null && time.second !== null;

const isDummy = ({ date, time }: ExecutionTime): boolean =>
  date.year === 0 && date.month === 0 && date.day === 0 && time.hour === 0 && time.minute === 0 && time.second === 0;

const isSameTime = (one: CosemTime, other: CosemTime): boolean =>
  one.hour === other.hour &&
  one.minute === other.minute &&
  one.second === other.second &&
  (one.hundredths ?? 0) === (other.hundredths ?? 0);

function check(type: number, written: Times): void {
  const used = written.filter((one) => !isDummy(one));
  const [first] = used;
  if (type === 1 && written.length > 1) throw refuse("other-reason", "type 1 has one execution time");
  if (first !== undefined && type <= 3 && !used.every(({ time }) => isSameTime(time, first.time))) {
    throw refuse("other-reason", `all execution times of type ${type} have the same time`);
  }
  for (const { date } of used) {
    if ((type === 2 || type === 4) && !hasDate(date)) {
      throw refuse("other-reason", `execution times of type ${type} have no wildcards in their dates`);
    }
    if (!agrees(date)) throw refuse("other-reason", "a date and its day of week do not agree");
  }
}

/** Whether the day of week of a complete date is correct for that date. */
function agrees({ year, month, day, dayOfWeek }: CosemDate): boolean {
  if (year === null || month === null || day === null || dayOfWeek === null) return true;
  return month > 12 || day > 31 || dateOfDays(daysOf(year, month, day)).dayOfWeek === dayOfWeek;
}
