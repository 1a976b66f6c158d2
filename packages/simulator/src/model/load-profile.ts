import { Fault } from "@dlmskit/core";
import { checkRow, LoadProfileTemplate } from "@dlmskit/storage";
import { type DayType, dayTypes, type Season, seasons } from "./calendar.ts";
import { curveOf } from "./curve.ts";

/** A prepared template: the load of each quarter of an hour in W, before jitter and the size of the household. */
export interface DayShape {
  readonly load: Float64Array;
  readonly baseLoad: number;
  readonly peakLoad: number;
  readonly jitter: number;
  /** About how long a deviation lasts, hours. */
  readonly memoryHours: number;
  /** °C, and W for each °C. */
  readonly temperature: {
    readonly coolAbove: number;
    readonly cooling: number;
    readonly heatBelow: number;
    readonly heating: number;
  };
  /** The load is `peakLoad` from sunset to sunrise. */
  readonly lampsAtNight: boolean;
}

const usualCoolAbove = 24;
const usualHeatBelow = 15;
const plain = {
  memoryHours: 0,
  temperature: { coolAbove: usualCoolAbove, cooling: 0, heatBelow: usualHeatBelow, heating: 0 },
  lampsAtNight: false,
};

/** Fault `bad-value` (a column that cannot be used) or `bad-load-profile` (no row at all). */
export function checkTemplates(rows: readonly LoadProfileTemplate[]): void {
  if (rows.length === 0) {
    throw new Fault("bad-load-profile", "there is no load profile template", {
      layer: "simulator",
      hint: "add at least one row to load_profile_templates",
    });
  }
  for (const row of rows) checkTemplate(row);
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
  const { variationPattern: pattern, baseLoad } = row;
  const load = curveOf(pattern).map((level) => (baseLoad + (row.peakLoad - baseLoad) * level) * 1000);
  const peakLoad = row.peakLoad * 1000;
  if (pattern.version === 1) return { ...plain, load, baseLoad: baseLoad * 1000, peakLoad, jitter: pattern.jitter };
  const { noise = { amount: 0 }, temperature, lampsAtNight = false } = pattern;
  return {
    ...{ load, baseLoad: baseLoad * 1000, peakLoad, jitter: noise.amount, lampsAtNight },
    memoryHours: noise.memoryHours ?? 0,
    temperature: {
      coolAbove: temperature?.coolAbove ?? usualCoolAbove,
      cooling: (temperature?.coolingPerDegree ?? 0) * 1000,
      heatBelow: temperature?.heatBelow ?? usualHeatBelow,
      heating: (temperature?.heatingPerDegree ?? 0) * 1000,
    },
  };
}

/**
 * The shape of each kind of day. If a season has no row for a day type, its WEEKDAY row is used, or else its WEEKEND row, or else its
 * HOLIDAY row. If a season has no row at all, the first row of that day type is used, or else the first row of all.
 */
export function dayShapes(rows: readonly LoadProfileTemplate[]): (season: Season, dayType: DayType) => DayShape {
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
