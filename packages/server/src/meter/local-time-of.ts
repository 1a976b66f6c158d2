import { unspecifiedDateTime } from "@dlmskit/core";
import { type AnyObject, LocalTime, UnreadableValue, type ZoneSettings } from "@dlmskit/cosem-objects";

/** Returns the values of an object in a meter. */
export type ValuesOf = (object: AnyObject) => Readonly<Record<string, unknown>>;

const names = [
  "timeZone",
  "daylightSavingsBegin",
  "daylightSavingsEnd",
  "daylightSavingsDeviation",
  "daylightSavingsEnabled",
] as const;

const utc: ZoneSettings = {
  ...{ timeZone: 0, daylightSavingsBegin: unspecifiedDateTime, daylightSavingsEnd: unspecifiedDateTime },
  ...{ daylightSavingsDeviation: 0, daylightSavingsEnabled: false },
};

/** Local time of a meter without a Clock. */
export const fixedZone = (timeZone: number): LocalTime => new LocalTime({ ...utc, timeZone });

const made = new WeakMap<object, { readonly from: readonly unknown[]; readonly local: LocalTime }>();

/**
 * Local time by the values of a Clock. The result is the same object while the values stay the same. A kept value that cannot be
 * read is replaced by the value of the template: only that attribute is unusable, and the timed actions of the meter continue.
 */
export function localTimeOf(clock: AnyObject, values: ValuesOf): LocalTime {
  const zone = values(clock);
  const known = made.get(zone);
  if (known !== undefined && names.every((name, at) => zone[name] === known.from[at])) return known.local;
  const settings = names.map((name) => {
    const readable = [zone[name], clock.values[name]].find((value) => !(value instanceof UnreadableValue));
    return [name, readable ?? utc[name]] as const;
  });
  const local = new LocalTime(Object.fromEntries(settings) as unknown as ZoneSettings);
  made.set(zone, { from: names.map((name) => zone[name]), local });
  return local;
}
