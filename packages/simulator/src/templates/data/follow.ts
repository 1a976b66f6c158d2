import { type Data, fromData } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";
import { type AnyObject, attributeName, type ClassSpec, type Context, type Hooks } from "@dlmskit/cosem-objects";
import { channelOf, stands } from "../../meter/mbus-children.ts";
import { measurementOf } from "../../meter/measurements.ts";
import { ownValues } from "../../meter/own-values.ts";
import type { Measurement, MeasuringOptions, Sample } from "../../meter/sample.ts";
import { simulated } from "../../meter/simulated-meter.ts";
import { measuredData } from "./encode.ts";
import type { ObjectForm } from "./form.ts";

/** The value of an attribute at an instant, in the form that its codec encodes. */
export type ValueAt = (sample: Sample, context: Context) => unknown;

/** By attribute id. */
export type Followed = ReadonlyMap<number, ValueAt>;

const extendedRegister = 4;
const demandRegister = 5;
const valueAttribute = 2;
const captureTime = 5;

export interface FollowOptions extends MeasuringOptions {
  /** Whether attributes without `follows` follow the model, by the OBIS code of their object. */
  readonly byCode: boolean;
}

/** The attributes of an object that follow the model. */
export function followed(object: AnyObject, form: ObjectForm, options: FollowOptions): Followed {
  const found = new Map<number, ValueAt>();
  const { classId } = object.spec;
  if (classId === demandRegister) return options.byCode ? demandOf(object, options) : found;
  const given = form.attributes?.[valueAttribute]?.follows;
  if (given === "nothing" || (given === undefined && !options.byCode)) return found;
  if (given === undefined && !measuring.includes(classId)) return found;
  const measurement = measurementOf(given ?? object.instance, options);
  if (measurement === undefined) return found;
  const value = shownValue(object, valueAttribute, measurement);
  if (value === undefined) return found;
  found.set(valueAttribute, value);
  if (classId === extendedRegister) {
    const time = measurement.time ?? ((_, { at }, { local }) => local.dateTimeOf(Math.floor(at / 1000) * 1000));
    found.set(captureTime, (sample, context) => time(simulated(context), sample, context));
  }
  const client = channelOf(object.instance, options.channels ?? new Map());
  return client === undefined ? found : whileReadable(found, object, client);
}

/** A value of an M-Bus channel keeps its last capture while the meter of the channel cannot be read. */
function whileReadable(values: Followed, object: AnyObject, client: AnyObject): Followed {
  return new Map(
    [...values].map(([id, value]): [number, ValueAt] => {
      const name = attributeName(object.spec, id) as string;
      return [
        id,
        (sample, context) =>
          stands(client, object, context, sample.at) ? ownValues(object, context)[name] : value(sample, context),
      ];
    }),
  );
}

/** Data, Register, Extended register: classes whose attribute 2 is a value by its OBIS code. */
const measuring: readonly number[] = [1, 3, extendedRegister];

const scalerOf = (object: AnyObject): number =>
  (object.values.scalerUnit as { scaler: number } | undefined)?.scaler ?? 0;

/** The value of a measurement in the form of an attribute; undefined if the attribute's type cannot hold it. */
function shownValue(object: AnyObject, id: number, measurement: Measurement): ValueAt | undefined {
  const name = attributeName(object.spec, id) as string;
  const codec = (object.spec as ClassSpec).attributes[name]?.type as Parameters<typeof fromData>[0];
  const { type } = object.values[name] as Data;
  const scaler = scalerOf(object);
  if (type === "null-data" || type === "array" || type === "structure") return undefined;
  return (sample, context) => {
    const data = measuredData(measurement.value(simulated(context), sample, context), type, scaler);
    // If the model returns a text for a number, the attribute keeps its own value.
    return data === undefined ? object.values[name] : fromData(codec, data);
  };
}

/** A demand register: the averages of the current period and of the previous period, without any state. */
function demandOf(object: AnyObject, options: MeasuringOptions): Followed {
  const found = new Map<number, ValueAt>();
  const [a, b, c] = object.instance.split(".");
  const energy = measurementOf(`${a}.${b}.${c}.8.0.255` as LogicalName, options);
  const {
    period: seconds,
    currentAverageValue,
    lastAverageValue,
  } = object.values as {
    period: number;
    currentAverageValue: Data;
    lastAverageValue: Data;
  };
  if (energy === undefined || seconds <= 0) return found;
  const period = seconds * 1000;
  const scaler = scalerOf(object);
  const start = ({ at }: Sample, context: Context): number => {
    const midnight = simulated(context).readings.startOfDay(at);
    return midnight + Math.floor((at - midnight) / period) * period;
  };
  const average = (from: number, to: number, type: string, context: Context): Data | undefined => {
    const meter = simulated(context);
    const since = Math.max(from, meter.known.commissionedAt);
    const [before, after] = [since, Math.max(since, to)].map((at) => energy.value(meter, { at, period }, context));
    return measuredData(((Number(after) - Number(before)) * 3_600_000) / period, type, scaler);
  };
  const time: ValueAt = (sample, context) => context.local.dateTimeOf(start(sample, context));
  found.set(2, (sample, context) => average(start(sample, context), sample.at, currentAverageValue.type, context));
  found.set(3, (sample, context) => {
    const end = start(sample, context);
    return average(end - period, end, lastAverageValue.type, context);
  });
  found.set(6, time);
  found.set(7, time);
  return found;
}

/** The read hooks of attributes that follow the model. `period`: the averaging period of the object, ms. */
export function followingHooks(object: AnyObject, values: Followed, period: number): Hooks<ClassSpec> {
  const read = [...values].map(([id, value]) => [
    attributeName(object.spec, id),
    (_: unknown, context: Context) => value({ at: Math.floor(context.now), period }, context),
  ]);
  return { read: Object.fromEntries(read) };
}
