import type { Offer } from "@dlmskit/association";
import { Fault, type LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  type ClassSpec,
  type LocalTime,
  type Rights,
  SapAssignment,
  timelineOf,
  watchOf,
} from "@dlmskit/cosem-objects";
import { type Association, type AssociationSpec, associationsOf } from "./association-spec.ts";
import { changedAssociations } from "./changed-associations.ts";
import { type Device, type DeviceSpec, TemplateDevice } from "./device.ts";
import { checkInitialValues } from "./initial-values.ts";
import { fixedZone, localTimeOf, type ValuesOf } from "./local-time-of.ts";
import { powerSupply } from "./power-supply.ts";

export interface TemplateOptions {
  /** The objects of the management logical device (SAP 1). The other objects that a meter must have are added. */
  readonly objects: readonly AnyObject[];
  readonly devices?: readonly DeviceSpec[];
  readonly associations: { readonly [name: string]: AssociationSpec };
  /**
   * How clients may name objects in the associations that do not specify it: by logical names by default. `"either"`: each client
   * chooses.
   */
  readonly referencing?: Offer["context"];
  /** Base names of objects of the management logical device: see `DeviceSpec`. */
  readonly baseNames?: { readonly [instance: LogicalName]: number };
  /** Minutes by which the local time of the meter is ahead of UTC: 330 in India; 0 by default. */
  readonly zoneMinutesEast?: number;
  /** Maximum clock change (ms) that counts as a synchronisation, so that no action is lost or repeated; 9,000 by default. */
  readonly syncLimit?: number;
}

const usualSyncLimit = 9000;

/** The meter that a time context belongs to. */
export interface TimeContextPort {
  /** The difference between the clock of the meter and the simulated time, ms: positive if the clock is ahead. */
  readonly offset: number;
  values(object: AnyObject): Readonly<Record<string, unknown>>;
}

/** The data that all meters of a template share. Only `grant` and `associate` change it. */
export interface MeterTemplate {
  readonly devices: ReadonlyMap<number, Device>;
  readonly associations: readonly Association[];
  /** Local time of a logical device: by its Clock, else by the Clock of the management logical device, else without daylight saving. */
  local(device: Device, values: ValuesOf): LocalTime;
  /** Maximum clock change (ms) that counts as a synchronisation, so that no action is lost or repeated. */
  readonly syncLimit: number;
  /** Returns the logical device that contains an object of the template. */
  deviceOf(object: AnyObject): Device;
  /** The objects that act at certain times. */
  readonly timed: readonly { readonly device: Device; readonly object: AnyObject }[];
  /** The objects that act when other objects change. */
  readonly watching: readonly { readonly device: Device; readonly object: AnyObject }[];
  /** The object that assigns SAPs to the logical devices; undefined: they have the SAPs of the template. */
  readonly sapAssignment: AnyObject | undefined;
  /** The object that holds whether the meter has power. It belongs to no logical device. */
  readonly power: AnyObject;
  /** The attributes that lose their value in a power failure, with their values after it. */
  readonly volatile: readonly { readonly object: AnyObject; readonly name: string; readonly value: unknown }[];
  /** Replaces the access rights of associations, by name, from the next request. Fault `bad-association` for an unknown name. */
  grant(rights: { readonly [association: string]: Rights }): void;
  /**
   * Replaces the associations of all meters at once. Associations that are opened later follow `specs`. Open associations stay as
   * negotiated, except for their rights. Returns those that were removed, or whose client, object, referencing or security changed:
   * end them with `server.end`, otherwise they continue. After a Fault (`bad-association`, `short-names-exhausted`) nothing changed.
   */
  associate(specs: { readonly [name: string]: AssociationSpec }): readonly Association[];
}

/**
 * Compiles a template that many meters share. The values of its objects are frozen; values that are written to a meter are kept with
 * that meter. Faults `bad-template` (two objects with one name, a device twice, a value that its attribute cannot have),
 * `bad-association`, `bad-logical-name`, `bad-base-name`, `short-names-exhausted`.
 */
