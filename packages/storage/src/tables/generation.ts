import { Fault } from "@dlmskit/core";
import { decimal, integer, list, oneOf, optional, text } from "../fields.ts";
import type { Rows } from "../rows.ts";
import { type RowOf, table } from "../shape.ts";
import { variationPattern } from "./variation-pattern.ts";

/** Fault `bad-value` at `column` if the higher value is below the lower value. */
function ordered(low: number | undefined, high: number | undefined, column: string, lower: string): void {
  if (low === undefined || high === undefined || low <= high) return;
  const fault = new Fault("bad-value", `${high} is below ${lower}, ${low}`, { layer: "storage" });
  fault.path.push(column);
  throw fault;
}

/** The load over one day: an input of the generator. */
export const LoadProfileTemplate = table(
  "load_profile_templates",
  {
    templateName: text(100, 1),
    season: oneOf("SUMMER", "WINTER", "MONSOON", "SPRING", "AUTUMN"),
    dayType: oneOf("WEEKDAY", "WEEKEND", "HOLIDAY"),
    intervalMinutes: integer(1, 1440),
    /** kW. */
    baseLoad: decimal(10, 3, 0),
    /** kW, not below baseLoad. */
    peakLoad: decimal(10, 3, 0),
    variationPattern,
  },
  { together: (row) => ordered(row.baseLoad, row.peakLoad, "peak_load", "base_load") },
);
export type LoadProfileTemplate = RowOf<typeof LoadProfileTemplate>;
export type LoadProfileTemplates = Rows<LoadProfileTemplate>;

/** The probability, duration and magnitude of supply faults. */
export const PowerQualityEventConfig = table(
  "power_quality_events_config",
  {
    eventType: oneOf(
      "VOLTAGE_SAG",
      "VOLTAGE_SWELL",
      "INTERRUPTION",
      "FREQUENCY_VARIATION",
      "VOLTAGE_UNBALANCE",
      "HARMONIC_DISTORTION",
    ),
    /** The probability of one such event on one day, 0 to 1. */
    probability: decimal(5, 4, 0, 1),
    /** Seconds. */
    minDuration: integer(0, 86400 * 7),
    /** Seconds, not below minDuration. */
    maxDuration: integer(0, 86400 * 7),
    /** Percent of the nominal value (a sag to 80 % of the voltage is 80). Absent if the event has no magnitude. */
    minMagnitude: optional(decimal(10, 3)),
    /** Percent, not below minMagnitude. */
    maxMagnitude: optional(decimal(10, 3)),
    /** Some of L1, L2, L3. */
    affectedPhases: list(oneOf("L1", "L2", "L3"), 3),
  },
  {
    together(row) {
      ordered(row.minDuration, row.maxDuration, "max_duration", "min_duration");
      ordered(row.minMagnitude, row.maxMagnitude, "max_magnitude", "min_magnitude");
    },
  },
);
export type PowerQualityEventConfig = RowOf<typeof PowerQualityEventConfig>;
export type PowerQualityEventConfigs = Rows<PowerQualityEventConfig>;
