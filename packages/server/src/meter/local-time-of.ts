import { unspecifiedDateTime } from "@dlmskit/core";
import { type AnyObject, LocalTime, UnreadableValue, type ZoneSettings } from "@dlmskit/cosem-objects";

/** A meter's values of an object. */
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
 * Local time as the values of a Clock decide it; the same one for as long as they are the same. For a kept value that cannot be
 * read there is what the template has: only that attribute is out of service, not what the meter does in time.
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
