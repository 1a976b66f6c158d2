import { type Data, fromData, T, treeOf } from "@dlmskit/apdu";
import { type CosemDateTime, daysOf, instantOf } from "@dlmskit/core";
import type { LocalTime } from "../time/local-time.ts";

/** The form in which cells are compared: a number, or the instant of a date-time. */
export type Comparable = number | bigint;

/** The value of an encoded cell. */
export const cellOf = (octets: Uint8Array): Data => treeOf({ type: "encoded", octets });

/** The date-time of a value, which may be a date-time or an octet-string of 12 octets; undefined: it is neither. */
export function dateTimeIn(data: Data): CosemDateTime | undefined {
  if (data.type === "date-time") return data.value;
  return data.type === "octet-string" && data.value.length === 12 ? fromData(T.dateTimeOctets, data) : undefined;
}

/** Converts date-times and numbers for comparison; undefined for values without an order (null-data, structures, texts). */
export function comparable(data: Data, local: LocalTime): Comparable | undefined {
  const time = dateTimeIn(data);
  if (time !== undefined) return time.deviation === null ? instantIn(time, local) : instantOf(time);
  if (!("value" in data)) return undefined;
  const { value } = data;
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" || typeof value === "bigint" ? value : undefined;
}

/** The instant of a date-time; if it has no deviation, the meter's own is used. */
function instantIn(time: CosemDateTime, local: LocalTime): number | undefined {
  const shown = instantOf({ ...time, deviation: 0 });
  return shown === undefined ? undefined : local.instantOf(shown);
}

const lowest = { month: 1, day: 1, hour: 0, minute: 0, second: 0, hundredths: 0 };
const highest = { month: 12, day: 31, hour: 23, minute: 59, second: 59, hundredths: 99 };

/**
 * The instant of a range bound: unspecified fields have the lowest possible value in the lower bound, and the highest in the upper one.
 * `"none"`: no bound (no year); undefined: not a valid time.
 */
export function boundOf(time: CosemDateTime, side: "from" | "to", local: LocalTime): number | "none" | undefined {
  const { year } = time;
  if (year === null) return "none";
  const fill = side === "from" ? lowest : highest;
  const month = time.month ?? fill.month;
  const lastDay = daysOf(month === 12 ? year + 1 : year, (month % 12) + 1, 1) - daysOf(year, month, 1);
  const from = time.day ?? Math.min(fill.day, lastDay);
  // FE is the last day of the month, FD the second last.
  const day = from === 0xfe ? lastDay : from === 0xfd ? lastDay - 1 : from;
  const full = {
    ...{ ...time, month, day, hour: time.hour ?? fill.hour, minute: time.minute ?? fill.minute },
    ...{ second: time.second ?? fill.second, hundredths: time.hundredths ?? fill.hundredths },
  };
  if (month < 1 || month > 12 || day > lastDay) return undefined;
  return full.deviation === null ? instantIn(full, local) : instantOf(full);
}
