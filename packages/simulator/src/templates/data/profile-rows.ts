import { type Data, decodeData, encodeData, fromData, T, treeOf } from "@dlmskit/apdu";
import { encode, instantOf } from "@dlmskit/core";
import {
  type AnyObject,
  attributeName,
  type CaptureObject,
  type ClassSpec,
  type Context,
  encodedStructure,
  type RowSource,
} from "@dlmskit/cosem-objects";
import { startOfMonth } from "../../meter/local-time.ts";
import { poweredTimeline } from "../../meter/outages.ts";
import { ownValues } from "../../meter/own-values.ts";
import { computedRows, gridTimeline, listedRows, monthTimeline } from "../../meter/profiles.ts";
import { type Sample, shown } from "../../meter/sample.ts";
import { simulated } from "../../meter/simulated-meter.ts";
import type { ValueAt } from "./follow.ts";
import type { ObjectForm } from "./form.ts";

/** An object of the template, with its attributes that follow the model. */
export interface Known {
  readonly object: AnyObject;
  readonly followed: ReadonlyMap<number, ValueAt>;
}

/** A cell of a computed row. */
export type Cell = (sample: Sample, context: Context) => Uint8Array;

const nothing = Uint8Array.of(0);
const clockClass = 8;

/** The value of a column at an instant: the time of the clock, a value that follows the model, or else the current value of the meter. */
export function cellOf(column: CaptureObject, known: ReadonlyMap<string, Known>): Cell {
  const { instanceId, attributeId, dataIndex } = column;
  const found = known.get(instanceId);
  if (found === undefined) return () => nothing;
  const { object, followed } = found;
  if (column.classId === clockClass && attributeId === 2)
    return ({ at }, context) => encode(T.dateTimeOctets, shown(at, context));
  const name = attributeName(object.spec, attributeId);
  if (name === undefined) return () => nothing;
  const { type } = (object.spec as ClassSpec).attributes[name] as ClassSpec["attributes"][string];
  const value = followed.get(attributeId);
  const whole: Cell = (sample, context) => {
    const shownValue = value === undefined ? ownValues(object, context)[name] : value(sample, context);
    return shownValue === undefined ? nothing : encode(type, shownValue);
  };
  if (dataIndex === 0) return whole;
  return (sample, context) => elementOf(whole(sample, context), dataIndex);
}

function elementOf(octets: Uint8Array, dataIndex: number): Uint8Array {
  const data = decodeData(octets);
  if (data.type !== "structure" && data.type !== "array") return nothing;
  const element = data.value[dataIndex - 1];
  return element === undefined ? nothing : encodeData(element);
}

const row = (cells: readonly Cell[], sample: Sample, context: Context): Uint8Array =>
  encodedStructure(cells.map((cell) => cell(sample, context)));

/** What rows show of a time without supply. */
export type Outage = NonNullable<ObjectForm["outage"]>;

// AMR profile status, and its bit for a power failure in the time of the row.
const profileStatus = /^0\.\d+\.96\.10\.\d+\.255$/;
const powerDown = 0x80;
const unsignedTag = 0x11;

/** The cells of columns. With outages that are flagged, the status of a row tells of those since the row before. */
export function cellsOf(columns: readonly CaptureObject[], known: ReadonlyMap<string, Known>, outage: Outage): Cell[] {
  return columns.map((column) => {
    const cell = cellOf(column, known);
    if (outage !== "flagged" || !profileStatus.test(column.instanceId)) return cell;
    return (sample, context) => {
      const octets = cell(sample, context);
      const { readings, known: meter } = simulated(context);
      const from = Math.max(sample.since ?? sample.at - sample.period, meter.commissionedAt);
      if (octets[0] !== unsignedTag || readings.model.interruptedMs(from, sample.at) === 0) return octets;
      return Uint8Array.of(unsignedTag, (octets[1] as number) | powerDown);
    };
  });
}

/** One row every `period` ms. */
export function gridRows(cells: readonly Cell[], period: number, entries: number, outage: Outage): RowSource {
  const profile = {};
  return computedRows(
    (context) =>
      outage === "zero"
        ? gridTimeline(context, period, entries)
        : poweredTimeline((most) => gridTimeline(context, period, most), entries, simulated(context).readings, profile),
    (n, timeline, context) => {
      const at = timeline.at(n);
      const since = n > timeline.first ? timeline.at(n - 1) : at - period;
      return row(cells, { at, period, since }, context);
    },
  );
}

/** One row at the end of each month, and one row of the current month. */
export const monthlyRows = (cells: readonly Cell[], period: number, entries: number): RowSource =>
  computedRows(
    (context) => monthTimeline(context, entries),
    (n, timeline, context) => {
      const { known, zoneMinutesEast } = simulated(context);
      const from = Math.max(known.commissionedAt, startOfMonth(n, zoneMinutesEast));
      return row(cells, { at: timeline.at(n), period, from }, context);
    },
  );

/** The rows of the file, oldest first. The time of a row is its first date-time. */
export function fileRows(rows: readonly Data[], deviation: number): RowSource {
  const list = rows.map((data, at) => ({ at: instantIn(data, deviation) ?? at, encoded: encodeData(data) }));
  return listedRows(
    () => list,
    ({ encoded }) => encoded,
  );
}

const dateTimeOctets = 12;

function instantIn(data: Data, deviation: number): number | undefined {
  if (data.type !== "structure") return undefined;
  const cell = data.value.map(treeOf).find((one) => one.type === "octet-string" && one.value.length === dateTimeOctets);
  return cell === undefined ? undefined : instantOf(fromData(T.dateTimeOctets, cell), deviation);
}
