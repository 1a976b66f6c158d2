import type { LoadProfileTemplate } from "@dlmskit/storage";
import type { Fleet } from "../fleet/fleet.ts";
import { type Network, usualNetwork } from "../model/network.ts";
import { CustomerClasses, type Population } from "../model/population.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import type { World } from "./simulated-meter.ts";

/** What the customers of a fleet are, and how they are connected. */
export interface Customers {
  readonly population?: Population | undefined;
  readonly network?: Network | null | undefined;
}

/** The part of the world that says what a meter of a fleet measures, for the simulator and for the known truth alike. */
export function customersOf(
  { template, fleet }: { readonly template: SimulatorTemplate; readonly fleet: Fleet },
  { population, network }: Customers,
  rows: readonly LoadProfileTemplate[],
): Pick<World, "classes" | "phases" | "network" | "placeOf"> {
  return {
    classes: population === undefined ? undefined : new CustomerClasses(population, rows),
    phases: template.form?.phases ?? template.about?.phases ?? 1,
    network: network === undefined ? usualNetwork : (network ?? undefined),
    placeOf: (meterId) => fleet.indexOfMeterId(meterId),
  };
}
