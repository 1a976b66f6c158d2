import { Fault } from "@dlmskit/core";
import { checkRow, LoadProfileTemplate } from "@dlmskit/storage";
import { type DayType, dayTypes, type Season, seasons } from "./calendar.ts";
import { slotsPerDay } from "./grid.ts";

/** A prepared template: the load of each quarter of an hour in W, before jitter and the size of the household. */
export interface DayShape {
  readonly load: Float64Array;
  readonly meanLoad: number;
  readonly peakLoad: number;
  readonly jitter: number;
}

/** Throws a Fault with the table and the column if the row cannot be used. */
function checkTemplate(row: LoadProfileTemplate): void {
  checkRow(LoadProfileTemplate, row);
  if (1440 % row.intervalMinutes !== 0) {
    const fault = new Fault("bad-load-profile", `interval_minutes ${row.intervalMinutes} does not divide a day`, {
      layer: "simulator",
      hint: "15, 30 or 60",
    });
    fault.path.push(LoadProfileTemplate.table, "interval_minutes");
    throw fault;
  }
}

function dayShape(row: LoadProfileTemplate): DayShape {
  const { shape, jitter } = row.variationPattern;
  const span = slotsPerDay / shape.length;
  // The load is interpolated linearly between the middles of two parts. The last part of the day is followed by the first.
  const load = Float64Array.from({ length: slotsPerDay }, (_, slot) => {
    const place = (slot + 0.5) / span - 0.5;
    const before = Math.floor(place);
    const [one, other] = [before, before + 1].map((at) => shape[(at + shape.length) % shape.length] as number);
    const relative = (one as number) + ((other as number) - (one as number)) * (place - before);
    return (row.baseLoad + (row.peakLoad - row.baseLoad) * relative) * 1000;
  });
  const meanLoad = load.reduce((sum, watts) => sum + watts, 0) / slotsPerDay;
  return { load, meanLoad, peakLoad: row.peakLoad * 1000, jitter };
}

/**
 * The shape of each kind of day. If a season has no row for a day type, its WEEKDAY row is used, or else its WEEKEND row, or else its
 * HOLIDAY row. If a season has no row at all, the first row of that day type is used, or else the first row of all. Fault `bad-value` (a
 * column that cannot be used) or `bad-load-profile` (no row at all).
 */
export function dayShapes(rows: readonly LoadProfileTemplate[]): (season: Season, dayType: DayType) => DayShape {
  if (rows.length === 0) {
    throw new Fault("bad-load-profile", "there is no load profile template", {
      layer: "simulator",
      hint: "add at least one row to load_profile_templates",
    });
  }
  for (const row of rows) checkTemplate(row);
  const shapes = new Map<string, DayShape>();
  for (const season of seasons) {
    for (const dayType of dayTypes) {
      const row =
        rows.find((one) => one.season === season && one.dayType === dayType) ??
        dayTypes.flatMap((other) => rows.filter((one) => one.season === season && one.dayType === other))[0] ??
        rows.find((one) => one.dayType === dayType) ??
        (rows[0] as LoadProfileTemplate);
      shapes.set(`${season} ${dayType}`, dayShape(row));
    }
  }
  return (season, dayType) => shapes.get(`${season} ${dayType}`) as DayShape;
}
