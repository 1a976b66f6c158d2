import { type Data, DataTag, type DataTypeName } from "@dlmskit/apdu";
import { fromHex } from "@dlmskit/core";

/** Why a value of the file cannot be taken. */
export class NotTaken extends Error {}

const typeOfTag = new Map<number, DataTypeName>(
  Object.entries(DataTag).map(([name, tag]) => [tag, name as DataTypeName]),
);

/** The type of the attribute `Type` of an element. */
export function typeNamed(tag: string): DataTypeName {
  const type = /^\d{1,3}$/.test(tag) ? typeOfTag.get(Number(tag)) : undefined;
  if (type === undefined) throw new NotTaken(`"${tag}" is not the number of a type`);
  return type;
}

const longestMoment = 64;
const longestHex = 1_000_000;
const unspecified = 0xff;
const months: { readonly [text: string]: number } = { BEGIN: 0xfe, END: 0xfd };
const days: { readonly [text: string]: number } = { LASTDAY: 0xfe, LASTDAY2: 0xfd };
const date = /^(\*|BEGIN|END|\d{1,2})\/(\*|LASTDAY2?|\d{1,2})(?:\/(\*|\d{1,4}))?$/;
const time = /^(\*|\d{1,2}):(\*|\d{1,2})(?::(\*|\d{1,2}))?(?:[:.](\*|\d{1,3}))?$/;
const zone = /^([+-])(\d{1,2}):(\d{2})$/;

const ranged = (text: string | undefined, least: number, most: number): number => {
  if (text === undefined || text === "*") return unspecified;
  const value = Number(text);
  if (value < least || value > most) throw new NotTaken(`${text} is not in a date or time`);
  return value;
};

function dateOctets(text: string): readonly number[] {
  const found = date.exec(text);
  if (found === null) throw new NotTaken(`"${text}" is not a date in the form MM/DD/YYYY`);
  const [, month = "*", day = "*", year = "*"] = found;
  const years = year === "*" ? 0xffff : Number(year);
  return [
    ...[years >> 8, years & 0xff],
    months[month] ?? ranged(month, 1, 12),
    ...[days[day] ?? ranged(day, 1, 31), unspecified],
  ];
}

function timeOctets(text: string): readonly number[] {
  const found = time.exec(text);
  if (found === null) throw new NotTaken(`"${text}" is not a time in the form HH:MM:SS`);
  const [, hour, minute, second, part] = found;
  const isWhole = part === undefined && second !== undefined && second !== "*";
  const hundredths = isWhole ? 0 : part === undefined || part === "*" ? unspecified : Math.floor(Number(part) / 10);
  return [ranged(hour, 0, 23), ranged(minute, 0, 59), ranged(second, 0, 59), hundredths];
}

/** The octets of a date, a time or both as a file has them: `03/31/2024`, `02:00:00`, `03/LASTDAY/* 02:00:00+01:00`. */
export function momentOctets(text: string, holds: "date-time" | "date" | "time"): Uint8Array {
  if (text.length > longestMoment) throw new NotTaken(`a date or time of ${text.length} characters`);
  const [, body = "", offset = ""] = /^(.*?)\s*([+-]\d{1,2}:\d{2}|Z)?$/.exec(text.trim()) ?? [];
  const [first = "", second] = body.split(/\s+/);
  if (holds === "time") return Uint8Array.from(timeOctets(second ?? first));
  if (holds === "date") return Uint8Array.from(dateOctets(first));
  const shift = zone.exec(offset);
  const west = shift === null ? 0 : (Number(shift[2]) * 60 + Number(shift[3])) * (shift[1] === "+" ? -1 : 1);
  const deviation = offset === "" ? 0x8000 : west & 0xffff;
  const clock = second === undefined ? Array<number>(4).fill(unspecified) : timeOctets(second);
  // A file does not have the clock status. A moment that is told in full has the status "correct".
  const status = second === undefined || /[*A-Z]/.test(body) ? unspecified : 0;
  return Uint8Array.from([...dateOctets(first), ...clock, deviation >> 8, deviation & 0xff, status]);
}

