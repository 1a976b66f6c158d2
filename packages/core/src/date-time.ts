import { asObject, badJson, type Codec, type Json } from "./codec.ts";
import { Fault, stepped } from "./fault.ts";
import { inlined } from "./inline.ts";
import { byFunctions } from "./inline-parts.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/**
 * COSEM date (Blue Book 4.1.6.1). Null means not specified (0xFFFF, 0xFF). Month 0xFD/0xFE: daylight saving end/begin. Day
 * 0xFD/0xFE: second last/last day of the month.
 */
export interface CosemDate {
  readonly year: number | null;
  readonly month: number | null;
  readonly day: number | null;
  /** 1 (Monday) to 7 (Sunday). */
  readonly dayOfWeek: number | null;
}

/** COSEM time. Null means not specified (0xFF). */
export interface CosemTime {
  readonly hour: number | null;
  readonly minute: number | null;
  readonly second: number | null;
  readonly hundredths: number | null;
}

/** COSEM date-time: the local time, its deviation from UTC and the clock status. */
export interface CosemDateTime extends CosemDate, CosemTime {
  /** Minutes from local time to UTC (UTC = local + deviation), -720 to 840. Example: UTC+05:30 has -330. Null: not specified (0x8000). */
  readonly deviation: number | null;
  /** Bit 0 invalid, 1 doubtful, 2 different base, 3 invalid status, 7 daylight saving. Null: not specified (0xFF). */
  readonly status: number | null;
}

/** A date with no specified field. As a value it means unknown. As a trigger it means every day. */
export const unspecifiedDate: CosemDate = { year: null, month: null, day: null, dayOfWeek: null };

/** A time with no specified field. */
export const unspecifiedTime: CosemTime = { hour: null, minute: null, second: null, hundredths: null };

/** A date-time with no specified field. */
export const unspecifiedDateTime: CosemDateTime = {
  ...unspecifiedDate,
  ...unspecifiedTime,
  ...{ deviation: null, status: null },
};

interface Field {
  readonly name: keyof CosemDateTime;
  readonly high: number;
  readonly low: number;
  readonly absent: number;
  read(from: Reader): number;
  write(value: number, to: Writer): void;
}

const octet = {
  low: 0,
  high: 0xfe,
  absent: 0xff,
  read: (from: Reader) => from.u8(),
  write: (v: number, to: Writer) => to.u8(v),
};
const dateFields: readonly Field[] = [
  { name: "year", low: 0, high: 0xfffe, absent: 0xffff, read: (from) => from.u16(), write: (v, to) => to.u16(v) },
  { name: "month", ...octet },
  { name: "day", ...octet },
  { name: "dayOfWeek", ...octet },
];
const timeFields: readonly Field[] = [
  { name: "hour", ...octet },
  { name: "minute", ...octet },
  { name: "second", ...octet },
  { name: "hundredths", ...octet },
];
const zoneFields: readonly Field[] = [
  {
    name: "deviation",
    low: -0x7fff,
    high: 0x7fff,
    absent: -0x8000,
    read: (from) => from.i16(),
    write: (v, to) => to.u16(v),
  },
  { name: "status", ...octet },
];

function fieldsCodec<T>(fields: readonly Field[]): Codec<T> {
  const check = (field: Field, value: unknown): number | null => {
    if (value === null) return null;
    if (typeof value !== "number" || !Number.isInteger(value) || value < field.low || value > field.high) {
      throw new Fault(
        "out-of-range",
        `${field.name} ${String(value)} is not null or an integer from ${field.low} to ${field.high}`,
      );
    }
    return value;
  };
  return {
    read(from) {
      const value: Record<string, number | null> = {};
      for (const field of fields) {
        const number = field.read(from);
        value[field.name] = number === field.absent ? null : number;
      }
      return value as T;
    },
    write(value, to) {
      if (typeof value !== "object" || value === null) {
        throw new Fault("type-unmatched", `expected an object with ${fields.map(({ name }) => name).join(", ")}`);
      }
      for (const field of fields) {
        field.write(check(field, (value as Record<string, unknown>)[field.name]) ?? field.absent, to);
      }
    },
    toJson: (value) => ({ ...(value as Record<string, Json>) }),
    fromJson(json) {
      const given = asObject(json);
      for (const key of Object.keys(given)) {
        if (!fields.some((field) => field.name === key)) {
          const hint = `expected ${fields.map((field) => field.name).join(", ")}`;
          throw new Fault("bad-json", `"${key}" does not belong here`, { hint });
        }
      }
      const value: Record<string, number | null> = {};
      for (const field of fields) {
        try {
          if (!(field.name in given)) throw badJson("a number or null", undefined);
          value[field.name] = check(field, given[field.name]);
        } catch (caught) {
          throw stepped(caught, field.name);
        }
      }
      return value as T;
    },
  };
}

