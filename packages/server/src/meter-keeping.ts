import { dataOf, fromData } from "@dlmskit/apdu";
import {
  type AnyObject,
  after,
  type CosemObject,
  type MaybePromise,
  ProfileGeneric,
  ringOf,
} from "@dlmskit/cosem-objects";
import type { Meter } from "./meter.ts";
import type { Device } from "./meter-template.ts";
import type { MeterStore } from "./store-port.ts";

type AnyValues = Record<string, unknown>;

/** Takes from a store what it keeps of a meter: keys, counters, written values, captured rows. Faults of the store. */
export async function loadMeter(meter: Meter, store: MeterStore, instant: () => number): Promise<Keeping> {
  const { id: meterId, name, identity, template } = meter;
  await store.meters.putIfAbsent([
    {
      meterId,
      serial: identity.serial ?? name,
      logicalDeviceName: name,
      systemTitle: meter.systemTitle,
      seed: "",
      template: "custom",
      commissionedAt: Math.floor(instant()),
    },
  ]);
  for (const association of template.associations) await meter.state(association).load(store);
  for (const row of await store.values.of(meterId)) {
    const object = template.devices.get(row.logicalDevice)?.byName.get(row.instanceId);
    const attribute = object && attributeNamed(object, row.classId, row.attributeId);
    // A value whose object the template no longer has is left in the store, for the template that has it.
    if (object === undefined || attribute === undefined) continue;
    const { type } = object.spec.attributes[attribute];
    (meter.ownValues(object) as AnyValues)[attribute] = fromData(type, { type: "encoded", octets: row.encoded });
  }
  for (const object of template.devices.get(1)?.objects ?? []) {
    const profile = profileOf(object);
    if (profile?.hooks.invoke?.capture === undefined) continue;
    const limit = profile.values.profileEntries;
    const rows = await store.captures.list({ meterId, instanceId: profile.instance, limit });
    const ring = rows.length === 0 ? undefined : ringOf(meter.ownValues(profile));
    for (const { at, encoded } of rows) ring?.push(at, encoded);
  }
  return new Keeping(meter, store, instant);
}

const profileOf = (object: AnyObject): CosemObject<typeof ProfileGeneric> | undefined =>
  object.spec === ProfileGeneric ? object : undefined;

function attributeNamed(object: AnyObject, classId: number, attributeId: number): string | undefined {
  if (object.spec.classId !== classId) return undefined;
  return Object.keys(object.spec.attributes).find((name) => object.spec.attributes[name].id === attributeId);
}

/** Keeps in a store what changes in a meter. */
export class Keeping {
  readonly store: MeterStore;
  readonly #meter: Meter;
  readonly #instant: () => number;

  constructor(meter: Meter, store: MeterStore, instant: () => number) {
    this.store = store;
    this.#meter = meter;
    this.#instant = instant;
  }

  /** Runs what may change an object; what changed is durable before the result is given. */
  around<T>(
    device: Device,
    object: AnyObject,
    methodId: number | undefined,
    run: () => MaybePromise<T>,
  ): MaybePromise<T> {
    const before: AnyValues = { ...this.#values(object) };
    return after(run(), (result) => {
      const keeping = [this.#keepValues(device, object, before), this.#keepRows(device, object, methodId)];
      const waiting = keeping.filter((one) => one !== undefined);
      return waiting.length === 0 ? result : Promise.all(waiting).then(() => result);
    });
  }

  /** All values, also those that are the template's. */
  #values(object: AnyObject): AnyValues {
    const values = this.#meter.values(object) as AnyValues;
    return Object.fromEntries(Object.keys(object.spec.attributes).map((name) => [name, values[name]]));
  }

  #keepValues(device: Device, object: AnyObject, before: AnyValues): Promise<void> | undefined {
    const now = this.#values(object);
    const changed = Object.keys(before).filter(
      (name) => now[name] !== before[name] && object.spec.attributes[name].volatile !== true,
    );
    if (changed.length === 0) return undefined;
    const updatedAt = Math.floor(this.#instant());
    return this.store.values.put(
      changed.map((name) => {
        const { id, type } = object.spec.attributes[name];
        return {
          meterId: this.#meter.id,
          logicalDevice: device.sap,
          classId: object.spec.classId,
          instanceId: object.instance,
          attributeId: id,
          encoded: dataOf(type, now[name]).octets,
          updatedAt,
        };
      }),
    );
  }

  /** The rows of a profile: one more after a capture, none after a reset. The tables know those of the management device. */
  #keepRows(device: Device, object: AnyObject, methodId: number | undefined): Promise<unknown> | undefined {
    const profile = profileOf(object);
    if (methodId === undefined || device.sap !== 1 || profile === undefined) return undefined;
    const log = { meterId: this.#meter.id, instanceId: object.instance };
    if (methodId === 1) return this.store.captures.clear(log.meterId, log.instanceId);
    const ring = ringOf(this.#meter.ownValues(profile));
    if (ring.latest === undefined) return undefined;
    return this.store.captures.append([{ ...log, at: ring.latest.time, encoded: ring.latest.row }], ring.capacity);
  }
}
