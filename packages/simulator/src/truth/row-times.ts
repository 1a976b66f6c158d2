import { type Data, fromData, T } from "@dlmskit/apdu";
import { type CosemDateTime, instantOf } from "@dlmskit/core";
import type { TruthColumn } from "./records.ts";

const dateTimeOctets = 12;
/** The OBIS code of a clock in seconds since 1970 UTC. */
const unixClock = /^0\.\d+\.1\.1\.0\.255$/;

/** The date-time of a value, as a date-time or an octet-string of 12 octets; undefined: it is neither. */
export function timeIn(data: Data): CosemDateTime | undefined {
  if (data.type === "date-time") return data.value;
  if (data.type !== "octet-string" || data.value.length !== dateTimeOctets) return undefined;
  return fromData(T.dateTimeOctets, data);
}

/**
 * When a row was captured, ms since 1970 UTC: its time by the clock, or else its first time (the billing date of IS 15959 is one, seconds
 * of a Unix clock are another). A time without deviation is local time of the meter.
 */
export function instantOfRow(
  row: readonly (Data | undefined)[],
  columns: readonly Pick<TruthColumn, "time" | "instanceId">[],
  zoneMinutesEast: number,
): number | undefined {
  const clock = columns.findIndex(({ time }) => time);
  for (const [at, cell] of row.entries()) {
    if (cell === undefined || (clock >= 0 && at !== clock)) continue;
    const time = timeIn(cell);
    const instant = time && instantOf(time, -zoneMinutesEast);
    if (instant !== undefined) return instant;
    if (unixClock.test(columns[at]?.instanceId ?? "") && "value" in cell) return Number(cell.value) * 1000;
  }
  return undefined;
}