export function meterTemplate(options: TemplateOptions): MeterTemplate {
  const template = compile(options);
  const freezeAll = (): void => {
    for (const { objects } of template.devices.values()) for (const { values } of objects) freeze(values);
  };
  freezeAll();
  freeze(template.power.values);
  return {
    ...template,
    get associations() {
      return template.associations;
    },
    associate(specs) {
      const ended = template.associate(specs);
      freezeAll();
      return ended;
    },
  };
}

/** Also freezes lists and structures, because a hook that changes one in place would change it for all meters. */
function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  const prototype = Object.getPrototypeOf(value);
  // Octets and instances of classes are not frozen.
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return;
  Object.freeze(value);
  for (const element of Object.values(value)) freeze(element);
}

/** Compiles a template for a single meter, which owns its objects. */
export function compile(options: TemplateOptions): MeterTemplate {
  let associations = associationsOf(options.associations, options.referencing);
  const { baseNames } = options;
  const management = { sap: 1, objects: options.objects, ...(baseNames === undefined ? {} : { baseNames }) };
  const specs: DeviceSpec[] = [management, ...(options.devices ?? [])];
  const devices = new Map<number, TemplateDevice>();
  for (const spec of specs) {
    if (devices.has(spec.sap)) throw bad(`the logical device ${spec.sap} appears twice`);
    for (const object of spec.objects) checkInitialValues(object);
    devices.set(spec.sap, new TemplateDevice(spec, associations));
  }
  const { zoneMinutesEast } = options;
  const withoutClock = fixedZone(zoneMinutesEast === undefined ? 0 : -zoneMinutesEast);
  for (const { clock } of devices.values()) {
    if (clock === undefined || zoneMinutesEast === undefined || clock.values.timeZone === -zoneMinutesEast) continue;
    if (Object.isFrozen(clock.values))
      throw bad(`the clock ${clock.instance} belongs to a template with another time zone`);
    clock.values.timeZone = -zoneMinutesEast;
  }
  const local: MeterTemplate["local"] = (device, values) => {
    const clock = device.clock ?? devices.get(1)?.clock;
    return clock === undefined ? withoutClock : localTimeOf(clock, values);
  };
  const homes = new Map<AnyObject, Device>();
  const settle = (): void => {
    for (const device of devices.values()) for (const object of device.objects) homes.set(object, device);
  };
  settle();
  const all = (has: (object: AnyObject) => unknown) =>
    [...devices.values()].flatMap((device) =>
      device.objects.filter((object) => has(object) !== undefined).map((object) => ({ device, object })),
    );
  return {
    devices,
    get associations() {
      return associations;
    },
    deviceOf: (object) => homes.get(object) as Device,
    local,
    syncLimit: options.syncLimit ?? usualSyncLimit,
    timed: all(timelineOf),
    watching: all(watchOf),
    sapAssignment: [...(devices.get(1)?.byName.values() ?? [])].find(
      ({ spec }) => spec.classId === SapAssignment.classId,
    ),
    power: powerSupply(),
    volatile: [...homes.keys()].flatMap(volatileOf),
    grant(rights) {
      const found = Object.entries(rights).map(([name, granted]) => {
        const association = associations.find((one) => one.name === name);
        if (association === undefined) {
          throw new Fault("bad-association", `there is no association "${name}"`, { layer: "server" });
        }
        return { association, granted };
      });
      for (const { association, granted } of found) association.access.replace(granted);
    },
    associate(specs) {
      const changed = changedAssociations(associations, associationsOf(specs, options.referencing));
      // The objects of an association depend on its new state.
      const renewed = changed.within(() => [...devices.values()].map((device) => device.renewed(changed.associations)));
      associations = changed.associations;
      for (const { take } of renewed) take();
      settle();
      return changed.ended;
    },
  };
}

const volatileOf = (object: AnyObject): MeterTemplate["volatile"] =>
  Object.entries((object.spec as ClassSpec).attributes)
    .filter(([name, { volatile }]) => volatile === true && object.values[name] !== undefined)
    .map(([name]) => ({ object, name, value: object.values[name] }));

const bad = (message: string): Fault => new Fault("bad-template", message, { layer: "server" });
