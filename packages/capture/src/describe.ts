import type { Data } from "@dlmskit/apdu";
import {
  type CosemDateTime,
  CosemDateTime as DateTimeCodec,
  dateTimeText,
  decode,
  logicalNameOf,
  toHex,
} from "@dlmskit/core";
import { findClass, obisName, Unit } from "@dlmskit/cosem-objects";

const unitSymbols = new Map<number, string>(Object.entries(Unit).map(([symbol, code]) => [code, symbol]));

interface Node {
  text: string;
  readonly children: { readonly name: string; text: string }[];
}

/** Adds names that need the complete value: the class and member of a descriptor, the unit after a scaler. */
export function annotate(value: unknown, node: Node): void {
  if (typeof value !== "object" || value === null) return;
  const given = value as Record<string, unknown>;
  if (given.type === "structure") {
    const [scaler, unit, ...more] = given.value as readonly Data[];
    const last = node.children[1];
    if (more.length > 0 || scaler?.type !== "integer" || unit?.type !== "enum" || last === undefined) return;
    const symbol = unitSymbols.get(unit.value);
    if (symbol !== undefined) last.text += `  ${symbol}`;
    return;
  }
  const { classId, attributeId, methodId } = given;
  const spec = typeof classId === "number" ? findClass(classId) : undefined;
  if (spec === undefined) return;
  const members: object = methodId === undefined ? { logicalName: { id: 1 }, ...spec.attributes } : spec.methods;
  const wanted = methodId ?? attributeId;
  const member = Object.entries(members).find(([, { id }]) => id === wanted)?.[0];
  for (const child of node.children) {
    if (child.name === "classId") child.text += `  ${spec.name}`;
    if (child.name === "attributeId" || child.name === "methodId")
      child.text += member === undefined ? "" : `  ${member}`;
  }
}

/** Octets as hex, without the middle part if there are more than `most`. */
function hexText(octets: Uint8Array, most = 32): string {
  if (octets.length <= most) return toHex(octets);
  return `${toHex(octets.subarray(0, most - 4))}…${toHex(octets.subarray(-2))} (${octets.length} octets)`;
}

function printable(octets: Uint8Array): string | undefined {
  if (octets.length < 2) return undefined;
  for (const octet of octets) if (octet < 0x20 || octet > 0x7e) return undefined;
  return String.fromCharCode(...octets);
}

/** A logical name with the name of the object. */
function namedLogicalName(name: string): string {
  const known = obisName(name);
  return known === undefined ? name : `${name}  ${known}`;
}

/** The most likely meaning of an octet-string: a date-time, a logical name, a text; undefined if nothing matches. */
function guessOctets(octets: Uint8Array): string | undefined {
  if (octets.length === 12) {
    const value = decode(DateTimeCodec, octets);
    const { year, month, day, hour, minute } = value;
    const within = (part: number | null, high: number): boolean => part === null || part <= high || part >= 0xfd;
    const yearFits = year === null || (year >= 1990 && year <= 2100);
    if (yearFits && within(month, 12) && within(day, 31) && within(hour, 23) && within(minute, 59)) {
      return dateTimeText(value);
    }
  }
  const text = printable(octets);
  if (text !== undefined) return JSON.stringify(text);
  if (octets.length === 6) {
    const name = logicalNameOf(octets);
    const known = obisName(name);
    if (known !== undefined || name.endsWith(".255")) return namedLogicalName(name);
  }
  return undefined;
}

function octetsText(octets: Uint8Array): string {
  if (octets.length === 0) return "(empty)";
  const guess = guessOctets(octets);
  return guess === undefined ? hexText(octets) : `${hexText(octets)}  ${guess}`;
}

/** A Data value on one line; for an array or structure, its number of items. */
function dataText(data: Data): string {
  switch (data.type) {
    case "null-data":
    case "dont-care":
      return data.type;
    case "array":
    case "structure":
    case "compact-array":
      return `${data.type} of ${data.value.length}`;
    case "octet-string":
      return `${data.type} ${octetsText(data.value)}`;
    case "visible-string":
    case "utf8-string":
      return `${data.type} ${JSON.stringify(data.value)}`;
    case "bcd":
      // The digits of a bcd value are the hex digits of its octet.
      return `${data.type} ${(data.value & 0xff).toString(16).padStart(2, "0")}`;
    case "date-time":
      return `${data.type} ${dateTimeText(data.value)}`;
    case "date":
    case "time":
      return `${data.type} ${fieldsText(data.value)}`;
    default:
      return `${data.type} ${String(data.value)}`;
  }
}

function fieldsText(value: object): string {
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${name} ${field === null ? "any" : typeof field === "object" ? "…" : String(field)}`)
    .join(", ");
}

/** Any decoded value on one line, formatted according to its type and keys. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return value === null ? "none" : "absent";
  if (value instanceof Uint8Array) return octetsText(value);
  if (typeof value === "string") return /^(\d{1,3}\.){5}\d{1,3}$/.test(value) ? namedLogicalName(value) : value;
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every((item) => typeof item === "string")) return value.join(", ");
    return `${value.length} item${value.length === 1 ? "" : "s"}`;
  }
  const given = value as Record<string, unknown>;
  if (typeof given.type === "string") return dataText(value as Data);
  if ("data" in given) return valueText(given.data);
  if ("dataAccessResult" in given) return String(given.dataAccessResult);
  if ("rawData" in given) return valueText(given.rawData);
  if ("hundredths" in given && "year" in given) return dateTimeText(value as CosemDateTime);
  return fieldsText(given);
}
