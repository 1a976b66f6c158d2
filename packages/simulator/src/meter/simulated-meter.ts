import { Fault } from "@dlmskit/core";
import type { Context } from "@dlmskit/cosem-objects";
import type { LoadProfileTemplate, Meter as MeterRow, PowerQualityEventConfig, Store } from "@dlmskit/storage";
import { createModel } from "../model/model.ts";
import { EventHistory, type HistoryKind } from "./event-history.ts";
import { Journal, type SwitchLog } from "./journal.ts";
import { Readings } from "./readings.ts";
import { type TariffDay, TariffRegisters } from "./tariff.ts";

/** What all meters of a simulator have alike. */
export interface World {
  readonly store: Pick<Store, "events">;
  readonly templates: readonly LoadProfileTemplate[];
  readonly powerQuality: readonly PowerQualityEventConfig[];
  readonly zoneMinutesEast: number;
  readonly tariffDay: TariffDay;
  readonly switchLog: SwitchLog | undefined;
  /** How many meters keep what was computed for them; the one read longest ago goes first. */
  readonly kept: Map<SimulatedMeter, Computed>;
  readonly keepAtMost: number;
}

/** What follows from the model and the load switch: made when first asked for, and again when it was let go. */
export interface Computed {
  readonly readings: Readings;
  readonly tariff: TariffRegisters;
  readonly histories: Map<readonly HistoryKind[], EventHistory>;
}

export type KnownMeter = Pick<
  MeterRow,
  "meterId" | "serial" | "logicalDeviceName" | "systemTitle" | "seed" | "commissionedAt"
>;

/** One meter of a simulator, as the hooks of its objects find it: `simulated(context)`. */
export class SimulatedMeter {
  readonly #world: World;
  readonly known: KnownMeter;
  #journal: Journal | undefined;
  #spans: unknown;

  constructor(world: World, known: KnownMeter) {
    this.#world = world;
    this.known = known;
  }

  get zoneMinutesEast(): number {
    return this.#world.zoneMinutesEast;
  }

  get journal(): Journal {
    this.#journal ??= new Journal(this.#world.store, this.known.meterId, this.#world.switchLog);
    return this.#journal;
  }

  get readings(): Readings {
    return this.#computed.readings;
  }

  get tariff(): TariffRegisters {
    return this.#computed.tariff;
  }

  /** The log of those kinds of events; the list of kinds is its key. */
  history(kinds: readonly HistoryKind[]): EventHistory {
    const { histories, readings } = this.#computed;
    let history = histories.get(kinds);
    if (history === undefined) {
      history = new EventHistory(readings.model, this.known.commissionedAt, kinds);
      histories.set(kinds, history);
    }
    return history;
  }

  get #computed(): Computed {
    const { kept, keepAtMost } = this.#world;
    const { switchedOff } = this.journal;
    let computed = kept.get(this);
    if (computed !== undefined && this.#spans === switchedOff) {
      if (kept.size > 1) {
        kept.delete(this);
        kept.set(this, computed);
      }
      return computed;
    }
    const { seed, meterId, commissionedAt } = this.known;
    const { templates, powerQuality, zoneMinutesEast, tariffDay } = this.#world;
    const model =
      computed?.readings.model ??
      createModel({ seed, meter: meterId, templates, powerQuality, zoneMinutesEast, commissioned: commissionedAt });
    const readings = new Readings(model, commissionedAt, switchedOff);
    computed = {
      readings,
      tariff: new TariffRegisters(readings, commissionedAt, zoneMinutesEast, tariffDay),
      histories: new Map(),
    };
    kept.delete(this);
    if (kept.size >= keepAtMost) kept.delete(kept.keys().next().value as SimulatedMeter);
    kept.set(this, computed);
    this.#spans = switchedOff;
    return computed;
  }
}

/** The meter that a hook's object is read in. Fault `not-simulated` where it stands in none. */
export function simulated({ own }: Pick<Context, "own">): SimulatedMeter {
  if (own instanceof SimulatedMeter) return own;
  throw new Fault("not-simulated", "the object stands in no simulated meter", {
    layer: "simulator",
    hint: "objects of a simulator's template are served by createSimulator",
  });
}
