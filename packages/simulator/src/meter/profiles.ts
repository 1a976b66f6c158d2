import { encodeData } from "@dlmskit/apdu";
import { type LogicalName, Writer } from "@dlmskit/core";
import {
  type AnyCodec,
  type AnyObject,
  after,
  afterEach,
  attributeName,
  type CaptureObject,
  type ClassSpec,
  type Context,
  type CosemObject,
  captureObject,
  encodedStructure,
  type Hooks,
  type MaybePromise,
  type ProfileGeneric,
  profileGeneric,
  type RowSource,
  type Rows,
  type ScalerUnit,
} from "@dlmskit/cosem-objects";
import { monthOf, startOfMonth } from "./local-time.ts";
import { simulated } from "./simulated-meter.ts";

/** A column of computed rows: its attribute, and its value in a row. */
export interface RowColumn<S> {
  readonly object: AnyObject;
  readonly attributeId: number;
  readonly type: AnyCodec;
  readonly value: (sample: S, context: Context) => unknown;
}

/** A column for an attribute of an object (2 by default), with the type of the attribute. */
export function column<S>(object: AnyObject, value: RowColumn<S>["value"], attributeId = 2): RowColumn<S> {
  const name = attributeName(object.spec, attributeId) as string;
  return { object, attributeId, type: object.spec.attributes[name].type, value };
}

/** An encoded row: a structure of its columns. */
export function encodedRow<S>(columns: readonly RowColumn<S>[], sample: S, context: Context): Uint8Array {
  const to = new Writer(16 + columns.length * 8);
  to.u8(2);
  to.size(columns.length);
  for (const { type, value } of columns) type.write(value(sample, context), to);
  return to.done();
}

/** The instants of the rows of a profile, numbered in time order. If `first` is greater than `last`, there are no rows yet. */
export interface Timeline {
  readonly first: number;
  readonly last: number;
  /** When row `n` was captured, ms since 1970 UTC. */
  at(n: number): number;
  /** The number of the latest row that was captured at or before an instant, whether or not the row is still kept. */
  upTo(instant: number): number;
}

/** One row every `period` ms, at full multiples in local time. The first row comes after the first whole period since commissioning. */
export function gridTimeline(context: Context, period: number, entries: number): Timeline {
  const { zoneMinutesEast, known } = simulated(context);
  const zone = zoneMinutesEast * 60_000;
  const upTo = (instant: number): number => Math.floor((instant + zone) / period);
  const last = upTo(context.now);
  const first = Math.max(Math.ceil((known.commissionedAt + zone) / period) + 1, last - entries + 1);
  return { first, last, at: (n) => n * period - zone, upTo };
}

/**
 * One row at the end of each month, and one row of the current month with its values so far. Row `n` is the row of month `n` (`monthOf`).
 */
export function monthTimeline(context: Context, entries: number): Timeline {
  const { zoneMinutesEast, known } = simulated(context);
  const now = Math.floor(context.now);
  const last = monthOf(now, zoneMinutesEast);
  return {
    first: Math.max(monthOf(known.commissionedAt, zoneMinutesEast), last - entries + 1),
    last,
    at: (n) => (n === last ? now : startOfMonth(n + 1, zoneMinutesEast)),
    upTo: (instant) => (instant >= now ? last : Math.min(last, monthOf(instant, zoneMinutesEast)) - 1),
  };
}

/** Rows that are computed on request. Only the requested rows are computed. */
export function computedRows(
  timelineOf: (context: Context) => Timeline,
  row: (n: number, timeline: Timeline, context: Context) => Uint8Array,
): RowSource {
  // If the number of rows is known in advance, rows are sent as they are computed.
  function rows(from: number, to: number, timeline: Timeline, context: Context): Rows {
    const first = Math.max(from, timeline.first);
    const last = Math.min(to, timeline.last);
    return {
      length: Math.max(0, last - first + 1),
      *[Symbol.iterator]() {
        for (let n = first; n <= last; n++) yield row(n, timeline, context);
      },
    };
  }
  return {
    count(context) {
      const { first, last } = timelineOf(context);
      return Math.max(0, last - first + 1);
    },
    range(from, to, context) {
      const timeline = timelineOf(context);
      const low = from === undefined ? timeline.first : timeline.upTo(from - 1) + 1;
      const high = to === undefined ? timeline.last : timeline.upTo(to);
      return rows(low, high, timeline, context);
    },
    entries(first, last, context) {
      const timeline = timelineOf(context);
      return rows(timeline.first + first - 1, timeline.first + last - 1, timeline, context);
    },
  };
}

/** Rows of a list with times, oldest first. */
export function listedRows<E extends { readonly at: number }>(
  list: (context: Context) => MaybePromise<readonly E[]>,
  row: (entry: E, context: Context) => Uint8Array,
): RowSource {
  return {
    count: (context) => after(list(context), (entries) => entries.length),
    range: (from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, context) =>
      after(list(context), (entries) =>
        entries.filter(({ at }) => at >= from && at <= to).map((entry) => row(entry, context)),
      ),
    entries: (first, last, context) =>
      after(list(context), (entries) => entries.slice(first - 1, last).map((entry) => row(entry, context))),
  };
}

export interface ColumnOf {
  readonly object: AnyObject;
  readonly attributeId?: number;
}

/** A profile of one row with the current values of its columns. */
export function snapshotProfile(
  instance: LogicalName,
  columns: readonly ColumnOf[],
): CosemObject<typeof ProfileGeneric> {
  const capture: readonly CaptureObject[] = columns.map((one) => captureObject(one));
  const row = (context: Context): MaybePromise<Uint8Array[]> =>
    after(
      afterEach(capture, (one) => after(context.device.get(one), (data) => encodeData(data))),
      (elements) => [encodedStructure(elements)],
    );
  return profileGeneric(instance, {
    capture,
    entries: 1,
    rows: {
      count: () => 1,
      range: (from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, context) =>
        context.now >= from && context.now < to + 1000 ? row(context) : [],
      entries: (first, last, context) => (first <= 1 && last >= 1 ? row(context) : []),
    },
  });
}

/** A profile with computed rows. */
export function computedProfile(
  instance: LogicalName,
  columns: readonly RowColumn<never>[],
  options: { readonly entries: number; readonly period?: number; readonly rows: RowSource },
  hooks: Hooks<typeof ProfileGeneric> = {},
): CosemObject<typeof ProfileGeneric> {
  return profileGeneric(instance, { ...options, capture: columns }, hooks);
}

/** The scaler profile of a profile: the scaler and unit of each column whose value has a scaler or a unit. */
export function scalerProfile(instance: LogicalName, columns: readonly ColumnOf[]): CosemObject<typeof ProfileGeneric> {
  const scaled = columns.flatMap(({ object, attributeId = 2 }) => {
    const { traits, attributes } = object.spec as ClassSpec;
    const names = traits?.scaled;
    if (names === undefined || attributes[names.value]?.id !== attributeId) return [];
    const { scaler, unit } = object.values[names.scalerUnit] as ScalerUnit;
    if (scaler === 0 && unit === "none") return [];
    return [{ object, attributeId: attributes[names.scalerUnit]?.id as number }];
  });
  return snapshotProfile(instance, scaled);
}
