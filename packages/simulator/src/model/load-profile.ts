import { Fault } from "@dlmskit/core";
import { type DayType, dayTypes, type Season, seasons } from "./calendar.ts";

/** The form of `variation_pattern`: how the load moves over the day, between base load (0) and peak load (1). */
export interface VariationPattern {
  readonly version: 1;
  /** Relative load, 0 to 1, of equal parts of the day from local midnight on: 24, 48 or 96 of them. */
  readonly shape: readonly number[];
  /** How far one quarter of an hour strays from the shape, 0 (not at all) to 1 (up to as much again). */
  readonly jitter: number;
}

/** One row of `load_profile_templates`: the load of a household on such a day, in kW. */
export interface LoadProfileTemplate {
  readonly templateName: string;
  readonly season: Season;
  readonly dayType: DayType;
  readonly intervalMinutes: number;
  readonly baseLoad: number;
  readonly peakLoad: number;
  readonly variationPattern: VariationPattern;
}

/** Quarters of an hour in a day: the grain in which a day's energy is shared out. */
export const slotsPerDay = 96;

/** A template made ready: load in W of each quarter of an hour, before jitter and the household's size. */
export interface DayShape {
  readonly load: Float64Array;
  readonly meanLoad: number;
  readonly peakLoad: number;
  readonly jitter: number;
}

function wrong(row: LoadProfileTemplate, what: string, hint?: string): Fault {
  return new Fault("bad-load-profile", `load profile "${row.templateName}" ${row.season} ${row.dayType}: ${what}`, {
    layer: "simulator",
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Fault `bad-load-profile` that names the row and the column, unless the row can be used. */
export function checkTemplate(row: LoadProfileTemplate): void {
  if (!seasons.includes(row.season)) throw wrong(row, "season is unknown", seasons.join(", "));
  if (!dayTypes.includes(row.dayType)) throw wrong(row, "day_type is unknown", dayTypes.join(", "));
  const { baseLoad, peakLoad, variationPattern: pattern } = row;
  if (!Number.isInteger(row.intervalMinutes) || row.intervalMinutes < 1 || 1440 % row.intervalMinutes !== 0) {
    throw wrong(row, `interval_minutes ${row.intervalMinutes} does not divide a day`, "15, 30 or 60");
  }
  if (!(baseLoad >= 0 && Number.isFinite(baseLoad))) throw wrong(row, `base_load ${baseLoad} is not 0 kW or more`);
  if (!(peakLoad >= baseLoad && peakLoad <= 10_000)) {
    throw wrong(row, `peak_load ${peakLoad} is not base_load to 10000 kW`);
  }
  if (pattern === null || typeof pattern !== "object" || pattern.version !== 1) {
    throw wrong(
      row,
      "variation_pattern is not of version 1",
      '{"version": 1, "shape": [24, 48 or 96 numbers], "jitter": 0.2}',
    );
  }
  if (!Array.isArray(pattern.shape) || ![24, 48, 96].includes(pattern.shape.length)) {
    throw wrong(row, "variation_pattern.shape needs 24, 48 or 96 numbers");
  }
  pattern.shape.forEach((value, at) => {
    if (!(value >= 0 && value <= 1)) throw wrong(row, `variation_pattern.shape[${at}] ${value} is not 0 to 1`);
  });
  if (!(pattern.jitter >= 0 && pattern.jitter <= 1)) {
    throw wrong(row, `variation_pattern.jitter ${pattern.jitter} is not 0 to 1`);
  }
}

function dayShape(row: LoadProfileTemplate): DayShape {
  const { shape, jitter } = row.variationPattern;
  const span = slotsPerDay / shape.length;
  // Between the middles of two parts the load goes in a straight line, round the day.
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
 * The shape of each kind of day. A season without a row for a day type takes its WEEKDAY, else WEEKEND, else HOLIDAY row;
 * a season without any row takes the first row of that day type, else the first of all. Fault `bad-load-profile`; also when there is no row.
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
