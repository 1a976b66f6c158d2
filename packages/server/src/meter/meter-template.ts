import { T } from "@dlmskit/apdu";
import type { Offer } from "@dlmskit/association";
import { Fault, fromAscii, type LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  type BaseNames,
  type ClassSpec,
  dataObject,
  FunctionControl,
  type LocalTime,
  type Rights,
  SapAssignment,
  sapAssignment,
  timelineOf,
  watchOf,
} from "@dlmskit/cosem-objects";
import { securityObjects } from "../security/security-objects.ts";
import { type Association, type AssociationSpec, associationsOf } from "./association-spec.ts";
import { fixedZone, localTimeOf, type ValuesOf } from "./local-time-of.ts";
import { powerSupply } from "./power-supply.ts";
import { shortNamesOf } from "./short-names.ts";

/** A logical device besides the management one. */
export interface DeviceSpec {
  readonly sap: number;
  /** Logical device name, 1 to 16 characters; the meter's name with the SAP behind unless told otherwise. */
  readonly name?: string;
  readonly objects: readonly AnyObject[];
  /** Base names of objects by their logical names, for clients that use short names; the others get what is free, in their order. */
  readonly baseNames?: { readonly [instance: LogicalName]: number };
}

export interface TemplateOptions {
  /** The objects of the management logical device (SAP 1). What a meter must have besides is added. */
  readonly objects: readonly AnyObject[];
  readonly devices?: readonly DeviceSpec[];
  readonly associations: { readonly [name: string]: AssociationSpec };
  /**
   * How clients may name objects, in all associations that do not say it themselves: by logical names unless told otherwise, `"either"`:
   * as each client asks for.
   */
  readonly referencing?: Offer["context"];
  /** Base names of objects of the management logical device: see `DeviceSpec`. */
  readonly baseNames?: { readonly [instance: LogicalName]: number };
  /** Minutes that the meter's local time is ahead of UTC: 330 in India; 0 unless told otherwise. */
  readonly zoneMinutesEast?: number;
  /** By how much a clock may be set (ms) and only be synchronised, so that nothing is lost or comes twice; 9,000 unless told otherwise. */
  readonly syncLimit?: number;
}

const usualSyncLimit = 9000;

/** A logical device of a template: its objects in order, and by logical name. */
export interface Device {
  /** Its SAP unless the SAP assignment of a meter says otherwise, and what a store knows it by. */
  readonly sap: number;
  readonly name: string | undefined;
  readonly objects: readonly AnyObject[];
  readonly byName: ReadonlyMap<LogicalName, AnyObject>;
  /** Decides local time. */
  readonly clock: AnyObject | undefined;
  /** Whether it has a Function control, which may disable objects. */
  readonly hasFunctions: boolean;
  readonly associations: readonly Association[];
  /** The base names of its objects; undefined: no client uses short names. */
  readonly shortNames: BaseNames | undefined;
  association(client: number): Association | undefined;
}

/** The meter for which it is told. */
export interface TimeContextPort {
  /** What the meter's clock shows more than the simulated time. */
  readonly offset: number;
  values(object: AnyObject): Readonly<Record<string, unknown>>;
}

/** What all meters of a kind share; nothing in it changes. */
export interface MeterTemplate {
  readonly devices: ReadonlyMap<number, Device>;
  readonly associations: readonly Association[];
  /** Local time of a logical device: as its Clock has it, else as that of the management logical device, else without daylight saving. */
  local(device: Device, values: ValuesOf): LocalTime;
  /** ms: a clock that is set by no more than this is synchronised: nothing is lost, and nothing comes twice. */
  readonly syncLimit: number;
  /** The logical device that an object of the template stands in. */
  deviceOf(object: AnyObject): Device;
  /** The objects that do something by themselves in time. */
  readonly timed: readonly { readonly device: Device; readonly object: AnyObject }[];
  /** The objects that do something when others change. */
  readonly watching: readonly { readonly device: Device; readonly object: AnyObject }[];
  /** Says which SAPs the logical devices have; undefined: those of the template. */
  readonly sapAssignment: AnyObject | undefined;
  /** Holds whether the meter has power; it stands in no logical device. */
  readonly power: AnyObject;
  /** The attributes that do not outlast a power failure, with what they have then. */
  readonly volatile: readonly { readonly object: AnyObject; readonly name: string; readonly value: unknown }[];
  /** Replaces what associations grant, by name, all at once: from the next request on. Fault `bad-association` for a name that is none. */
  grant(rights: { readonly [association: string]: Rights }): void;
}

