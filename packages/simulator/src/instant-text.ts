import { z } from "zod";

/**
 * The instant of a time in ISO 8601, ms since 1970 UTC; undefined: it is none. A time without a zone is local time `zoneMinutesEast` of
 * UTC, never that of this machine.
 */
export function instantOfText(text: string, zoneMinutesEast: number): number | undefined {
  const [, date, time, zone] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i.exec(text.trim()) ??
    [];
  if (date === undefined) return undefined;
  const [, sign, hours, minutes = "00"] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone ?? "") ?? [];
  const midnight = Date.parse(`${date}T00:00Z`);
  // February 30th is no day, though `Date` reads it as one of March.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) return undefined;
  const asUtc = Date.parse(`${date}T${(time ?? "00:00").replace(",", ".")}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  const named = sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
  return asUtc - (zone === undefined ? zoneMinutesEast : named) * 60_000;
}

/** A time in ISO 8601, as `instantOfText` reads it, in a JSON document. */
export const InstantText = z
  .string()
  .refine((text) => instantOfText(text, 0) !== undefined, "expected an ISO 8601 time");
