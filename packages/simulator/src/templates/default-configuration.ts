import type { LoadProfileTemplate, PowerQualityEventConfig } from "@dlmskit/storage";
import type { DayType, Season } from "../model/calendar.ts";

// A first configuration: an Indian urban household of a few kW. It fills the tables `load_profile_templates` and
// `power_quality_events_config` if they are empty. Edit the rows, not this file.

/** Relative load of each hour, starting at local midnight. */
const shapes: Record<DayType, readonly number[]> = {
  // Early morning activity, low load during the day, and the cooking peak at seven in the evening.
  WEEKDAY: [
    0.18, 0.14, 0.12, 0.11, 0.13, 0.25, 0.48, 0.62, 0.55, 0.38, 0.3, 0.28, 0.3, 0.32, 0.3, 0.31, 0.36, 0.5, 0.74, 0.95,
    1, 0.88, 0.58, 0.32,
  ],
  // A later start, with people at home all day.
  WEEKEND: [
    0.22, 0.17, 0.14, 0.12, 0.12, 0.16, 0.28, 0.45, 0.6, 0.66, 0.6, 0.56, 0.6, 0.62, 0.55, 0.5, 0.5, 0.58, 0.76, 0.92,
    0.98, 0.9, 0.66, 0.38,
  ],
  // Guests at home: a high load for a long time, until late.
  HOLIDAY: [
    0.26, 0.2, 0.16, 0.14, 0.14, 0.18, 0.3, 0.5, 0.68, 0.74, 0.72, 0.7, 0.74, 0.7, 0.6, 0.56, 0.6, 0.7, 0.86, 1, 1,
    0.96, 0.8, 0.52,
  ],
};

/** The lowest and the highest load of a day, kW: air conditioning in summer and monsoon, water heating in winter. */
const loads: Record<Season, readonly [base: number, peak: number]> = {
  SUMMER: [0.35, 3.1],
  MONSOON: [0.3, 2.4],
  AUTUMN: [0.2, 1.7],
  WINTER: [0.22, 2.2],
  SPRING: [0.2, 1.6],
};

/** One row for each season and day type, half-hourly as the default capture period of IS 15959. */
export const defaultLoadProfiles: readonly LoadProfileTemplate[] = (Object.keys(loads) as Season[]).flatMap((season) =>
  (Object.keys(shapes) as DayType[]).map((dayType) => ({
    templateName: "urban-household",
    season,
    dayType,
    intervalMinutes: 30,
    baseLoad: loads[season][0],
    peakLoad: loads[season][1],
    variationPattern: { version: 1 as const, shape: shapes[dayType], jitter: dayType === "WEEKDAY" ? 0.25 : 0.3 },
  })),
);

/** An interruption and a change of the frequency reach all phases; the other events one. */
const phasesOf = (eventType: string): PowerQualityEventConfig["affectedPhases"] =>
  eventType === "INTERRUPTION" || eventType === "FREQUENCY_VARIATION" ? ["L1", "L2", "L3"] : ["L1"];

/** Probability per day, duration in s, magnitude in per cent of nominal. The network has one or two faults a month. */
export const defaultPowerQuality: readonly PowerQualityEventConfig[] = [
  { eventType: "VOLTAGE_SAG", probability: 0.08, minDuration: 1, maxDuration: 120, minMagnitude: 55, maxMagnitude: 85 },
  {
    eventType: "VOLTAGE_SWELL",
    probability: 0.03,
    minDuration: 1,
    maxDuration: 60,
    minMagnitude: 112,
    maxMagnitude: 125,
  },
  { eventType: "INTERRUPTION", probability: 0.05, minDuration: 60, maxDuration: 7200 },
  {
    eventType: "FREQUENCY_VARIATION",
    probability: 0.02,
    minDuration: 5,
    maxDuration: 300,
    minMagnitude: 98.4,
    maxMagnitude: 101.2,
  },
  {
    eventType: "VOLTAGE_UNBALANCE",
    probability: 0.01,
    minDuration: 60,
    maxDuration: 3600,
    minMagnitude: 3,
    maxMagnitude: 9,
  },
  {
    eventType: "HARMONIC_DISTORTION",
    probability: 0.02,
    minDuration: 60,
    maxDuration: 7200,
    minMagnitude: 8,
    maxMagnitude: 18,
  },
].map((row) => ({
  ...row,
  affectedPhases: phasesOf(row.eventType),
  eventType: row.eventType as PowerQualityEventConfig["eventType"],
}));
