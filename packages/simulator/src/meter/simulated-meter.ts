import { Fault } from "@dlmskit/core";
import type { AnyObject, Context, DeviceView } from "@dlmskit/cosem-objects";
import type { LoadProfileTemplate, Meter as MeterRow, PowerQualityEventConfig, Store } from "@dlmskit/storage";
import { createModel, type Model, type Network } from "../model/model.ts";
import type { CustomerClasses } from "../model/population.ts";
import { type Condition, countedAt, presentAt } from "./conditions.ts";
import { EventHistory, type HistoryKind } from "./event-history.ts";
import { Journal, outageLog, type SwitchLog } from "./journal.ts";
import { noPast, type Past } from "./past.ts";
import { Readings } from "./readings.ts";
import { type TariffDay, TariffRegisters } from "./tariff.ts";

/** What all meters of a simulator have in common. */
export interface World {
  readonly store: Pick<Store, "events">;
  templates: readonly LoadProfileTemplate[];
  /** The customers of the fleet; undefined: all rows of `templates` belong to each meter. */
  classes: CustomerClasses | undefined;
  powerQuality: readonly PowerQualityEventConfig[];
  readonly zoneMinutesEast: number;
  readonly phases: 1 | 3;
  /** How the meters are connected, and the place of each of them. */
  readonly network: Network | undefined;
  readonly placeOf: (meterId: string) => number | undefined;
  readonly tariffDay: TariffDay;
  readonly switchLog: SwitchLog | undefined;
  /** What the meters notice by themselves. */
  readonly conditions: readonly Condition[];
  /** The counts that a new meter has, by the object that counts conditions. */
  readonly firstCounts: ReadonlyMap<string, number>;
  /** The Push setups that report the conditions, by the object that shows them. */
  readonly reports: ReadonlyMap<string, readonly Report[]>;
  /** The time is set to any instant: the journal of a meter keeps nothing of its logs. */
  readonly anyTime?: boolean;
  /** The computed values of meters, by meter id. The number of meters is limited; the least recently read meter is removed first. */
  readonly kept: Map<string, Computed>;
  readonly keepAtMost: number;
}

/** A Push setup that reports the changes of an object. */
export interface Report {
  readonly setup: AnyObject;
  /** Whether somebody has given it a destination. Without it, a meter pushes once a client has written one. */
  readonly told: boolean;
}

/** Values that follow from the model, the load switch and the power. They are computed on request, and computed again if they were removed. */
export interface Computed {
  readonly seed: string;
  readonly switchedOff: Past["switchedOff"];
  readonly outages: Past["outages"];
  /** The model without the outages. */
  readonly model: Model;
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

  /** `past`: what happened to the meter until now. */
  constructor(world: World, known: KnownMeter, past: Past = noPast) {
    this.#world = world;
    this.known = known;
    this.journal = new Journal(known.meterId, world, past);
  }

  get conditions(): readonly Condition[] {
    return this.#world.conditions;
  }

  /** The bits that an object has at an instant because of conditions that are present. */
  bitsAt(instance: string, at: number): readonly number[] {
    const { noticed } = this.journal.past;
    if (noticed.length === 0) return [];
    const present = [...presentAt(this.conditions, noticed, at)];
    return present.flatMap(({ sign }) => (sign?.object === instance ? [sign.bit] : []));
  }

  /** Whether the change in progress is the one in which the meter loses its power. What only reads is in no change. */
  losesPower(device: DeviceView): boolean {
    if (this.journal.past.outages.at(-1)?.end === Number.POSITIVE_INFINITY) return false;
    try {
      return device.logged(outageLog.log) > 0;
    } catch (caught) {
      if (caught instanceof Fault && caught.code === "read-only") return false;
      throw caught;
    }
  }

  /** How many conditions began up to an instant that an object counts. */
  countedAt(counter: string, at: number): number {
    const { noticed, dropped } = this.journal.past;
    return (dropped.get(counter) ?? 0) + countedAt(this.conditions, noticed, at, counter);
  }

  /** The Push setups that report the changes of an object. */
  reportsOf(instance: string): readonly Report[] {
    return this.#world.reports.get(instance) ?? [];
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
    const { switchedOff, outages } = this.journal.past;
    const found = kept.get(meterId);
    const same = found?.seed === seed && found.readings.commissioned === commissionedAt ? found : undefined;
    if (same !== undefined && same.switchedOff === switchedOff && same.outages === outages) {
      if (kept.size > 1) {
        kept.delete(meterId);
        kept.set(meterId, same);
      }
      return same;
    }
    const { templates, powerQuality, zoneMinutesEast, tariffDay, phases, network, placeOf, classes } = this.#world;
    const model =
      same?.model ??
      createModel({
        ...{ seed, meter: meterId, commissioned: commissionedAt, number: placeOf(meterId) },
        templates: classes?.of(seed, meterId).rows ?? templates,
        ...{ powerQuality, zoneMinutesEast, phases, network },
      });
    const readings = new Readings(model, commissionedAt, { switchedOff, outages });
    const computed: Computed = {
      ...{ seed, switchedOff, outages, model, readings },
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
