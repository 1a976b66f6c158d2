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
import { ownValues } from "../../meter/own-values.ts";
import { computedRows, gridTimeline, listedRows, monthTimeline } from "../../meter/profiles.ts";
import { type Sample, shown } from "../../meter/sample.ts";
import { simulated } from "../../meter/simulated-meter.ts";
import type { ValueAt } from "./follow.ts";

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

/** One row every `period` ms. */
export const gridRows = (cells: readonly Cell[], period: number, entries: number): RowSource =>
  computedRows(
    (context) => gridTimeline(context, period, entries),
    (n, timeline, context) => row(cells, { at: timeline.at(n), period }, context),
  );

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
