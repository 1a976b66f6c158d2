import { Fault } from "@dlmskit/core";
import type { Context } from "@dlmskit/cosem-objects";
import type { LoadProfileTemplate, Meter as MeterRow, PowerQualityEventConfig, Store } from "@dlmskit/storage";
import { createModel, type Network } from "../model/model.ts";
import { EventHistory, type HistoryKind, type Span } from "./event-history.ts";
import { Journal, noSpans, type SwitchLog } from "./journal.ts";
import { Readings } from "./readings.ts";
import { type TariffDay, TariffRegisters } from "./tariff.ts";

/** What all meters of a simulator have in common. */
export interface World {
  readonly store: Pick<Store, "events">;
  templates: readonly LoadProfileTemplate[];
  powerQuality: readonly PowerQualityEventConfig[];
  readonly zoneMinutesEast: number;
  readonly phases: 1 | 3;
  /** How the meters are connected, and the place of each of them. */
  readonly network: Network | undefined;
  readonly placeOf: (meterId: string) => number | undefined;
  readonly tariffDay: TariffDay;
  readonly switchLog: SwitchLog | undefined;
  /** The computed values of meters, by meter id. The number of meters is limited; the least recently read meter is removed first. */
  readonly kept: Map<string, Computed>;
  readonly keepAtMost: number;
}

/** Values that follow from the model and the load switch. They are computed on request, and computed again if they were removed. */
export interface Computed {
  readonly seed: string;
  readonly spans: readonly Span[];
  readonly readings: Readings;
  readonly tariff: TariffRegisters;
  /** Created on request. */
  histories?: Map<readonly HistoryKind[], EventHistory>;
}

/** The identity of a simulated meter, as its hooks see it. */
export type KnownMeter = Pick<
  MeterRow,
  "meterId" | "serial" | "logicalDeviceName" | "systemTitle" | "seed" | "commissionedAt"
>;

/** One meter of a simulator for the hooks of its objects: `simulated(context)`. */
export class SimulatedMeter {
  readonly #world: World;
  readonly known: KnownMeter;
  readonly journal: Journal;

  /** `spans`: when the load switch was open until now. */
  constructor(world: World, known: KnownMeter, spans: readonly Span[] = noSpans) {
    this.#world = world;
    this.known = known;
    this.journal = new Journal(world.store, known.meterId, world.switchLog, spans);
  }

  get zoneMinutesEast(): number {
    return this.#world.zoneMinutesEast;
  }

  get tariffDay(): TariffDay {
    return this.#world.tariffDay;
  }

  get readings(): Readings {
    return this.#computed.readings;
  }

  get tariff(): TariffRegisters {
    return this.#computed.tariff;
  }

  /** The log of events of these kinds. The list of kinds is the key of the log. */
  history(kinds: readonly HistoryKind[]): EventHistory {
    const computed = this.#computed;
    computed.histories ??= new Map();
    const { histories, readings } = computed;
    let history = histories.get(kinds);
    if (history === undefined) {
      history = new EventHistory(readings.model, this.known.commissionedAt, kinds);
      histories.set(kinds, history);
    }
    return history;
  }

  get #computed(): Computed {
    const { kept, keepAtMost } = this.#world;
    const { seed, meterId, commissionedAt } = this.known;
    const spans = this.journal.switchedOff;
    const found = kept.get(meterId);
    const same = found?.seed === seed && found.readings.commissioned === commissionedAt ? found : undefined;
    if (same !== undefined && same.spans === spans) {
      if (kept.size > 1) {
        kept.delete(meterId);
        kept.set(meterId, same);
      }
      return same;
    }
    const { templates, powerQuality, zoneMinutesEast, tariffDay, phases, network, placeOf } = this.#world;
    const model =
      same?.readings.model ??
      createModel({
        ...{ seed, meter: meterId, commissioned: commissionedAt, number: placeOf(meterId) },
        ...{ templates, powerQuality, zoneMinutesEast, phases, network },
      });
    const readings = new Readings(model, commissionedAt, spans);
    const computed: Computed = {
      seed,
      spans,
      readings,
      tariff: new TariffRegisters(readings, commissionedAt, zoneMinutesEast, tariffDay),
    };
    kept.delete(meterId);
    if (kept.size >= keepAtMost) kept.delete(kept.keys().next().value as string);
    kept.set(meterId, computed);
    return computed;
  }
}

/** The meter whose object a hook reads. Fault `not-simulated` if the object belongs to no simulated meter. */
export function simulated({ own }: Pick<Context, "own">): SimulatedMeter {
  if (own instanceof SimulatedMeter) return own;
  throw new Fault("not-simulated", "the object does not belong to a simulated meter", {
    layer: "simulator",
    hint: "objects of a simulator's template are served by createSimulator",
  });
}