const orNull = (value: number, absent: number): number | null => (value === absent ? null : value);

// Written without loops, for speed: every row of a profile has a date-time.
function dateTimeAt(octets: Uint8Array, at: number): CosemDateTime {
  return {
    year: orNull(((octets[at] as number) << 8) | (octets[at + 1] as number), 0xffff),
    month: orNull(octets[at + 2] as number, 0xff),
    day: orNull(octets[at + 3] as number, 0xff),
    dayOfWeek: orNull(octets[at + 4] as number, 0xff),
    hour: orNull(octets[at + 5] as number, 0xff),
    minute: orNull(octets[at + 6] as number, 0xff),
    second: orNull(octets[at + 7] as number, 0xff),
    hundredths: orNull(octets[at + 8] as number, 0xff),
    deviation: orNull((((octets[at + 9] as number) << 24) >> 16) | (octets[at + 10] as number), -0x8000),
    status: orNull(octets[at + 11] as number, 0xff),
  };
}

/** Writes null as `absent`. A number equal to `absent` is not a valid value: it becomes `wrong`, which is out of range. */
const orAbsent = (value: number | null, absent: number, wrong: number): number =>
  value === null ? absent : value === absent ? wrong : value;

/** Writes a date-time at an offset. Returns false if a field is not valid; the octets written are then not defined. */
function putDateTime(value: CosemDateTime, octets: Uint8Array, at: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  const year = orAbsent(value.year, 0xffff, -1);
  const deviation = orAbsent(value.deviation, -0x8000, 0x8000);
  const month = orAbsent(value.month, 0xff, -1);
  const day = orAbsent(value.day, 0xff, -1);
  const dayOfWeek = orAbsent(value.dayOfWeek, 0xff, -1);
  const hour = orAbsent(value.hour, 0xff, -1);
  const minute = orAbsent(value.minute, 0xff, -1);
  const second = orAbsent(value.second, 0xff, -1);
  const hundredths = orAbsent(value.hundredths, 0xff, -1);
  const status = orAbsent(value.status, 0xff, -1);
  if (year !== (year & 0xffff) || deviation !== (deviation << 16) >> 16) return false;
  // Each of these must be an octet: no higher bits and no fraction.
  if (month !== (month & 0xff) || day !== (day & 0xff) || dayOfWeek !== (dayOfWeek & 0xff)) return false;
  if (hour !== (hour & 0xff) || minute !== (minute & 0xff) || second !== (second & 0xff)) return false;
  if (hundredths !== (hundredths & 0xff) || status !== (status & 0xff)) return false;
  octets[at] = year >>> 8;
  octets[at + 1] = year;
  octets[at + 2] = month;
  octets[at + 3] = day;
  octets[at + 4] = dayOfWeek;
  octets[at + 5] = hour;
  octets[at + 6] = minute;
  octets[at + 7] = second;
  octets[at + 8] = hundredths;
  octets[at + 9] = deviation >>> 8;
  octets[at + 10] = deviation;
  octets[at + 11] = status;
  return true;
}

