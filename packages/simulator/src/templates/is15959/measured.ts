import { T } from "@dlmskit/apdu";
import { type CosemDateTime, type LogicalName, unspecifiedDateTime } from "@dlmskit/core";
import {
  type AnyObject,
  type Context,
  dataObject,
  ExtendedRegister,
  extendedRegister,
  type MaybePromise,
  object,
  register,
  retype,
  type Unit,
} from "@dlmskit/cosem-objects";
import type { Readings } from "../../meter/readings.ts";
import { simulated } from "../../meter/simulated-meter.ts";

const clamped = (value: number, most: number): number => Math.min(most, Math.max(0, Math.round(value)));
/** A long-unsigned. A value outside the range becomes the nearest limit. */
export const u16 = (value: number): number => clamped(value, 0xffff);
/** A double-long-unsigned. */
export const u32 = (value: number): number => clamped(value, 0xffffffff);

type Measure = (readings: Readings, now: number, context: Context) => number;
export interface MeasuredOptions {
  readonly unit: Unit;
  readonly scaler?: number;
}

const measure =
  (of: Measure, fit: (value: number) => number, scaler: number) =>
  (_: unknown, context: Context): number =>
    fit(of(simulated(context).readings, Math.floor(context.now), context) * 10 ** -scaler);

/** A register (long-unsigned) of the value that `of` returns, in the given unit. */
export function longRegister(instance: LogicalName, { unit, scaler = 0 }: MeasuredOptions, of: Measure): AnyObject {
  const type = T.longUnsigned;
  return register(instance, { type, value: 0, unit, scaler }, { read: { value: measure(of, u16, scaler) } });
}

/** A register (double-long-unsigned). */
export function doubleLongRegister(
  instance: LogicalName,
  { unit, scaler = 0 }: MeasuredOptions,
  of: Measure,
): AnyObject {
  const type = T.doubleLongUnsigned;
  return register(instance, { type, value: 0, unit, scaler }, { read: { value: measure(of, u32, scaler) } });
}

/** An extended register (double-long-unsigned) with the time of its value. */
export function timedRegister(
  instance: LogicalName,
  options: MeasuredOptions,
  of: Measure,
  captureTime: (readings: Readings, now: number, context: Context) => CosemDateTime,
): AnyObject {
  const { unit, scaler = 0 } = options;
  const type = T.doubleLongUnsigned;
  return extendedRegister(
    instance,
    { type, value: 0, unit, scaler, captureTime: unspecifiedDateTime },
    {
      read: {
        value: measure(of, u32, scaler),
        captureTime: (_, context) => captureTime(simulated(context).readings, Math.floor(context.now), context),
      },
    },
  );
}

/** Data (double-long-unsigned) that counts something. */
export function countData(instance: LogicalName, of: (context: Context) => MaybePromise<number>): AnyObject {
  return dataObject(
    instance,
    { type: T.doubleLongUnsigned, value: 0 },
    { read: { value: (_, context) => of(context) } },
  );
}

/** Data with a text (visible-string). */
export function textData(instance: LogicalName, of: (context: Context) => string): AnyObject {
  return dataObject(instance, { type: T.visibleString, value: "" }, { read: { value: (_, context) => of(context) } });
}

/** An extended register (integer) whose value does not change. */
export function steadyRegister(instance: LogicalName, unit: Unit, value: number): AnyObject {
  const type = retype(ExtendedRegister, "value", T.integer);
  return object(type, instance, {
    value,
    scalerUnit: { scaler: 0, unit },
    status: { type: "null-data" },
    captureTime: unspecifiedDateTime,
  });
}
