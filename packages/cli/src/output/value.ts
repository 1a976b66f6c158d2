import type { CellValue } from "@dlmskit/client";
import { CosemDateTime, dateTimeText, decode, instantOf, toHex } from "@dlmskit/core";
import type { Unit } from "@dlmskit/cosem-objects";

function isDateTime(value: object): value is CosemDateTime {
  return "year" in value && "deviation" in value;
}

const printable = (octets: Uint8Array): boolean =>
  octets.length > 0 && octets.every((one) => one >= 0x20 && one < 0x7f);

/** An octet-string may hold a text, a date-time of 12 octets, or anything else. Text and date-time are recognised and shown as such. */
function octetsText(octets: Uint8Array): string {
  if (printable(octets)) return new TextDecoder().decode(octets);
  if (octets.length !== 12) return toHex(octets);
  const value = decode(CosemDateTime, octets);
  return instantOf(value) === undefined ? toHex(octets) : dateTimeText(value);
}

/** Structures and arrays up to this length, in characters, are shown in full. */
const longestInline = 60;

/** A value as text: scaled numbers with their decimals, times, texts, other octets in hex; `–` for no value. */
export function valueText(value: CellValue, scaler = 0): string {
  if (value === null) return "–";
  if (typeof value === "number") return scaler < 0 ? value.toFixed(Math.min(-scaler, 20)) : String(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return octetsText(value);
  if (isDateTime(value)) return dateTimeText(value);
  if (value.type === "structure" || value.type === "array" || value.type === "compact-array") {
    const inline = `(${value.value.map((item) => valueText(item)).join(", ")})`;
    return inline.length <= longestInline ? inline : `${value.type} of ${value.value.length}`;
  }
  return "value" in value ? valueText(value.value as CellValue) : value.type;
}

/** A unit's symbol; an empty text if there is no unit. */
export function unitText(unit: Unit | undefined): string {
  if (unit === undefined || unit === "none") return "";
  return String(unit);
}