/** The octets of a text in hex, with or without spaces or colons between the octets; undefined if it is not hex. */
export function hexIn(text: string, separated: boolean): Uint8Array | undefined {
  if (text === "") return new Uint8Array(0);
  // The expressions need memory for each octet.
  if (text.length > longestHex) throw new NotTaken(`a value of ${text.length} characters: ${longestHex} are the limit`);
  const form = separated ? /^[0-9a-f]{2}(?:[ :-][0-9a-f]{2})+$/i : /^(?:[0-9a-f]{2}[ :-]?)+$/i;
  return form.test(text) ? fromHex(text.replace(/[ :-]/g, "")) : undefined;
}

const integers: { readonly [type: string]: readonly [bigint, bigint] } = {
  integer: [-0x80n, 0x7fn],
  long: [-0x8000n, 0x7fffn],
  "double-long": [-0x80000000n, 0x7fffffffn],
  long64: [-0x8000000000000000n, 0x7fffffffffffffffn],
  unsigned: [0n, 0xffn],
  "long-unsigned": [0n, 0xffffn],
  "double-long-unsigned": [0n, 0xffffffffn],
  "long64-unsigned": [0n, 0xffffffffffffffffn],
  enum: [0n, 0xffn],
  bcd: [0n, 0xffn],
};

function integerIn(type: DataTypeName, text: string): Data {
  const [least, most] = integers[type] as readonly [bigint, bigint];
  const bare = text === "true" || text === "false" ? String(Number(text === "true")) : text;
  if (!/^[+-]?\d{1,20}(?:\.0+)?$/.test(bare)) throw new NotTaken(`"${text}" is not a whole number (${type})`);
  const value = BigInt((bare.split(".")[0] as string).replace("+", ""));
  if (value < least || value > most) throw new NotTaken(`${text} is not a value of ${type}`);
  return { type, value: type === "long64" || type === "long64-unsigned" ? value : Number(value) } as Data;
}

/** Bits in the order of the wire; a number counts its lowest bit first. */
function bitsIn(text: string, length: number | undefined): string {
  if (/^[01]*$/.test(text) && (length === undefined || text.length === length)) return text;
  if (length === undefined || !/^\d{1,9}$/.test(text) || Number(text) >= 2 ** length) {
    throw new NotTaken(`"${text}" is not ${length === undefined ? "bits" : `${length} bits`}`);
  }
  return [...Number(text).toString(2).padStart(length, "0")].reverse().join("");
}

const moments = { "date-time": "date-time", date: "date", time: "time" } as const;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i;
const special: { readonly [text: string]: number } = {
  ...{ NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, "-Infinity": Number.NEGATIVE_INFINITY },
};

/** The value of a type that stands as a text. `length`: of a bit-string. */
export function simpleValue(type: DataTypeName, text: string, length?: number): Data {
  if (integers[type] !== undefined) return integerIn(type, text);
  switch (type) {
    case "null-data":
      return { type };
    case "boolean":
      if (!/^(?:true|false|[01])$/i.test(text)) throw new NotTaken(`"${text}" is not true or false`);
      return { type, value: text === "1" || text.toLowerCase() === "true" };
    case "bit-string":
      return { type, value: bitsIn(text, length) };
    case "visible-string":
    case "utf8-string":
      return { type, value: text };
    case "float32":
    case "float64": {
      const value = special[text] ?? (decimal.test(text) ? Number(text) : undefined);
      if (value === undefined) throw new NotTaken(`"${text}" is not a number`);
      return { type, value: type === "float32" ? Math.fround(value) : value };
    }
    case "octet-string": {
      const octets = hexIn(text, false);
      if (octets === undefined) throw new NotTaken(`"${text}" is not octets in hex`);
      return { type, value: octets };
    }
    default:
      throw new NotTaken(`values of type ${type} are not read from such files`);
  }
}

/** An octet-string that the file shows as a text, a date or a time: `UIType` says as what. */
export function shownOctets(text: string, shown: DataTypeName): Uint8Array | undefined {
  if (shown === "visible-string" || shown === "utf8-string") return new TextEncoder().encode(text);
  const holds = moments[shown as keyof typeof moments];
  return holds === undefined ? undefined : momentOctets(text, holds);
}
