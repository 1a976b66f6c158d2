import { CosemDateTime, dateTimeText, decode, logicalNameOf, toHex, toLatin1 } from "@dlmskit/core";
import type { SecurityControl } from "./ciphering.ts";
import { type Data, type DataLike, typeOfTag } from "./data-type.ts";

/** Functions that look up names, for example in a catalogue of objects. Each gives undefined for an unknown name. */
export interface ExplainNames {
  /** The name of an object; `classId` is undefined if the octets do not have it. */
  readonly object?: (logicalName: string, classId?: number) => string | undefined;
  readonly interfaceClass?: (classId: number) => string | undefined;
  readonly attribute?: (classId: number, attributeId: number) => string | undefined;
  readonly method?: (classId: number, methodId: number) => string | undefined;
  /** The unit for an enum that follows a scaler. */
  readonly unit?: (unit: number) => string | undefined;
}

/** The value of the field of that name at the same level, if it was read before this field. */
type Beside = (name: string) => unknown;

const joined = (text: string, more: string | undefined): string => (more === undefined ? text : `${text} (${more})`);

const most = 40;
const hexText = (octets: Uint8Array): string =>
  octets.length <= most ? toHex(octets) : `${toHex(octets.subarray(0, most - 8))}… (${octets.length} octets)`;

function plausible({ year, month, day, hour, minute }: CosemDateTime): boolean {
  const within = (value: number | null, low: number, high: number): boolean =>
    value === null || (value >= low && value <= high);
  return (
    within(year, 1970, 2199) &&
    // 0xFD and 0xFE: end and begin of daylight saving, or the last days of a month.
    (within(month, 1, 12) || (month as number) >= 0xfd) &&
    (within(day, 1, 31) || (day as number) >= 0xe0) &&
    within(hour, 0, 23) &&
    within(minute, 0, 59)
  );
}

/** The most likely meaning of untyped octets: a date-time, text, a logical name. */
function likely(octets: Uint8Array, names: ExplainNames): string | undefined {
  if (octets.length === 12) {
    const value = decode(CosemDateTime, octets);
    if (plausible(value)) return dateTimeText(value);
  }
  if (octets.length >= 3 && octets.every((octet) => octet >= 0x20 && octet < 0x7f)) {
    return JSON.stringify(toLatin1(octets));
  }
  if (octets.length !== 6) return undefined;
  const logicalName = logicalNameOf(octets);
  const name = names.object?.(logicalName);
  return name !== undefined || octets[5] === 255 ? joined(logicalName, name) : undefined;
}

function octetsText(octets: Uint8Array, names: ExplainNames): string {
  return octets.length === 0 ? "empty" : joined(hexText(octets), likely(octets, names));
}

function dataText(data: Data, names: ExplainNames): string {
  switch (data.type) {
    case "null-data":
    case "dont-care":
      return data.type;
    case "array":
    case "structure":
    case "compact-array":
      return `${data.type} of ${data.value.length}`;
    case "octet-string":
      return `octet-string ${octetsText(data.value, names)}`;
    case "visible-string":
    case "utf8-string":
      return `${data.type} ${JSON.stringify(data.value)}`;
    case "date-time":
      return `date-time ${dateTimeText(data.value)}`;
    case "date":
    case "time":
      return `${data.type} ${recordText(data.value)}`;
    default:
      return `${data.type} ${data.value}`;
  }
}

const octetsOrText = (value: unknown): string => (value instanceof Uint8Array ? octetsText(value, {}) : String(value));

function recordText(record: object): string {
  return Object.entries(record)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value === null ? "any" : octetsOrText(value)}`)
    .join(", ");
}

function securityText(control: SecurityControl): string {
  const flags = (["authenticated", "encrypted", "broadcast", "compressed"] as const).filter((flag) => control[flag]);
  return [`suite ${control.suite}`, ...flags].join(", ");
}

const isData = (value: object): value is Data =>
  "type" in value && typeof value.type === "string" && isType(value.type);
const isType = (type: string): boolean => (typeOfTag as readonly (string | undefined)[]).includes(type);

/** The unit of `{scaler, unit}`: an enum that is the second element of a structure, after an integer. */
function unitText(data: DataLike, path: readonly string[], names: ExplainNames, beside: Beside): string {
  const text = dataText(data as Data, names);
  if (data.type !== "enum" || path.at(-1) !== "1") return text;
  const scaler = beside("0");
  const isScaler = typeof scaler === "object" && scaler !== null && (scaler as Data).type === "integer";
  return joined(text, isScaler ? names.unit?.(data.value) : undefined);
}

/** The meaning of a field as a short text. `inner`: whether fields inside it were read. */
export function meaning(
  value: unknown,
  path: readonly string[],
  inner: boolean,
  names: ExplainNames,
  beside: Beside,
): string {
  const name = path.at(-1);
  if (value instanceof Uint8Array) return octetsText(value, names);
  if (value === null) return "nothing";
  if (typeof value === "object") {
    if (Array.isArray(value)) {
      if (value.length > 0 && value.every((one) => typeof one === "string")) return value.join(", ");
      return `list of ${value.length}`;
    }
    if (isData(value)) return unitText(value, path, names, beside);
    if (inner) return "";
    if ("hundredths" in value && "year" in value) return dateTimeText(value as CosemDateTime);
    if ("encrypted" in value) return securityText(value as SecurityControl);
    return recordText(value);
  }
  const text = String(value);
  const classId = (): number => beside("classId") as number;
  switch (name) {
    case "classId":
      return joined(text, names.interfaceClass?.(value as number));
    case "instanceId":
      return joined(text, names.object?.(text, classId()));
    case "attributeId":
      return joined(text, names.attribute?.(classId(), value as number));
    case "methodId":
      return joined(text, names.method?.(classId(), value as number));
    default:
      return text;
  }
}
