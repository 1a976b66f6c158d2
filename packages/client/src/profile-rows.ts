import { type Data, fromData, T } from "@dlmskit/apdu";
import { type CosemDateTime, dateTimeOf, Fault, instantOf } from "@dlmskit/core";
import type { CaptureObject, Unit } from "@dlmskit/cosem-objects";

export interface ProfileColumn extends CaptureObject {
  /** The name of the OBIS code, if known. */
  readonly name?: string;
  readonly unit?: Unit;
  /** The values are scaled by 10 to this power. */
  readonly scaler?: number;
  /** Whether this column is the capture time. */
  readonly time: boolean;
}

/** The type of a cell for the program: scaled numbers, times, texts, octets; null for no value; the Data itself for a structure. */
export type CellValue = number | bigint | boolean | string | Uint8Array | CosemDateTime | Data | null;

export interface ProfileCell {
  /** The value as received; null-data that repeats the previous row is replaced by that row's value. */
  readonly data: Data;
  readonly value: CellValue;
}

export type ProfileRow = readonly ProfileCell[];

function bad(message: string): Fault {
  return new Fault("bad-profile", message, { layer: "client" });
}

/**
 * The rows of a buffer. Null-data in a column repeats the value of the previous row; in the capture time it adds the capture period
 * (Blue Book, Profile generic: compression). Fault `bad-profile` for a row that does not fit the columns.
 */
export async function rowsOf(
  buffer: Data,
  columns: readonly ProfileColumn[],
  capturePeriod: () => Promise<number>,
): Promise<ProfileRow[]> {
  if (buffer.type !== "array" && buffer.type !== "compact-array") throw bad(`the buffer is ${buffer.type}`);
  const period = needsPeriod(buffer.value, columns) ? await capturePeriod() : 0;
  let before: readonly Data[] | undefined;
  return buffer.value.map((row, at) => {
    if (row.type !== "structure" && row.type !== "array") throw bad(`row ${at} is ${row.type}`);
    if (row.value.length !== columns.length) {
      throw bad(`row ${at} has ${row.value.length} values, ${columns.length} columns are captured`);
    }
    const expanded = row.value.map((data, column) =>
      data.type === "null-data" ? repeated(columns[column] as ProfileColumn, before?.[column], period) : data,
    );
    before = expanded;
    return expanded.map((data, column) => ({ data, value: cellValue(data, columns[column] as ProfileColumn) }));
  });
}

function needsPeriod(rows: readonly Data[], columns: readonly ProfileColumn[]): boolean {
  const time = columns.findIndex((column) => column.time);
  return time >= 0 && rows.some((row) => row.type === "structure" && row.value[time]?.type === "null-data");
}

function repeated({ time }: ProfileColumn, before: Data | undefined, period: number): Data {
  if (before === undefined) return { type: "null-data" };
  const value = time ? timeOf(before) : undefined;
  if (value === undefined || period === 0) return before;
  // Without a deviation the calculation uses local time: to add the period, no deviation is needed.
  const instant = instantOf(value, 0);
  if (instant === undefined) return before;
  const next = { ...dateTimeOf(instant + period * 1000, value.deviation ?? 0), status: value.status };
  return { type: "date-time", value: { ...next, deviation: value.deviation } };
}

function timeOf(data: Data): CosemDateTime | undefined {
  if (data.type === "date-time") return data.value;
  if (data.type !== "octet-string" || data.value.length !== 12) return undefined;
  try {
    return fromData(T.dateTimeOctets, data);
  } catch (caught) {
    if (caught instanceof Fault) return undefined;
    throw caught;
  }
}

function cellValue(data: Data, column: ProfileColumn): CellValue {
  const time = column.time ? timeOf(data) : undefined;
  if (time !== undefined) return time;
  if (data.type === "null-data" || data.type === "dont-care") return null;
  const { value } = data;
  if (typeof value === "number" || typeof value === "bigint") return scaled(value, column.scaler);
  if (typeof value === "string" || typeof value === "boolean" || value instanceof Uint8Array) return value;
  return data.type === "date-time" ? data.value : data;
}

/** Applies a scaler to a value, as exactly as a number allows: 12345 with scaler −3 is 12.345. Unscaled 64-bit integers stay unchanged. */
export function scaled(value: number | bigint, scaler: number | undefined): number | bigint {
  if (scaler === undefined || scaler === 0) return value;
  return Number(`${value}e${scaler}`);
}
