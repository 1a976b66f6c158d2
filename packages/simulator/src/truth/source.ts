import { Fault } from "@dlmskit/core";
import { type MeterTemplate, platformRandom } from "@dlmskit/server";
import { openMemoryStore, type Store } from "@dlmskit/storage";
import type { Fleet } from "../fleet/fleet.ts";
import { usuallyCommissioned } from "../simulate/commissioned.ts";
import { configure } from "../simulate/configuration.ts";
import { openFleet } from "../simulate/open-fleet.ts";
import type { SimulatorOptions } from "../simulate/options.ts";
import { loadTemplate } from "../template-files.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import type { PlannedFaults } from "./planned.ts";

/** The fleet whose data is told. A `Simulator` is one; `openTruth` makes one that serves nothing. */
export interface TruthSource {
  readonly template: SimulatorTemplate;
  readonly meterTemplate: MeterTemplate;
  readonly fleet: Fleet;
  /** Only read. */
  readonly store: Pick<
    Store,
    "fleets" | "meters" | "keeping" | "values" | "events" | "loadProfileTemplates" | "powerQualityEvents"
  >;
  /** As in `createSimulator`. */
  readonly network?: SimulatorOptions["network"];
  readonly population?: SimulatorOptions["population"];
  /** Faults whose effects the store does not have. */
  readonly planned?: PlannedFaults;
}

/** The options of `createSimulator` that say which fleet it is. */
export type TruthOptions = Pick<
  SimulatorOptions,
  | "store"
  | "template"
  | "meters"
  | "seed"
  | "keys"
  | "start"
  | "commissioned"
  | "referencing"
  | "random"
  | "network"
  | "population"
  | "faults"
>;

/**
 * The fleet that `createSimulator` makes of the same options, to ask for its data without serving it. A new fleet needs a `seed`, and the
 * `start` or `commissioned` of the simulator: its data depends on them. A store that has the fleet needs neither. `faults`: those of the
 * simulator, if there is no store of it that has the events and the outages of faults; they begin at `start`. Faults as
 * `createSimulator`, and `bad-value` if one of them is missing.
 */
export async function openTruth(options: TruthOptions = {}): Promise<TruthSource> {
  const { keys, seed, meters = 1, random = platformRandom } = options;
  const given = options.template ?? "is15959-d1";
  const template = typeof given === "string" ? await loadTemplate(given) : given;
  const store = options.store ?? (await openMemoryStore());
  const stored = await store.fleets.get(template.name);
  const commissioned =
    options.commissioned ??
    (options.start === undefined ? undefined : usuallyCommissioned(options.start, template.zoneMinutesEast));
  if (stored === undefined && (seed === undefined || commissioned === undefined)) {
    throw new Fault("bad-value", "a fleet that no store has is known only by its seed and its start", {
      layer: "simulator",
      hint: "give the seed and the start of the simulator, or its store",
    });
  }
  if (stored === undefined && options.store !== undefined && options.store.kind !== "memory") {
    throw new Fault("bad-value", `the store has no meters of the template ${template.name}`, {
      layer: "simulator",
      hint: "name the template of its meters; the truth creates nothing in a store",
    });
  }
  const { meterTemplate } = await configure(store, template, options);
  const { fleet } = await openFleet({
    ...{ store, template, meters, seed, keys, random },
    commissioned: commissioned ?? (stored?.commissionedAt as number),
  });
  const { network, population, faults, start } = options;
  // A store that has the fleet has what faults did, too.
  const planned = stored === undefined && faults !== undefined && start !== undefined;
  return {
    ...{ template, meterTemplate, fleet, store },
    ...(network === undefined ? {} : { network }),
    ...(population === undefined ? {} : { population }),
    ...(planned ? { planned: { faults, from: start } } : {}),
  };
}
