import { daysOf } from "@dlmskit/core";
import type { LoadProfileTemplate, PowerQualityEventConfig } from "@dlmskit/storage";
import fc from "fast-check";
import { defaultLoadProfiles, defaultPowerQuality, type ModelOptions } from "../src/index.ts";

export const hour = 3_600_000;
export const day = 24 * hour;
export const commissioned = daysOf(2025, 1, 1) * day + 9 * hour + 12_345;
export const options: ModelOptions = {
  seed: "seed",
  meter: "DLK00000001",
  templates: defaultLoadProfiles,
  powerQuality: defaultPowerQuality,
  commissioned,
};
/** Any instant of the first 800 days. */
export const instants = fc.integer({ min: commissioned, max: commissioned + 800 * day });
/** Faults all the time. */
export const often: PowerQualityEventConfig[] = [
  {
    eventType: "INTERRUPTION",
    probability: 0.9,
    minDuration: 30,
    maxDuration: 40_000,
    affectedPhases: ["L1"],
  },
  {
    eventType: "INTERRUPTION",
    probability: 0.5,
    minDuration: 30,
    maxDuration: 200_000,
    affectedPhases: ["L1"],
  },
  {
    eventType: "VOLTAGE_SAG",
    probability: 0.9,
    minDuration: 3,
    maxDuration: 3000,
    minMagnitude: 50,
    maxMagnitude: 80,
    affectedPhases: ["L1"],
  },
];

/** Registers of which nothing was counted. */
export const nothingFlowed = {
  ...{ importWh: 0, importVAh: 0, exportWh: 0, exportVAh: 0 },
  ...{ varhQ1: 0, varhQ2: 0, varhQ3: 0, varhQ4: 0 },
};
/** The shape of a row of version 1. */
export function shapeOf({ variationPattern }: LoadProfileTemplate): readonly number[] {
  return variationPattern.shape ?? [];
}

/** Rows of version 2 with all that a customer can have. */
export const everything: readonly LoadProfileTemplate[] = defaultLoadProfiles.map((row) => ({
  ...row,
  variationPattern: {
    version: 2 as const,
    points: [
      { hour: 3, level: 0.1 },
      { hour: 8, level: 0.5 },
      { hour: 14, level: 0.3 },
      { hour: 20, level: 0.8 },
    ],
    peaks: [{ hour: 7, hours: 1, height: 0.4 }],
    noise: { amount: 0.5, memoryHours: 3 },
    temperature: { coolAbove: 25, coolingPerDegree: 0.1, heatBelow: 15, heatingPerDegree: 0.05 },
    customer: {
      calendar: { country: "IN", latitude: 28.6 },
      climate: { clouds: 0.5 },
      size: [0.5, 2],
      appliances: [{ name: "kettle", power: 2, minutes: [2, 6], perDay: 4, hours: [6, 22] }],
      vehicle: { share: 1, power: 7.4, energy: [5, 30], perDay: 0.6, hours: [18, 23] },
      vacancy: { perDay: 0.02, days: [2, 9], level: 0.2 },
      outliers: { perDay: 0.1, factor: [1.5, 4], minutes: [20, 300] },
      solar: { share: 1, peak: 5 },
      battery: { capacity: 5, power: 2 },
      phases: { imbalance: 0.5 },
      powerFactor: { range: [0.85, 0.98], capacitiveHours: [23, 5] },
    },
  },
}));
