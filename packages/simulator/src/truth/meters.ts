import { type Data, fromData, treeOf } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import {
  type AnyObject,
  type AttributeDescriptor,
  attributeName,
  type ClassSpec,
  type Selection,
} from "@dlmskit/cosem-objects";
import { Meter, Server, SimulatedTime } from "@dlmskit/server";
import type { AttributeValue, Meter as MeterRow, Store } from "@dlmskit/storage";
import type { Clock } from "@dlmskit/transport";
import { showAlarms } from "../meter/enter-event.ts";
import { noPast, type Past } from "../meter/past.ts";
import { SimulatedMeter, type World } from "../meter/simulated-meter.ts";
import { pastOf } from "../meter/stored-past.ts";
import { worldOf } from "../meter/world.ts";
import { CustomerClasses } from "../model/population.ts";
import { rowOf } from "../simulate/open-fleet.ts";
import { Planned, plannedEntries } from "./planned.ts";
import type { TruthSource } from "./source.ts";

/** Number of meters whose rows are asked of the store at once. */
const batch = 1000;

/** One meter at any instant, with the objects that the simulator serves. */
export interface TruthMeter {
  readonly index: number;
  readonly row: MeterRow;
  /** How far the clock of the meter is ahead of the simulated time, ms. */
  readonly clockOffset: number;
  /** The values of an object of the management logical device. */
  values(object: AnyObject): Readonly<Record<string, unknown>>;
  /** An attribute as the meter would answer at an instant of its own clock, ms since 1970 UTC. Throws what its hook throws. */
  get(at: number, attribute: AttributeDescriptor, selection?: Selection): Promise<Data>;
}

// Nothing runs by itself: there is no time but the one that is asked for.
const still: Clock = { now: () => 0, at: () => () => undefined };

/** Makes meters one after another. Only the meter in use takes memory. */
export class TruthMeters {
  readonly #source: TruthSource;
  readonly #world: World;
  readonly #commissionedAt: number;
  readonly #time = new SimulatedTime({ source: () => 0, start: 0 });
  readonly #server: Server;
  readonly #planned: Planned | undefined;
  /** What the planned faults do to the meter in use. */
  #plannedPast: { readonly meterId: string; readonly past: Past } | undefined;
  /** The rows of the store of the last batch, by meter id. */
  #kept:
    | {
        readonly from: number;
        readonly rows: ReadonlyMap<string, MeterRow>;
        readonly offsets: ReadonlyMap<string, number>;
      }
    | undefined;

  private constructor(source: TruthSource, world: Omit<World, "store">, commissionedAt: number) {
    this.#source = source;
    this.#world = { ...world, anyTime: true, store: { events: this.#events() } };
    this.#planned = source.planned && new Planned(source.template, source.fleet, source.planned);
    this.#commissionedAt = commissionedAt;
    this.#server = new Server({ meters: () => undefined, clock: still, time: this.#time });
  }

  static async open(source: TruthSource): Promise<TruthMeters> {
    const { store, template, fleet } = source;
    const row = await store.fleets.get(fleet.template);
    if (row === undefined) throw new Fault("bad-value", "the store has no such fleet", { layer: "simulator" });
    const loadProfiles = await store.loadProfileTemplates.list();
    const { network, population } = source;
    const world = worldOf({
      ...{ store, template, fleet, loadProfiles, keepAtMost: 2 },
      classes: population && new CustomerClasses(population, loadProfiles),
      powerQuality: await store.powerQualityEvents.list(),
      ...(network === undefined ? {} : { network }),
    });
    return new TruthMeters(source, world, row.commissionedAt);
  }

  /** Fault `out-of-range`. */
  async meter(index: number): Promise<TruthMeter> {
    const { fleet, meterTemplate, store } = this.#source;
    const own = await this.#rowOf(index);
    const row = own ?? rowOf(fleet, index, this.#commissionedAt);
    const values = own === undefined ? [] : await store.values.of(row.meterId);
    const planned = this.#planned?.past(index);
    this.#plannedPast = planned && { meterId: row.meterId, past: planned };
    const stored = own === undefined ? noPast : await pastOf(store, row.meterId, this.#world, values);
    const meter = new Meter(meterTemplate, {
      ...{ name: row.logicalDeviceName, id: row.meterId, serial: row.serial, systemTitle: row.systemTitle },
      own: new SimulatedMeter(this.#world, row, planned ?? stored),
      secrets: () => ({}),
    });
    this.#server.adopt(meter);
    if (own !== undefined) await this.#write(meter, values);
    const device = deviceOf(this.#source);
    const get = async (at: number, attribute: AttributeDescriptor, selection?: Selection): Promise<Data> => {
      this.#time.set(at);
      const until = planned?.noticed.filter((entry) => entry.at <= at) ?? [];
      if (until.length > 0) await meter.change((view) => showAlarms(view, this.#world.conditions, until));
      const view = meter.live.view(device, { by: { self: "program" } });
      return treeOf(await view.get(attribute, selection));
    };
    const clockOffset = this.#kept?.offsets.get(row.meterId) ?? 0;
    return { index, row, clockOffset, get, values: (object) => meter.values(object as never) };
  }

  /** The events of a store until the time that is asked for, with those of planned faults. */
  #events(): Store["events"] {
    const { events } = this.#source.store;
    const list: Store["events"]["list"] = async ({ to = Number.POSITIVE_INFINITY, ...query }) => {
      const until = Math.min(to, Math.floor(this.#time.now));
      const stored = await events.list({ ...query, to: until });
      const { meterId, past } = this.#plannedPast ?? {};
      if (past === undefined || meterId !== query.meterId) return stored;
      return [...stored, ...plannedEntries(meterId, past, query.instanceId)].filter(({ at }) => at <= until);
    };
    return Object.assign(Object.create(events), { list });
  }

  async #rowOf(index: number): Promise<MeterRow | undefined> {
    const { fleet, store } = this.#source;
    const from = index - (index % batch);
    if (this.#kept?.from !== from) {
      const ids = Array.from({ length: Math.min(batch, fleet.meters - from) }, (_, at) => fleet.meterId(from + at));
      const rows = await store.meters.getMany(ids);
      const offsets = await store.keeping.clockOffsets(rows.map(({ meterId }) => meterId));
      this.#kept = { from, rows: new Map(rows.map((one) => [one.meterId, one])), offsets };
    }
    return this.#kept.rows.get(fleet.meterId(index));
  }

  /** The values that were written to the meter. One that cannot be read is left out, as the meter does. */
  async #write(meter: Meter, values: readonly AttributeValue[]): Promise<void> {
    const device = deviceOf(this.#source);
    const rows = values.filter((one) => one.logicalDevice === device.sap);
    if (rows.length === 0) return;
    await meter.change((view) => {
      for (const { classId, instanceId, attributeId, encoded } of rows) {
        const object = device.byName.get(instanceId);
        const name = object?.spec.classId === classId ? attributeName(object.spec, attributeId) : undefined;
        if (object === undefined || name === undefined) continue;
        const { type } = (object.spec as ClassSpec).attributes[name] as ClassSpec["attributes"][string];
        try {
          view.set(object, name, fromData(type as never, { type: "encoded", octets: encoded }) as never);
        } catch (caught) {
          if (!(caught instanceof Fault)) throw caught;
        }
      }
    });
  }
}

/** The management logical device. */
export function deviceOf({ meterTemplate }: Pick<TruthSource, "meterTemplate">) {
  const device = meterTemplate.devices.get(1);
  if (device === undefined)
    throw new Fault("unknown-template", "the template has no logical device 1", { layer: "simulator" });
  return device;
}
