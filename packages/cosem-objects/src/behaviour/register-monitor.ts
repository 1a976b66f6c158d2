import type { Data } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import type { ActionItem } from "../classes/common-types.ts";
import { RegisterMonitor } from "../classes/time/register-monitor.ts";
import type { Timeline, Values, Watch } from "../interface-class.ts";
import { after, attempt, type MaybePromise } from "../maybe-promise.ts";
import type { Context, CosemObject, Hooks, TimeContext, WatchedChange } from "../object.ts";
import { object } from "../object.ts";
import { runScripts } from "./local-action.ts";
import {
  byAmount,
  checkMonitored,
  checkThresholds,
  definitionOf,
  isAbove,
  type Monitored,
  nextSample,
  noValue,
  readMonitored,
  sampling,
  simpleData,
} from "./monitored-value.ts";

type MonitorValues = Values<typeof RegisterMonitor>;

export interface RegisterMonitorOptions {
  readonly monitored?: Monitored;
  /** In the type of the monitored value and with its scaler. */
  readonly thresholds?: MonitorValues["thresholds"];
  /** One action set for each threshold. */
  readonly actions?: MonitorValues["actions"];
  /** Also reads the value at this interval, seconds. For a value that a read hook computes: its changes are not stored. */
  readonly sampleEvery?: number;
}

/**
 * Runs scripts when a value crosses thresholds (class 21; Blue Book 4.5.6): upwards when it was not above a threshold and now is, downwards
 * in the opposite case; an equal value is not above. If several thresholds are crossed at once, the lower ones come first on the way up.
 * The scripts run in the unit of work that changed the value.
 */
export function registerMonitor(
  instance: LogicalName,
  { monitored = noValue, thresholds = [], actions = [], sampleEvery }: RegisterMonitorOptions = {},
  hooks: Hooks<typeof RegisterMonitor> = {},
): CosemObject<typeof RegisterMonitor> {
  const timeline: Timeline<MonitorValues, Context, TimeContext> = {
    ...sampling,
    next: (_, __, from) => nextSample(sampleEvery, from),
    run: (values, context) => look(values, context),
    poweredUp: (values, context) => begin(values, context),
  };
  return object(
    RegisterMonitor,
    instance,
    { monitoredValue: definitionOf(monitored), thresholds, actions },
    {
      time: timeline,
      watch,
      ...hooks,
      write: {
        thresholds(values, written, context) {
          return after(checkThresholds(written, values.monitoredValue, context), () => {
            values.thresholds = written;
            return begin(values, context);
          });
        },
        monitoredValue(values, written, context) {
          checkMonitored(written, context.device);
          values.monitoredValue = written;
          return begin(values, context);
        },
        ...hooks.write,
      },
    },
  );
}

const watch: Watch<MonitorValues, Context, WatchedChange> = {
  attributes: ({ monitoredValue }) => [monitoredValue],
  changed: (values, context, [change]) => look(values, context, change?.before),
};

const sidesOf = ({ thresholds }: Readonly<MonitorValues>, value: Data): boolean[] =>
  thresholds.map((threshold) => isAbove(value, threshold));

/** Determines the side of each threshold from the current value, without running an action. */
function begin(values: MonitorValues, context: Context): MaybePromise<void> {
  const read = attempt<Data | undefined>(
    () => readMonitored(values.monitoredValue, context),
    () => undefined,
  );
  return after(read, (value) => {
    values.state = value === undefined ? [] : sidesOf(values, value);
  });
}

/**
 * Reads the value and runs the actions of crossed thresholds; `before`: the value before the first change, if it has not been evaluated
 * yet.
 */
function look(values: MonitorValues, context: Context, before?: WatchedChange["before"]): MaybePromise<void> {
  return after(readMonitored(values.monitoredValue, context), (value) => {
    if (value === undefined) return undefined;
    const { thresholds, actions, state } = values;
    const known = state?.length === thresholds.length ? state : undefined;
    const stood = known === undefined ? simpleData(before) : undefined;
    const was = known ?? (stood === undefined ? undefined : sidesOf(values, stood));
    const is = sidesOf(values, value);
    if (known?.every((side, at) => side === is[at]) === true) return undefined;
    values.state = is;
    return runScripts(crossedScripts({ thresholds, actions }, was, is), context);
  });
}

/** The scripts of the crossed thresholds, in their order; `was`, `is`: whether the value was and is above each threshold. */
export function crossedScripts(
  { thresholds, actions }: Pick<MonitorValues, "thresholds" | "actions">,
  was: readonly boolean[] | undefined,
  is: readonly boolean[],
): readonly ActionItem[] {
  const crossed = [...thresholds.keys()]
    .filter((at) => was !== undefined && was[at] !== is[at])
    .sort((one, other) => byAmount(thresholds[one] as Data, thresholds[other] as Data) || one - other);
  const up = crossed.filter((at) => is[at] === true).map((at) => actions[at]?.actionUp);
  const down = crossed.filter((at) => is[at] === false).map((at) => actions[at]?.actionDown);
  return [...up, ...down.reverse()].filter((script) => script !== undefined);
}
