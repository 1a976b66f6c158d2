import { Fault } from "@dlmskit/core";
import type { LoadProfileTemplate } from "@dlmskit/storage";
import { HouseholdModel, type Shared } from "./household.ts";
import type { Model } from "./measurement.ts";
import type { ModelRows } from "./model-rows.ts";
import { checkNetwork, type Network, placeKeys } from "./network.ts";
import { randomKey } from "./random.ts";
import { sharedBy } from "./shared.ts";

export type { Demand, Demands } from "./demand.ts";
export type { Block, Energy, Instantaneous, Model, PhaseInstant } from "./measurement.ts";
export type { ModelRows } from "./model-rows.ts";
export { type Network, usualNetwork } from "./network.ts";

/** One meter of a run. */
export interface MeterOfModel {
  /** The seed of the run. The same seed, meter, rows and commissioning always give the same data. */
  readonly seed: string;
  readonly meter: string;
  /** The place of the meter in the network, from 0. Meters with near numbers share a transformer and a feeder. */
  readonly number?: number | undefined;
  /** When the registers began to count, ms since 1970-01-01T00:00Z. */
  readonly commissioned: number;
}

export interface ModelOptions extends MeterOfModel, ModelRows {}

/** The tables that all meters with the same rows, calendar and zone share. They are made once, in a few ms. */
export class PreparedModel {
  readonly #shared: Shared;
  readonly #network: Network | undefined;

  constructor(rows: ModelRows) {
    this.#shared = sharedBy(rows);
    this.#network = rows.network;
    if (rows.network !== undefined) checkNetwork(rows.network);
  }

  /** The model of one meter, which consists of a few numbers. Fault `bad-model` if the meter was commissioned outside 1970 to 2149. */
  model({ seed, meter, commissioned, number }: MeterOfModel): Model {
    const { zoneMs, plain } = this.#shared;
    const last = plain[0]?.energy.lastInstant ?? 0;
    if (!Number.isSafeInteger(commissioned) || commissioned < -zoneMs || commissioned > last) {
      throw new Fault("bad-model", `commissioned ${commissioned} is not an instant in ms from 1970 to 2149`, {
        layer: "simulator",
      });
    }
    const network = this.#network;
    const places = network === undefined || number === undefined ? undefined : placeKeys(network, seed, number);
    return new HouseholdModel(this.#shared, randomKey(seed, meter), commissioned, places);
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
  ...(["nominalVoltage", "nominalFrequency", "solarPeak", "phases", "network"] as const),
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
    const { seed: _seed, meter: _meter, commissioned: _commissioned, number: _number, ...rows } = options;
    found = prepareModel(rows);
    if (known.length === mostOfAList) known.shift();
    known.push({ rows, model: found });
  }
  return found.model(options);
}
