import { daysOf } from "@dlmskit/core";
import type { PowerQualityEventConfig } from "@dlmskit/storage";
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
