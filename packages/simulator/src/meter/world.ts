import { type Data, treeOf } from "@dlmskit/apdu";
import { type PushLayoutElement, PushSetup0 } from "@dlmskit/cosem-objects";
import type { LoadProfileTemplate, PowerQualityEventConfig } from "@dlmskit/storage";
import { conditionsOf } from "../faults/event-codes.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { type Network, usualNetwork } from "../model/network.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import { type Condition, countIn } from "./conditions.ts";
import type { Report, World } from "./simulated-meter.ts";

export interface WorldOptions extends Pick<World, "store" | "keepAtMost" | "anyTime"> {
  readonly template: SimulatorTemplate;
  readonly fleet: Pick<Fleet, "indexOfMeterId">;
  readonly loadProfiles: readonly LoadProfileTemplate[];
  readonly powerQuality: readonly PowerQualityEventConfig[];
  /** The customer classes; absent: all meters have the load of all rows. */
  readonly classes?: World["classes"];
  /** `usualNetwork` by default. With null each meter has faults of its own only. */
  readonly network?: Network | null;
  /** Whether the Push setups have the destination of an option. */
  readonly pushes?: boolean;
}

/** What the meters of a fleet have in common. */
export function worldOf(options: WorldOptions): World {
  const { store, template, fleet, loadProfiles, powerQuality, classes, network = usualNetwork, keepAtMost } = options;
  const conditions = conditionsOf(template);
  const firstCounts = firstCountsOf(template, conditions);
  const { zoneMinutesEast, tariffDay, switchLog } = template;
  return {
    ...{ store, powerQuality, zoneMinutesEast, tariffDay, switchLog, conditions, firstCounts, classes, keepAtMost },
    ...{ reports: reportsOf(template, conditions, options.pushes === true), anyTime: options.anyTime === true },
    templates: loadProfiles,
    phases: template.form?.phases ?? template.about?.phases ?? 1,
    network: network ?? undefined,
    placeOf: (meterId) => fleet.indexOfMeterId(meterId),
    kept: new Map(),
  };
}

/** The counts in a template, by the object that counts conditions. */
function firstCountsOf(template: SimulatorTemplate, conditions: readonly Condition[]): ReadonlyMap<string, number> {
  const counters = new Set<string | undefined>(conditions.map(({ counter }) => counter));
  const objects = counters.size === 0 ? [] : template.objects().filter(({ instance }) => counters.has(instance));
  return new Map(
    objects.map(({ instance, values }) => {
      // The value of a type of the template, or a Data; none, if a hook reads it.
      const { value } = values as { readonly value?: unknown };
      const count = typeof value === "object" && value !== null ? countIn(treeOf(value as Data)) : value;
      return [instance, typeof count === "number" ? count : 0];
    }),
  );
}

/** The Push setups of a template that push an object by which conditions are seen, by that object. */
function reportsOf(
  template: SimulatorTemplate,
  conditions: readonly Condition[],
  told: boolean,
): ReadonlyMap<string, readonly Report[]> {
  const shown = new Set<string>(conditions.flatMap(({ sign }) => (sign === undefined ? [] : [sign.object])));
  const setups = template.objects().filter(({ spec }) => spec.classId === PushSetup0.classId);
  const pushes = (instance: string) =>
    setups.filter(({ values }) =>
      (values.pushObjectList as readonly PushLayoutElement[]).some((one) => one.instanceId === instance),
    );
  return new Map([...shown].map((instance) => [instance, pushes(instance).map((setup) => ({ setup, told }))]));
}
