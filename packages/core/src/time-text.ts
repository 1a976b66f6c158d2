import { daysOf, instantOf } from "./date-time.ts";

/** A time in ISO 8601, as `timeOfText` reads it. */
export interface TextTime {
  /** The date and the time of day of the text, ms since 1970-01-01T00:00 of its own zone. */
  readonly local: number;
  /** The zone of the text, minutes east of UTC, -840 to 840; absent: it names none. */
  readonly minutesEast?: number;
}

const dayMs = 86_400_000;
const mostMinutesEast = 14 * 60;
const form =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?(Z|([+-])(\d{2})(?::?(\d{2}))?)?$/i;

/**
 * Reads a time in ISO 8601: `2026-11-23`, `2026-11-23T06:30[:00[.250]]`, with a space for the `T`, each also with a zone (`Z`, `+05:30`,
 * `+0530`, `+05`). 24:00 is the end of the day. Undefined for any other text, for a day or a time of day that does not exist, and for a
 * zone that no place has: more than 59 minutes, or more than 14:00 from UTC. The zone of this machine does not matter.
 */
export function timeOfText(text: string): TextTime | undefined {
  const found = form.exec(text.trim());
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0)) as [
    ...[number, number, number, number, number, number],
  ];
  const ms = Number((found[7] ?? "").slice(0, 3).padEnd(3, "0"));
  const date = { year, month, day, dayOfWeek: null, second: 0, hundredths: 0, deviation: 0, status: null };
  const isEndOfDay = hour === 24 && minute === 0 && second === 0 && ms === 0;
  if (second > 59 || instantOf({ ...date, hour: isEndOfDay ? 0 : hour, minute }) === undefined) return undefined;
  const local = daysOf(year, month, day) * dayMs + (hour * 60 + minute) * 60_000 + second * 1000 + ms;
  const [zone, sign, zoneHours = "0", zoneMinutes = "0"] = found.slice(8);
  if (zone === undefined) return { local };
  const size = Number(zoneHours) * 60 + Number(zoneMinutes);
  if (Number(zoneMinutes) > 59 || size > mostMinutesEast) return undefined;
  return { local, minutesEast: sign === "-" ? 0 - size : size };
}