/**
 * Compiles a template that many meters share: the values of its objects are frozen, and what is written to a meter stands beside
 * them. Faults `bad-template` (two objects of one name, a device twice), `bad-association`, `bad-logical-name`, `bad-base-name`,
 * `short-names-exhausted`.
 */
export function meterTemplate(options: TemplateOptions): MeterTemplate {
  const template = compile(options);
  for (const { objects } of template.devices.values()) for (const { values } of objects) freeze(values);
  freeze(template.power.values);
  return template;
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
  const associations = associationsOf(options.associations, options.referencing);
  const { baseNames } = options;
  const management = { sap: 1, objects: options.objects, ...(baseNames === undefined ? {} : { baseNames }) };
  const specs: DeviceSpec[] = [management, ...(options.devices ?? [])];
  const devices = new Map<number, Device>();
  for (const spec of specs) {
    if (devices.has(spec.sap)) throw bad(`the logical device ${spec.sap} is told twice`);
    devices.set(spec.sap, deviceOf(spec, associations));
  }
  const { zoneMinutesEast } = options;
  const withoutClock = fixedZone(zoneMinutesEast === undefined ? 0 : -zoneMinutesEast);
  for (const { clock } of devices.values()) {
    if (clock === undefined || zoneMinutesEast === undefined || clock.values.timeZone === -zoneMinutesEast) continue;
    if (Object.isFrozen(clock.values)) throw bad(`the clock ${clock.instance} is that of a template in another zone`);
    clock.values.timeZone = -zoneMinutesEast;
  }
  const local: MeterTemplate["local"] = (device, values) => {
    const clock = device.clock ?? devices.get(1)?.clock;
    return clock === undefined ? withoutClock : localTimeOf(clock, values);
  };
  const homes = new Map([...devices.values()].flatMap((device) => device.objects.map((object) => [object, device])));
  const all = (has: (object: AnyObject) => unknown) =>
    [...devices.values()].flatMap((device) =>
      device.objects.filter((object) => has(object) !== undefined).map((object) => ({ device, object })),
    );
  return {
    devices,
    associations,
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
  };
}

const volatileOf = (object: AnyObject): MeterTemplate["volatile"] =>
  Object.entries((object.spec as ClassSpec).attributes)
    .filter(([name, { volatile }]) => volatile === true && object.values[name] !== undefined)
    .map(([name]) => ({ object, name, value: object.values[name] }));

function deviceOf(spec: DeviceSpec, all: readonly Association[]): Device {
  const associations = all.filter(({ devices }) => devices === undefined || devices.includes(spec.sap));
  const byName = new Map<LogicalName, AnyObject>();
  for (const object of spec.objects) {
    if (byName.has(object.instance)) throw bad(`two objects are called ${object.instance}`);
    byName.set(object.instance, object);
  }
  for (const object of ownObjects(spec, associations)) {
    if (!byName.has(object.instance)) byName.set(object.instance, object);
  }
  const byClient = new Map(associations.map((one) => [one.client, one]));
  return {
    sap: spec.sap,
    name: spec.name,
    objects: [...byName.values()],
    byName,
    clock: spec.objects.find((object) => object.spec.traits?.zone === true),
    hasFunctions: spec.objects.some((object) => object.spec.classId === FunctionControl.classId),
    associations,
    shortNames: shortNamesOf(byName, associations, spec.baseNames),
    association: (client) => byClient.get(client),
  };
}

function ownObjects(spec: DeviceSpec, associations: readonly Association[]): AnyObject[] {
  const name = dataObject(
    "0.0.42.0.0.255",
    { type: T.octetString, value: fromAscii("") },
    { read: { value: (_, { device }) => fromAscii(device.name) } },
  );
  return [name, ...(spec.sap === 1 ? [sapAssignment()] : []), ...securityObjects(associations)];
}

const bad = (message: string): Fault => new Fault("bad-template", message, { layer: "server" });
