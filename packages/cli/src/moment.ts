import type { Moment } from "@dlmskit/client";
import { dateOfDays, daysOf, instantOf } from "@dlmskit/core";
import { InvalidArgumentError } from "commander";

const units: { readonly [unit: string]: number } = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };
const unspecified = { deviation: null, status: null } as const;

/** Midnight `days` days from today (this machine's date), as the meter's local time. */
function midnight(days: number): Moment {
  const today = new Date();
  const date = dateOfDays(daysOf(today.getFullYear(), today.getMonth() + 1, today.getDate()) + days);
  return { ...date, hour: 0, minute: 0, second: 0, hundredths: 0, ...unspecified };
}

/**
 * Parses `2026-11-23`, `2026-11-23T06:30[:00]` as the meter's local time; with `Z` or `+05:30` an instant; `today`, `yesterday`,
 * `tomorrow` (their midnight, the meter's local time); `now`; `-7d`, `-12h`, `-30m`, `-2w` before now. Undefined for any other text.
 */
export function momentOf(text: string): Moment | undefined {
  if (text === "now") return Date.now();
  const day = { today: 0, yesterday: -1, tomorrow: 1 }[text];
  if (day !== undefined) return midnight(day);
  const ago = /^-(\d{1,6})([mhdw])$/.exec(text);
  if (ago !== null) return Date.now() - Number(ago[1]) * (units[ago[2] as string] as number);
  const found = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?(Z|[+-]\d{2}:?\d{2})?$/.exec(text);
  if (found === null) return undefined;
  const [, year, month, dayOfMonth, hour = "0", minute = "0", second = "0", zone] = found;
  const date = dateOfDays(daysOf(Number(year), Number(month), Number(dayOfMonth)));
  const valid =
    date.month === Number(month) && date.day === Number(dayOfMonth) && Number(hour) < 24 && Number(minute) < 60;
  if (!valid || Number(second) > 59) return undefined;
  if (zone !== undefined) return Date.parse(text.replace(" ", "T").replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  const time = { hour: Number(hour), minute: Number(minute), second: Number(second), hundredths: 0 };
  return { ...date, ...time, ...unspecified };
}

/** Parses the value of an option as `momentOf` does. */
export function momentOption(text: string): Moment {
  const moment = momentOf(text);
  if (moment !== undefined) return moment;
  throw new InvalidArgumentError(
    "give a time: 2026-11-23, 2026-11-23T06:30 (the meter's local time), with Z or +05:30, today, yesterday, now, -7d, -12h",
  );
}

/** Parses the value of an option as an instant: ms since 1970 UTC. A time without a zone is UTC. */
export function instantOption(text: string): number {
  const whole = text.replace(/^(\d{4}-\d{2}-\d{2})[ t](?=\d)/, "$1T");
  const zoned = /T.*(?:Z|[+-]\d{2}:?\d{2})$/i.test(whole) || !whole.includes("T") ? whole : `${whole}Z`;
  const instant = /^\d{4}-\d{2}-\d{2}(?:T|$)/.test(whole) ? Date.parse(zoned) : Number.NaN;
  if (Number.isFinite(instant)) return instant;
  throw new InvalidArgumentError("give a time in ISO 8601, such as 2026-01-31T18:30:00Z");
}

/** Maximum difference between two local times of one instant, ms. */
const zones = 26 * 3_600_000;

/** Whether `from` is after `to`. If only one of them is an instant: whether that is so in every time zone. */
export function isAfter(from: Moment, to: Moment): boolean {
  const instant = (moment: Moment): number =>
    typeof moment === "number" ? moment : (instantOf(moment, 0) ?? Number.NaN);
  const isLocal = (moment: Moment): boolean => typeof moment !== "number" && moment.deviation === null;
  const slack = isLocal(from) === isLocal(to) ? 0 : zones;
  return instant(from) - slack > instant(to);
}
