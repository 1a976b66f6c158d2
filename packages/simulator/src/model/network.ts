import { Fault } from "@dlmskit/core";
import type { PowerQualityEventConfig } from "@dlmskit/storage";
import { type RandomKey, randomKey } from "./random.ts";

// Which meters share a fault of the supply. A fault at a feeder reaches all meters behind it, one at a transformer the meters of the
// transformer, one at a service line a single meter. The probability of a row stays that of each meter: it is divided among these places.

/** How a fleet is connected. Meters are numbered along the feeders: neighbours have consecutive numbers. */
export interface Network {
  readonly metersPerTransformer: number;
  readonly transformersPerFeeder: number;
}

export const usualNetwork: Network = { metersPerTransformer: 60, transformersPerFeeder: 12 };

/** Where a fault happens. `grid`: it is the same for all meters of the run. */
export const faultPlaces = ["meter", "transformer", "feeder", "grid"] as const;
export type FaultPlace = (typeof faultPlaces)[number];

/** The part of the faults of each kind that happen at each place. */
export const partsOfFaults: {
  readonly [type in PowerQualityEventConfig["eventType"]]: { readonly [place in FaultPlace]: number };
} = {
  INTERRUPTION: { meter: 0.2, transformer: 0.3, feeder: 0.5, grid: 0 },
  VOLTAGE_SAG: { meter: 0.1, transformer: 0.3, feeder: 0.6, grid: 0 },
  VOLTAGE_SWELL: { meter: 0.2, transformer: 0.6, feeder: 0.2, grid: 0 },
  FREQUENCY_VARIATION: { meter: 0, transformer: 0, feeder: 0, grid: 1 },
  VOLTAGE_UNBALANCE: { meter: 0.1, transformer: 0.8, feeder: 0.1, grid: 0 },
  HARMONIC_DISTORTION: { meter: 0.3, transformer: 0.7, feeder: 0, grid: 0 },
};

/** The random numbers of the places that a meter depends on. */
export type PlaceKeys = { readonly [place in Exclude<FaultPlace, "meter">]: RandomKey };

/** The place of a meter in the network. */
function placeInNetwork(network: Network, number: number): { readonly transformer: number; readonly feeder: number } {
  const transformer = Math.floor(number / network.metersPerTransformer);
  return { transformer, feeder: Math.floor(transformer / network.transformersPerFeeder) };
}

/** The keys of the places of the n-th meter. All meters of one transformer have equal keys. */
export function placeKeys(network: Network, seed: string, number: number): PlaceKeys {
  const { transformer, feeder } = placeInNetwork(network, number);
  return {
    transformer: randomKey(seed, `transformer ${transformer}`),
    feeder: randomKey(seed, `feeder ${feeder}`),
    grid: randomKey(seed, "grid"),
  };
}

/** Fault `bad-model` for a network that has no meters. */
export function checkNetwork(network: Network): void {
  for (const [name, count] of Object.entries(network)) {
    if (Number.isInteger(count) && count >= 1) continue;
    throw new Fault("bad-model", `${name} is ${count}`, { layer: "simulator", hint: "a whole number from 1 on" });
  }
}
