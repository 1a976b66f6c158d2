import { Fault } from "@dlmskit/core";
import type { LoadProfileTemplate, PowerQualityEventConfig } from "@dlmskit/storage";
import { type Calendar, indianCalendar } from "./calendar.ts";
import { SplitEnergy } from "./energy.ts";
import { expectedLoads } from "./expected-load.ts";
import { HouseholdModel, type Shared } from "./household.ts";
import type { Model } from "./measurement.ts";
import { PowerQuality } from "./power-quality.ts";
import { randomKey, Stream } from "./random.ts";
import { Supply } from "./supply.ts";

export type { Demand, Demands } from "./demand.ts";
export type { Block, Energy, Instantaneous, Model, PhaseEnergy } from "./measurement.ts";

/** The values from which a model is made, for all meters. */
export interface ModelRows {
  readonly templates: readonly LoadProfileTemplate[];
  readonly powerQuality?: readonly PowerQualityEventConfig[];
  /** Local time: minutes east of UTC; 330 (India) by default. */
  readonly zoneMinutesEast?: number;
  readonly calendar?: Calendar;
  /** V; 230 by default. */
  readonly nominalVoltage?: number;
  /** Hz; 50 by default. */
  readonly nominalFrequency?: number;
  /**
   * A solar plant: kW that a household of size 1 generates at noon in summer. A larger household has a larger plant. The energy that the
   * house does not need is exported. 0 by default.
   */
  readonly solarPeak?: number;
}

/** One meter of a run. */
export interface MeterOfModel {
  /** The seed of the run. The same seed, meter, rows and commissioning always give the same data. */
  readonly seed: string;
  readonly meter: string;
  /** When the registers began to count, ms since 1970-01-01T00:00Z. */
  readonly commissioned: number;
}

export interface ModelOptions extends MeterOfModel, ModelRows {}

/** The tables that all meters with the same rows, calendar and zone share. They are made once, in a few ms. */
export class PreparedModel {
  readonly #shared: Shared;

  constructor(rows: ModelRows) {
    const { zoneMinutesEast = 330, calendar = indianCalendar, solarPeak = 0 } = rows;
    if (!Number.isInteger(zoneMinutesEast) || Math.abs(zoneMinutesEast) > 14 * 60) {
      throw new Fault("bad-model", `zone of ${zoneMinutesEast} minutes east is not within 14 hours`, {
        layer: "simulator",
      });
    }
    if (!(solarPeak >= 0 && solarPeak <= 1e6)) {
      throw new Fault("bad-model", `a solar plant of ${solarPeak} kW is not possible`, { layer: "simulator" });
    }
    const zoneMs = zoneMinutesEast * 60_000;
    const quality = new PowerQuality(rows.powerQuality ?? [], zoneMs);
    const loads = expectedLoads(rows.templates, calendar, solarPeak * 1000);
    const { nominalVoltage = 230, nominalFrequency = 50 } = rows;
    this.#shared = {
      ...{ zoneMs, quality },
      supply: new Supply({ zoneMs, nominalVoltage, nominalFrequency, loads, quality }),
      import: new SplitEnergy(loads.import, quality, zoneMs, 0),
      export: loads.export && new SplitEnergy(loads.export, quality, zoneMs, Stream.export),
    };
  }

  /** The model of one meter, which consists of a few numbers. Fault `bad-model` if the meter was commissioned outside 1970 to 2149. */
  model({ seed, meter, commissioned }: MeterOfModel): Model {
    const { zoneMs, import: energy } = this.#shared;
    if (!Number.isSafeInteger(commissioned) || commissioned < -zoneMs || commissioned > energy.lastInstant) {
      throw new Fault("bad-model", `commissioned ${commissioned} is not an instant in ms from 1970 to 2149`, {
        layer: "simulator",
      });
    }
    return new HouseholdModel(this.#shared, randomKey(seed, meter), commissioned);
  }
}

/** Makes the tables that all meters with the same rows share. Faults `bad-model`, `bad-load-profile`, `bad-calendar`, `bad-value`. */
export function prepareModel(rows: ModelRows): PreparedModel {
  return new PreparedModel(rows);
}

// Rows are identified by their list. Code that changes rows must pass a new list.
const prepared = new WeakMap<readonly LoadProfileTemplate[], { rows: ModelRows; model: PreparedModel }[]>();
const mostOfAList = 4;
const settings = [
  ...(["powerQuality", "zoneMinutesEast", "calendar"] as const),
  ...(["nominalVoltage", "nominalFrequency", "solarPeak"] as const),
];

/**
 * The model of one meter. The tables are made at the first call with the same lists of rows and settings, and then kept. Pass a new list
 * when rows change. Use `prepareModel` to make the tables explicitly. Faults as `prepareModel` and `PreparedModel.model`.
 */
export function createModel(options: ModelOptions): Model {
  let known = prepared.get(options.templates);
  if (known === undefined) {
    known = [];
    prepared.set(options.templates, known);
  }
  let found = known.find(({ rows }) => settings.every((name) => rows[name] === options[name]))?.model;
  if (found === undefined) {
    const { seed: _seed, meter: _meter, commissioned: _commissioned, ...rows } = options;
    found = prepareModel(rows);
    if (known.length === mostOfAList) known.shift();
    known.push({ rows, model: found });
  }
  return found.model(options);
}
