import type { Data } from "@dlmskit/apdu";
import { dateTimeOf, type LogicalName } from "@dlmskit/core";
import type { ValueDefinition } from "../classes/common-types.ts";
import { SensorManager } from "../classes/time/sensor-manager.ts";
import { defaultObject } from "../default-object.ts";
import type { Values, Watch } from "../interface-class.ts";
import { after, attempt, type MaybePromise } from "../maybe-promise.ts";
import type { Context, CosemObject, Hooks, WatchedChange } from "../object.ts";
import { runScripts } from "./local-action.ts";
import { definitionOf, isAbove, type Monitored, noValue, readMonitored, simpleData } from "./monitored-value.ts";
import { crossedScripts } from "./register-monitor.ts";

type SensorValues = Values<typeof SensorManager>;
type Sides = NonNullable<SensorValues["state"]>;

export interface SensorManagerOptions extends Partial<Omit<SensorValues, "processedValue" | "state">> {
  /** The attribute that holds the processed value; none by default. */
  readonly processedValue?: Monitored;
}

/**
 * A sensor (class 67; Blue Book 4.5.11). Its raw value is that of an Extended register. The raw and the processed value both run scripts
 * when they cross thresholds, as in a Register monitor. Values that are not passed have the default of the class. `reset` restores the raw
 * value and the status that it was made with, and sets the capture time to now.
 */
export function sensorManager(
  instance: LogicalName,
  { processedValue = noValue, ...values }: SensorManagerOptions = {},
  hooks: Hooks<typeof SensorManager> = {},
): CosemObject<typeof SensorManager> {
  const begun = { ...values, processedValue: definitionOf(processedValue) };
  const made = defaultObject(SensorManager, instance, begun);
  const { rawValue, status } = made.values;
  const begin = (now: SensorValues, context: Context): MaybePromise<void> =>
    after(sidesOf(now, context), (sides) => {
      now.state = sides;
    });
  return defaultObject(SensorManager, instance, begun, {
    watch: watching(made.instance),
    ...hooks,
    write: {
      ...startingAnew(begin),
      ...hooks.write,
    },
    invoke: {
      reset(now, _, { now: instant, deviation }) {
        now.rawValue = rawValue;
        now.status = status;
        now.captureTime = dateTimeOf(instant, deviation);
      },
      ...hooks.invoke,
    },
  });
}

const monitoring = ["rawValueThresholds", "processedValueThresholds", "processedValue"] as const;

/** The thresholds or the monitored value changed: the side of each threshold is determined again, and no script is run. */
function startingAnew(
  begin: (values: SensorValues, context: Context) => MaybePromise<void>,
): NonNullable<Hooks<typeof SensorManager>["write"]> {
  const write = (name: string) => (values: SensorValues, written: unknown, context: Context) => {
    (values as Record<string, unknown>)[name] = written;
    return begin(values, context);
  };
  return Object.fromEntries(monitoring.map((name) => [name, write(name)]));
}

const rawValueOf = (instanceId: LogicalName): ValueDefinition => ({
  ...{ classId: SensorManager.classId, instanceId },
  attributeId: SensorManager.attributes.rawValue.id,
});

const watching = (instance: LogicalName): Watch<SensorValues, Context, WatchedChange> => ({
  attributes: ({ processedValue }) => [rawValueOf(instance), processedValue],
  changed(values, context, changes) {
    return after(sidesOf(values, context), (is) => {
      const was = values.state ?? before(values, instance, changes, is);
      values.state = is;
      const { rawValueThresholds, rawValueActions, processedValueThresholds, processedValueActions } = values;
      const raw = { thresholds: rawValueThresholds as Data[], actions: rawValueActions };
      const processed = { thresholds: processedValueThresholds as Data[], actions: processedValueActions };
      const scripts = [
        ...crossedScripts(raw, known(was.raw, is.raw), is.raw),
        ...crossedScripts(processed, known(was.processed, is.processed), is.processed),
      ];
      return scripts.length === 0 ? undefined : runScripts(scripts, context);
    });
  },
});

const sides = (thresholds: readonly unknown[], value: Data | undefined): boolean[] =>
  value === undefined ? [] : thresholds.map((threshold) => isAbove(value, threshold as Data));

/** Whether each value is above each of its thresholds now; empty for a value that cannot be read. */
function sidesOf(values: Readonly<SensorValues>, context: Context): MaybePromise<Sides> {
  const processed = attempt<Data | undefined>(
    () => readMonitored(values.processedValue, context),
    () => undefined,
  );
  return after(processed, (value) => ({
    raw: sides(values.rawValueThresholds, simpleData(values.rawValue as Data)),
    processed: sides(values.processedValueThresholds, value),
  }));
}

/** The previous sides of a value; undefined: it had no value, or other thresholds. */
const known = (was: readonly boolean[], is: readonly boolean[]): readonly boolean[] | undefined =>
  was.length === is.length ? was : undefined;

/** The sides of the values before the first change that was evaluated. */
function before(
  values: Readonly<SensorValues>,
  instance: LogicalName,
  changes: readonly WatchedChange[],
  is: Sides,
): Sides {
  const stood = (
    { classId, instanceId, attributeId }: ValueDefinition,
    thresholds: readonly unknown[],
    now: boolean[],
  ): boolean[] => {
    const change = changes.find(
      ({ attribute }) =>
        attribute.classId === classId && attribute.instanceId === instanceId && attribute.attributeId === attributeId,
    );
    return change === undefined ? now : sides(thresholds, simpleData(change.before));
  };
  return {
    raw: stood(rawValueOf(instance), values.rawValueThresholds, is.raw),
    processed: stood(values.processedValue, values.processedValueThresholds, is.processed),
  };
}
