import { timeOfText } from "@dlmskit/core";
import { z } from "zod";

/**
 * The instant of a time in ISO 8601 (the forms of `timeOfText`), ms since 1970 UTC; undefined: it is none, or its zone is none. A time
 * without a zone is local time `zoneMinutesEast` of UTC, never that of this machine.
 */
export function instantOfText(text: string, zoneMinutesEast: number): number | undefined {
  const time = timeOfText(text);
  return time && time.local - (time.minutesEast ?? zoneMinutesEast) * 60_000;
}

/** A time in ISO 8601, as `instantOfText` reads it, in a JSON document. */
export const InstantText = z
  .string()
  .refine(
    (text) => instantOfText(text, 0) !== undefined,
    "expected an ISO 8601 time, whose zone, if any, is Z or at most 14:00 from UTC",
  );
