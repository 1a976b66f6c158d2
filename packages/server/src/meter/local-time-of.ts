import type { CosemDateTime } from "@dlmskit/core";
import { type AnyObject, LocalTime, type ZoneSettings } from "@dlmskit/cosem-objects";

/** A meter's values of an object. */
export type ValuesOf = (object: AnyObject) => Readonly<Record<string, unknown>>;

const names = [
  "timeZone",
  "daylightSavingsBegin",
  "daylightSavingsEnd",
  "daylightSavingsDeviation",
  "daylightSavingsEnabled",
] as const;

const unspecified: CosemDateTime = {
  ...{ year: null, month: null, day: null, dayOfWeek: null },
  ...{ hour: null, minute: null, second: null, hundredths: null },
  ...{ deviation: null, status: null },
};

/** Local time of a meter without a Clock. */
export const fixedZone = (timeZone: number): LocalTime =>
  new LocalTime({
    ...{ timeZone, daylightSavingsBegin: unspecified, daylightSavingsEnd: unspecified },
    ...{ daylightSavingsDeviation: 0, daylightSavingsEnabled: false },
  });

const made = new WeakMap<object, { readonly from: readonly unknown[]; readonly local: LocalTime }>();

/** Local time as the values of a Clock decide it; the same one for as long as they are the same. */
export function localTimeOf(clock: AnyObject, values: ValuesOf): LocalTime {
  const zone = values(clock);
  const known = made.get(zone);
  if (known !== undefined && names.every((name, at) => zone[name] === known.from[at])) return known.local;
  const local = new LocalTime(zone as unknown as ZoneSettings);
  made.set(zone, { from: names.map((name) => zone[name]), local });
  return local;
}
