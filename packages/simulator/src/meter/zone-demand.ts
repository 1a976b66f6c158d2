import { highestDemands } from "../model/demand.ts";
import type { Demand } from "../model/model.ts";
import type { Readings } from "./readings.ts";
import type { TariffDay } from "./tariff.ts";

/** The highest demands of a time span, in total and by tariff zone (index 0: total). */
export interface ZoneDemands {
  readonly active: readonly Demand[];
  readonly apparent: readonly Demand[];
}

const zones = 8;
const mostKept = 32;
// A billing row needs the values of the same month for each column.
const kept = new WeakMap<Readings, Map<string, ZoneDemands>>();

/**
 * The highest demands of the demand periods that are completely within [from, to). A period belongs to the zone in which it began. W and
 * VA, of import unless `direction` says export.
 */
export function zoneDemands(
  readings: Readings,
  from: number,
  to: number,
  minutes: number,
  day: TariffDay,
  direction: "import" | "export" = "import",
): ZoneDemands {
  let known = kept.get(readings);
  if (known === undefined) {
    known = new Map();
    kept.set(readings, known);
  }
  const key = `${from} ${to} ${minutes} ${direction}`;
  let found = known.get(key);
  if (found === undefined) {
    found = computed(readings, from, to, minutes, day, direction);
    if (known.size === mostKept) known.delete(known.keys().next().value as string);
    known.set(key, found);
  }
  return found;
}

function computed(
  readings: Readings,
  from: number,
  to: number,
  minutes: number,
  day: TariffDay,
  direction: "import" | "export",
): ZoneDemands {
  const nothing = (): Demand[] => Array.from({ length: zones + 1 }, () => ({ value: 0, at: undefined }));
  const active = nothing();
  const apparent = nothing();
  const perHour = 60 / minutes;
  const { active: first, apparent: firstApparent } = highestDemands(
    Math.max(from, readings.commissioned),
    to,
    minutes,
    (at) => readings.startOfDay(at),
    (start, end) => {
      const flowed = readings.flow(start, end);
      const [wh, vah] =
        direction === "import" ? [flowed.importWh, flowed.importVAh] : [flowed.exportWh, flowed.exportVAh];
      const minute = Math.floor((start - readings.startOfDay(start)) / 60_000);
      const zone = day.findLast((one) => one.minute <= minute)?.zone ?? 0;
      raise(active, zone, wh * perHour, end);
      raise(apparent, zone, vah * perHour, end);
      return { wh, vah };
    },
  );
  active[0] = first;
  apparent[0] = firstApparent;
  return { active, apparent };
}

function raise(demands: Demand[], zone: number, value: number, at: number): void {
  if (value > (demands[zone] as Demand).value) demands[zone] = { value, at };
}
