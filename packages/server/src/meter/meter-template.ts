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
import { fixedZone, localTimeOf, type ValuesOf } from "./local-time-of.ts";
import { powerSupply } from "./power-supply.ts";

export interface TemplateOptions {
  /** The objects of the management logical device (SAP 1). Other objects that a meter must have are added. */
  readonly objects: readonly AnyObject[];
  readonly devices?: readonly DeviceSpec[];
  readonly associations: { readonly [name: string]: AssociationSpec };
  /**
   * How clients may name objects, in all associations that do not say it themselves: by logical names by default, `"either"`:
   * as each client asks for.
   */
  readonly referencing?: Offer["context"];
  /** Base names of objects of the management logical device: see `DeviceSpec`. */
  readonly baseNames?: { readonly [instance: LogicalName]: number };
  /** Minutes that the meter's local time is ahead of UTC: 330 in India; 0 by default. */
  readonly zoneMinutesEast?: number;
  /** By how much a clock may be set (ms) and only be synchronised, so that no action is lost or repeated; 9,000 by default. */
  readonly syncLimit?: number;
}

const usualSyncLimit = 9000;

/** The meter for which it is told. */
export interface TimeContextPort {
  /** What the meter's clock shows more than the simulated time. */
  readonly offset: number;
  values(object: AnyObject): Readonly<Record<string, unknown>>;
}

/** What all meters of a template share. Only `grant` and `associate` change it. */
export interface MeterTemplate {
  readonly devices: ReadonlyMap<number, Device>;
  readonly associations: readonly Association[];
  /** Local time of a logical device: as its Clock has it, else as that of the management logical device, else without daylight saving. */
  local(device: Device, values: ValuesOf): LocalTime;
  /** ms: a clock that is set by no more than this is synchronised: no action is lost or repeated. */
  readonly syncLimit: number;
  /** The logical device that an object of the template is in. */
  deviceOf(object: AnyObject): Device;
  /** The objects that do something by themselves in time. */
  readonly timed: readonly { readonly device: Device; readonly object: AnyObject }[];
  /** The objects that do something when others change. */
  readonly watching: readonly { readonly device: Device; readonly object: AnyObject }[];
  /** Says which SAPs the logical devices have; undefined: those of the template. */
  readonly sapAssignment: AnyObject | undefined;
  /** Holds whether the meter has power; it is in no logical device. */
  readonly power: AnyObject;
  /** The attributes that do not outlast a power failure, with what they have then. */
  readonly volatile: readonly { readonly object: AnyObject; readonly name: string; readonly value: unknown }[];
  /** Replaces the rights of associations, by name, from the next request on. Fault `bad-association` for an unknown name. */
  grant(rights: { readonly [association: string]: Rights }): void;
  /**
   * Tells the associations anew, for all meters at once: those that are opened from now on are as told. What is open stays as it was
   * negotiated, but for its rights. Gives those that are gone, or whose client, object, referencing or security is another: end them
   * (`server.end`), as they would go on. After a Fault (`bad-association`, `short-names-exhausted`) nothing has changed.
   */
  associate(specs: { readonly [name: string]: AssociationSpec }): readonly Association[];
}

/**
 * Compiles a template that many meters share: the values of its objects are frozen, and what is written to a meter stands beside
 * them. Faults `bad-template` (two objects of one name, a device twice), `bad-association`, `bad-logical-name`, `bad-base-name`,
 * `short-names-exhausted`.
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

/** Lists and structures too: a hook that changes one in place would change it for all meters. */
function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  const prototype = Object.getPrototypeOf(value);
  // Octets and instances of classes are left as they are.
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return;
  Object.freeze(value);
  for (const element of Object.values(value)) freeze(element);
}

/** The same for one meter alone, whose objects are its own. */
export function compile(options: TemplateOptions): MeterTemplate {
  let associations = associationsOf(options.associations, options.referencing);
  const { baseNames } = options;
  const management = { sap: 1, objects: options.objects, ...(baseNames === undefined ? {} : { baseNames }) };
  const specs: DeviceSpec[] = [management, ...(options.devices ?? [])];
  const devices = new Map<number, TemplateDevice>();
  for (const spec of specs) {
    if (devices.has(spec.sap)) throw bad(`the logical device ${spec.sap} appears twice`);
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
      // The objects of an association follow from what it is then.
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
