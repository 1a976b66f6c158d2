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
>;

/**
 * The fleet that `createSimulator` makes of the same options, to ask for its data without serving it. A new fleet needs a `seed`, and the
 * `start` or `commissioned` of the simulator: its data depends on them. A store that has the fleet needs neither. Faults as
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
  const { network, population } = options;
  return {
    ...{ template, meterTemplate, fleet, store },
    ...(network === undefined ? {} : { network }),
    ...(population === undefined ? {} : { population }),
  };
}
