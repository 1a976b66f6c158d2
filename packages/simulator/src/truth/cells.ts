import { type Data, Data as DataCodec } from "@dlmskit/apdu";
import { instantOf, isoDateTimeText, type Json, toHex } from "@dlmskit/core";
import { instantOfText } from "../instant-text.ts";
import type { TruthColumn } from "./records.ts";
import { timeIn } from "./row-times.ts";

/** A column in text: logical name and attribute, with the element if the column is one: `1.0.1.8.0.255:2`. */
export const columnText = ({
  instanceId,
  attributeId,
  dataIndex = 0,
}: Pick<TruthColumn, "instanceId" | "attributeId"> & { readonly dataIndex?: number }): string =>
  `${instanceId}:${attributeId}${dataIndex === 0 ? "" : `:${dataIndex}`}`;

/**
 * A value in plain form: a scaled number, a time in ISO 8601, a text, other octets in hex, null for no value; the JSON of anything else.
 * 64-bit integers that no number holds are text.
 */
export function plainValue(data: Data, scaler = 0): Json {
  if (data.type === "null-data" || data.type === "dont-care") return null;
  const time = timeIn(data);
  if (time !== undefined && (data.type === "date-time" || instantOf(time) !== undefined)) return isoDateTimeText(time);
  const { value } = data;
  if (typeof value === "bigint") {
    if (scaler === 0) return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    return Number(`${value}e${scaler}`);
  }
  if (typeof value === "number") return scaler === 0 ? value : Number(`${value}e${scaler}`);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (value instanceof Uint8Array) {
    const printable = value.length > 0 && value.every((octet) => octet >= 0x20 && octet < 0x7f);
    return printable ? new TextDecoder().decode(value) : toHex(value);
  }
  return DataCodec.toJson(data);
}

/** The same as text, for a cell of CSV. */
export function plainText(data: Data, scaler = 0): string {
  const value = plainValue(data, scaler);
  return value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A value of a campaign: as it was received, or in plain form. */
export type Cell = { readonly data: Data } | { readonly text: string };

/**
 * Whether a value of a campaign is the expected one. Times are equal if they are the same instant. `zoneMinutesEast`: of times in text
 * without a zone.
 */
export function isSame(
  expected: Data,
  cell: Cell,
  { scaler = 0, zoneMinutesEast }: { readonly scaler?: number | undefined; readonly zoneMinutesEast: number },
): boolean {
  if ("data" in cell) return isSameData(expected, cell.data);
  const text = plainText(expected, scaler);
  if (text === cell.text) return true;
  const time = timeIn(expected);
  const instant = time && instantOf(time);
  if (instant !== undefined) return instantOfText(cell.text, zoneMinutesEast) === instant;
  if (!("value" in expected) || cell.text.trim() === "") return false;
  const { value } = expected;
  return (typeof value === "number" || typeof value === "bigint") && Number(text) === Number(cell.text);
}

function isSameData(expected: Data, data: Data): boolean {
  const [one, other] = [timeIn(expected), timeIn(data)];
  if (one !== undefined && other !== undefined && instantOf(one) !== undefined) {
    return instantOf(one) === instantOf(other) && one.deviation === other.deviation;
  }
  return JSON.stringify(DataCodec.toJson(expected)) === JSON.stringify(DataCodec.toJson(data));
}
