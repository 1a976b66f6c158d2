import type { Data, DataTypeName } from "@dlmskit/apdu";
import { type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import { DemandRegister } from "../classes/data/demand-register.ts";
import { ExtendedRegister } from "../classes/data/extended-register.ts";
import { attributeName, type Timeline, timeOrder, type Values, type Watch } from "../interface-class.ts";
import { after, attempt, type MaybePromise } from "../maybe-promise.ts";
import type { WatchedChange } from "../object.ts";
import { type AnyObject, type Context, type CosemObject, type Hooks, object, type TimeContext } from "../object.ts";
import { refuse } from "../refusal.ts";
import type { LocalTime } from "../time/local-time.ts";
import { dayLength } from "../time/pattern.ts";
import type { Unit } from "../unit.ts";
import { amountOf, definitionOf, isAbove, type Monitored, readMonitored } from "./monitored-value.ts";

type DemandValues = Values<typeof DemandRegister>;
type State = NonNullable<DemandValues["state"]>;

/** A type that an average can have. */
export type AverageType = Extract<
  DataTypeName,
  "double-long" | "double-long-unsigned" | "long" | "long-unsigned" | "float32" | "float64"
>;

/** The lowest and the highest value of the integer types. */
const limits: { readonly [type in AverageType]?: readonly [least: number, largest: number] } = {
  long: [-0x8000, 0x7fff],
  "long-unsigned": [0, 0xffff],
  "double-long": [-0x80000000, 0x7fffffff],
  "double-long-unsigned": [0, 0xffffffff],
};

export interface DemandRegisterOptions {
  /**
   * The quantity to average, added up until `context.now`: energy in Wh for a demand in W; for another quantity its integral over time, in
   * its unit times hours, so that the average is its arithmetic mean. If it is a register (by object and attribute, or by value
   * definition), the register is read with its scaler; it may overflow or be reset.
   */
  readonly source: Monitored | ((context: Context) => MaybePromise<number>);
  /** The length of a period, seconds. */
  readonly period: number;
  /** 1 by default: block demand. More than 1: sliding demand. */
  readonly numberOfPeriods?: number;
  /** The unit of the averages. */
  readonly unit: Unit;
  /** The scaler of the averages: 0 by default. */
  readonly scaler?: number;
  /** double-long-unsigned by default. */
  readonly type?: AverageType;
  readonly status?: Data;
  /**
   * The effect of a power failure on the current period: it ends at power-down (`"close"` by default), or continues if the power returns
   * before its end (`"continue"`).
   */
  readonly powerFailure?: "close" | "continue";
}

const hour = 3_600_000;
const midnightOnly = { hour: 0, minute: 0, second: 0, hundredths: 0 };

/**
 * A demand register that computes averages (class 5; Blue Book 4.3.4). Periods start at multiples of `period` from local midnight. The
 * first one after a start, a reset or a clock setting is short, but is still divided by the full time. Writing the period or the number of
 * periods is a reset. A first period whose beginning is not known begins at the first boundary.
 */
export function demandRegister(
  instance: LogicalName,
  options: DemandRegisterOptions,
  hooks: Hooks<typeof DemandRegister> = {},
): CosemObject<typeof DemandRegister> {
  const { source, period, numberOfPeriods = 1, unit, scaler = 0, type = "double-long-unsigned" } = options;
  const { status = { type: "null-data" }, powerFailure = "close" } = options;
  const reading = (context: Context): MaybePromise<number | undefined> =>
    typeof source === "function" ? source(context) : scaledReading(definitionOf(source), context);
  const average = (values: Readonly<DemandValues>, added: number): Data => {
    const exact = (added * hour) / spanOf(values) / 10 ** values.scalerUnit.scaler;
    const range = limits[type];
    // If a client wrote a scaler with which the average does not fit, the nearest possible value is shown.
    return { type, value: range ? Math.min(Math.max(Math.round(exact), range[0]), range[1]) : exact } as Data;
  };

  /** Ends the current period at an instant, with the quantity added up so far. */
  const close = (values: DemandValues, { local }: Context, at: number, read: number | undefined): void => {
    const { numberOfPeriods: most, state } = values;
    const slots = state === undefined ? [] : [...state.slots, addedSince(state, read)].slice(-most);
    values.lastAverageValue = average(values, sum(slots)) as DemandValues["lastAverageValue"];
    values.captureTime = local.dateTimeOf(at);
    start(values, local, at, { slots, base: read ?? state?.base ?? 0 });
  };
  const closeNow = (values: DemandValues, context: Context): MaybePromise<void> =>
    after(reading(context), (read) => close(values, context, context.now, read));
  const reset = (values: DemandValues, context: Context): MaybePromise<void> =>
    after(reading(context), (read) => {
      values.lastAverageValue = average(values, 0) as DemandValues["lastAverageValue"];
      values.captureTime = context.local.dateTimeOf(context.now);
      values.startTimeCurrent = values.captureTime;
      values.state = { slots: [], base: read ?? values.state?.base ?? 0 };
    });

  const time: Timeline<DemandValues, Context, TimeContext> = {
    order: timeOrder.demand,
    missed: "each",
    next: (values, { local }, from) => nextBoundary(values.period, local, from),
    run: closeNow,
    moved: (_, __, ___, to) => [to],
    poweredUp(values, context, from, to) {
      if (powerFailure === "continue" && nextBoundary(values.period, context.local, from) > to) return undefined;
      const then: Context = Object.create(context, {
        ...{ now: { value: from }, elapsed: { value: context.elapsed - (context.now - from) } },
      });
      return after(reading(then), (read) => {
        close(values, context, from, read);
        return after(reading(context), (now) => {
          const slots = values.state?.slots ?? [];
          start(values, context.local, to, { slots, base: now ?? read ?? 0 });
        });
      });
    },
  };
  const begun = typeof source === "function" ? undefined : templateReading(source);
  return object(
    DemandRegister,
    instance,
    {
      ...(begun === undefined ? {} : { state: { slots: [], base: begun } }),
      currentAverageValue: { type, value: 0 } as never,
      lastAverageValue: { type, value: 0 } as never,
      scalerUnit: { scaler, unit },
      ...{ status: status as never, captureTime: unspecifiedDateTime, startTimeCurrent: unspecifiedDateTime },
      ...{ period, numberOfPeriods },
    },
    {
      time,
      ...hooks,
      read: {
        currentAverageValue(values, context) {
          const { state, numberOfPeriods: most } = values;
          if (state === undefined) return average(values, 0) as never;
          const before = most > 1 ? sum(state.slots.slice(1 - most)) : 0;
          return after(reading(context), (read) => average(values, before + addedSince(state, read))) as never;
        },
        ...hooks.read,
      },
      write: {
        period(values, written, context) {
          if (written === 0) throw refuse("other-reason", "a period lasts at least a second");
          values.period = written;
          return reset(values, context);
        },
        numberOfPeriods(values, written, context) {
          if (written === 0) throw refuse("other-reason", "an average is over at least one period");
          values.numberOfPeriods = written;
          return reset(values, context);
        },
        ...hooks.write,
      },
      invoke: {
        reset: (values, _, context) => reset(values, context),
        nextPeriod: (values, _, context) => closeNow(values, context),
        ...hooks.invoke,
      },
    },
  );
}

/** The time that an average covers, ms. */
const spanOf = ({ period, numberOfPeriods }: Readonly<DemandValues>): number => period * 1000 * numberOfPeriods;
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** The quantity added up in the current period. A reading that is lower than before means that the register started again at 0. */
const addedSince = ({ base }: State, read: number | undefined): number =>
  read === undefined ? 0 : read >= base ? read - base : read;

function start(values: DemandValues, local: LocalTime, at: number, state: State): void {
  values.state = state;
  values.startTimeCurrent = local.dateTimeOf(at - (values.numberOfPeriods - 1) * values.period * 1000);
}

/** The next end of a period: multiples of the period from local midnight, and midnight itself. */
function nextBoundary(period: number, local: LocalTime, after: number): number {
  const length = period * 1000;
  const multiple = local.nextMultiple(length, after);
  if (dayLength % length === 0 || length > dayLength) return multiple;
  const midnight = local.instantOf(local.dayOf(after) * dayLength);
  const inDay = midnight + (Math.floor((after - midnight) / length) + 1) * length;
  const everyDay = { year: null, month: null, day: null, dayOfWeek: null };
  return Math.min(inDay, local.next(everyDay, midnightOnly, after) ?? inDay);
}

/** The value of a register times its scaler. */
function scaledReading(source: ReturnType<typeof definitionOf>, context: Context): MaybePromise<number | undefined> {
  const { device } = context;
  const read = attempt<Data | undefined>(
    () => readMonitored(source, context),
    (error) => {
      device.failed?.(`the source of ${context.object.instance}`, error);
      return undefined;
    },
  );
  return after(read, (data) => {
    const target = device.find(source.classId, source.instanceId);
    if (data === undefined || target === undefined) return undefined;
    return Number(amountOf(data)) * scaleOf(target, device.values(target));
  });
}

function scaleOf({ spec }: AnyObject, values: Readonly<Record<string, unknown>>): number {
  const name = (spec as typeof DemandRegister).traits?.scaled?.scalerUnit as string | undefined;
  const scaled = name === undefined ? undefined : (values[name] as { readonly scaler: number } | undefined);
  return 10 ** (scaled?.scaler ?? 0);
}

/** The first value of a register of the same template; undefined if a read hook computes its value. */
function templateReading(source: Monitored): number | undefined {
  if (!Array.isArray(source)) return undefined;
  const [target, attributeId] = source as readonly [AnyObject, number];
  const found = attributeName(target.spec, attributeId);
  if (found === undefined || target.hooks.read?.[found] !== undefined) return undefined;
  const value: unknown = target.values[found];
  const amount = typeof value === "object" && value !== null && "value" in value ? value.value : value;
  if (typeof amount !== "number" && typeof amount !== "bigint") return undefined;
  return Number(amount) * scaleOf(target, target.values);
}

/**
 * An Extended register that keeps the highest average of a demand register, and the time when it was calculated (Blue Book 4.3.4, maximum
 * demand). `reset` starts again: a billing script invokes it after next_period of the demand register.
 */
export function maximumRegister(
  instance: LogicalName,
  of: CosemObject<typeof DemandRegister>,
  hooks: Hooks<typeof ExtendedRegister> = {},
): CosemObject<typeof ExtendedRegister> {
  type Maximum = Values<typeof ExtendedRegister>;
  const lastAverage = definitionOf([of, DemandRegister.attributes.lastAverageValue.id]);
  const watch: Watch<Maximum, Context, WatchedChange> = {
    attributes: () => [lastAverage],
    changed: (values, context) =>
      after(readMonitored(lastAverage, context), (value) => {
        if (value === undefined || !isAbove(value, values.value as Data)) return;
        values.value = value as Maximum["value"];
        values.captureTime = context.local.dateTimeOf(context.now);
      }),
  };
  const { type } = of.values.lastAverageValue;
  const zero = { type, value: 0 } as Maximum["value"];
  const values = { value: zero, scalerUnit: of.values.scalerUnit, status: of.values.status };
  return object(
    ExtendedRegister,
    instance,
    { ...values, captureTime: unspecifiedDateTime },
    {
      watch,
      ...hooks,
      invoke: {
        reset(own, _, { local, now }) {
          own.value = zero;
          own.captureTime = local.dateTimeOf(now);
        },
        ...hooks.invoke,
      },
    },
  );
}
