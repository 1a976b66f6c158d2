import { type Data, type DataLike, fromData } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import { SimpleData, type ValueDefinition } from "../classes/common-types.ts";
import { attributeName, type Timeline } from "../interface-class.ts";
import { after, attempt, type MaybePromise } from "../maybe-promise.ts";
import type { AnyObject, Context, DeviceView } from "../object.ts";
import { refuse } from "../refusal.ts";
import { isDummy } from "./local-action.ts";

/** The attribute that a monitor or a limiter watches: by object and attribute id, or as a value definition of the class. */
export type Monitored = readonly [object: AnyObject, attributeId: number] | ValueDefinition;

export function definitionOf(monitored: Monitored): ValueDefinition {
  if (!isPair(monitored)) return monitored;
  const [object, attributeId] = monitored;
  return { classId: object.spec.classId as number, instanceId: object.instance, attributeId };
}
// Array.isArray alone does not narrow a readonly tuple.
const isPair = (one: Monitored): one is readonly [AnyObject, number] => Array.isArray(one);

export const noValue: ValueDefinition = { classId: 0, instanceId: "0.0.0.0.0.0" as LogicalName, attributeId: 0 };

/**
 * Reads the attribute as a GET would; undefined: nothing is monitored, or there is no value now. Fault `type-unmatched`: it is not a simple
 * value.
 */
export function readMonitored(monitored: ValueDefinition, { device }: Context): MaybePromise<Data | undefined> {
  if (isDummy(monitored.instanceId)) return undefined;
  return after(device.get(monitored), (data) => {
    const value = fromData(SimpleData, data) as Data;
    return value.type === "null-data" ? undefined : value;
  });
}

/** A previous value, if it can be compared. */
export function simpleData(data: DataLike | undefined): Data | undefined {
  try {
    const value = data === undefined ? undefined : (fromData(SimpleData, data) as Data);
    return value?.type === "null-data" ? undefined : value;
  } catch {
    return undefined;
  }
}

/** Refuses (other-reason) an attribute that does not exist; a dummy is accepted. */
export function checkMonitored({ classId, instanceId, attributeId }: ValueDefinition, device: DeviceView): void {
  if (isDummy(instanceId)) return;
  const target = device.find(classId, instanceId);
  if (target === undefined) throw refuse("other-reason", `there is no ${instanceId} of class ${classId}`);
  const name = attributeName(target.spec, attributeId);
  if (name === undefined) throw refuse("other-reason", `${instanceId} has no attribute ${attributeId}`);
}

/** Refuses (other-reason) thresholds that are not all of the type of the monitored value, if the value can be read now. */
export function checkThresholds(
  thresholds: readonly Data[],
  monitored: ValueDefinition,
  context: Context,
): MaybePromise<void> {
  const read = attempt<Data | undefined>(
    () => readMonitored(monitored, context),
    () => undefined,
  );
  return after(read, (value) => {
    const type = value?.type ?? thresholds[0]?.type;
    const other = thresholds.find((threshold) => threshold.type !== type);
    if (other !== undefined) throw refuse("other-reason", `a threshold is ${other.type}, not ${type}`);
  });
}

/** Whether a value is above a threshold; an equal one is not. Refuses (other-reason) types that have no order. */
export function isAbove(value: Data, threshold: Data): boolean {
  return amountOf(value) > amountOf(threshold);
}

/** Compares two thresholds, for sorting. */
export function byAmount(one: Data, other: Data): number {
  if (isAbove(one, other)) return 1;
  return isAbove(other, one) ? -1 : 0;
}

/** The number of a simple value. Refuses (other-reason) types that have no order. */
export function amountOf(data: Data): number | bigint {
  const { value } = data as { value?: unknown };
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  // A bit-string is a number whose leading bit is the most significant: it is above zero if any bit is set.
  if (data.type === "bit-string") return BigInt(`0b0${data.value}`);
  throw refuse("other-reason", `a ${data.type} has no order`);
}

/** The maximum time for which samples are made up after a stop of the process. */
const mostLate = 86_400_000;

/** The sampling instants of a value that is not stored, every `every` seconds; undefined: none. */
export function nextSample(every: number | undefined, after: number): number | undefined {
  if (every === undefined) return undefined;
  const period = every * 1000;
  return (Math.floor(after / period) + 1) * period;
}

/** After a stop of the process, missed instants are processed in order; samples at most one day back. */
export const sampling: Pick<Timeline, "missed" | "since"> = { missed: "each", since: (_, __, now) => now - mostLate };