/** 5 octets. */
export const CosemDate: Codec<CosemDate> = fieldsCodec(dateFields);
/** 4 octets. */
export const CosemTime: Codec<CosemTime> = fieldsCodec(timeFields);
const dateTimeFields = fieldsCodec<CosemDateTime>([...dateFields, ...timeFields, ...zoneFields]);
/** 12 octets. Any 12 octets can be decoded, and the result encodes to the same octets. */
export const CosemDateTime: Codec<CosemDateTime> = inlined<Codec<CosemDateTime>>(
  {
    ...dateTimeFields,
    read(from) {
      // Read each field separately, so that the Fault names the missing field.
      if (from.remaining < 12) return dateTimeFields.read(from);
      const value = dateTimeAt(from.octets, from.at);
      from.at += 12;
      return value;
    },
  },
  byFunctions(12, dateTimeAt, putDateTime),
);

/** Days since 1970-01-01 of a date in the Gregorian calendar. */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The date for a number of days since 1970-01-01. `dayOfWeek` is 1 (Monday) to 7 (Sunday). */
export function dateOfDays(days: number): { year: number; month: number; day: number; dayOfWeek: number } {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const mp = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * mp + 2) / 5) + 1;
  const month = mp < 10 ? mp + 3 : mp - 9;
  const dayOfWeek = ((((days + 3) % 7) + 7) % 7) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day, dayOfWeek };
}

/**
 * The instant of a date-time, in ms since 1970-01-01T00:00Z. Undefined if a date field, the hour or the minute is not specified or
 * has a special value (last day of the month), and for a day or a time that does not exist (31 November, 24:00). Seconds and
 * hundredths that are not specified count as 0. If the deviation is not specified, `assumedDeviation` is used.
 */
export function instantOf(value: CosemDateTime, assumedDeviation = 0): number | undefined {
  const { year, month, day, hour, minute } = value;
  if (year === null || month === null || day === null || hour === null || minute === null) return undefined;
  const second = value.second ?? 0;
  const hundredths = value.hundredths ?? 0;
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || hundredths > 99) return undefined;
  const minutes = hour * 60 + minute + (value.deviation ?? assumedDeviation);
  return (daysOf(year, month, day) * 1440 + minutes) * 60_000 + second * 1000 + hundredths * 10;
}

/** The date-time that a clock with this deviation (minutes, local to UTC) shows at an instant (ms since 1970-01-01T00:00Z). */
export function dateTimeOf(instant: number, deviation = 0, status = 0): CosemDateTime {
  const local = Math.floor(instant) - deviation * 60_000;
  const days = Math.floor(local / 86_400_000);
  const ofDay = local - days * 86_400_000;
  const { year, month, day, dayOfWeek } = dateOfDays(days);
  return {
    year,
    month,
    day,
    dayOfWeek,
    hour: Math.floor(ofDay / 3_600_000),
    minute: Math.floor(ofDay / 60_000) % 60,
    second: Math.floor(ofDay / 1000) % 60,
    hundredths: Math.floor((ofDay % 1000) / 10),
    deviation,
    // A status with all bits set is the octet for "not specified".
    status: status === 0xff ? null : status,
  };
}

const two = (value: number | null): string => (value === null ? "**" : String(value).padStart(2, "0"));

/** Text for people: `2026-11-24 08:30:00 +05:30`, with `*` for a field that is not specified. Hundredths of 0 are not shown. */
export function dateTimeText(value: CosemDateTime): string {
  const year = value.year === null ? "****" : String(value.year).padStart(4, "0");
  const zone = value.deviation === null ? "" : ` ${zoneText(-value.deviation)}`;
  const fraction = value.hundredths === null || value.hundredths === 0 ? "" : `.${two(value.hundredths)}`;
  return `${year}-${two(value.month)}-${two(value.day)} ${two(value.hour)}:${two(value.minute)}:${two(value.second)}${fraction}${zone}`;
}

/** ISO 8601, with `Z` or an offset if the deviation is specified; the form of `dateTimeText` if other parts are not specified. */
export function isoDateTimeText(value: CosemDateTime): string {
  if (instantOf(value) === undefined) return dateTimeText(value);
  const [date = "", time = "", zone = ""] = dateTimeText(value).split(" ");
  return `${date}T${time.replaceAll("*", "0")}${zone === "+00:00" ? "Z" : zone}`;
}

function zoneText(east: number): string {
  const size = Math.abs(east);
  return `${east < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
