import type { LoadProfileTemplate, PowerQualityEventConfig } from "@dlmskit/storage";
import type { Fleet } from "../fleet/fleet.ts";
import { type Network, usualNetwork } from "../model/network.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import type { World } from "./simulated-meter.ts";

export interface WorldOptions extends Pick<World, "store" | "keepAtMost"> {
  readonly template: SimulatorTemplate;
  readonly fleet: Pick<Fleet, "indexOfMeterId">;
  readonly loadProfiles: readonly LoadProfileTemplate[];
  readonly powerQuality: readonly PowerQualityEventConfig[];
  /** `usualNetwork` by default. With null each meter has faults of its own only. */
  readonly network?: Network | null;
}

/** What the meters of a fleet have in common. */
export function worldOf(options: WorldOptions): World {
  const { store, template, fleet, loadProfiles, powerQuality, network = usualNetwork, keepAtMost } = options;
  const { zoneMinutesEast, tariffDay, switchLog } = template;
  return {
    ...{ store, powerQuality, zoneMinutesEast, tariffDay, switchLog, keepAtMost },
    templates: loadProfiles,
    phases: template.form?.phases ?? template.about?.phases ?? 1,
    network: network ?? undefined,
    placeOf: (meterId) => fleet.indexOfMeterId(meterId),
    kept: new Map(),
  };
}
