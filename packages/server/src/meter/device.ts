import { T } from "@dlmskit/apdu";
import { Fault, fromAscii, type LogicalName } from "@dlmskit/core";
import {
  type AnyObject,
  type BaseNames,
  type ClassSpec,
  dataObject,
  FunctionControl,
  sapAssignment,
} from "@dlmskit/cosem-objects";
import { SecurityObjects } from "../security/security-objects.ts";
import type { Association } from "./association-spec.ts";
import { shortNamesOf } from "./short-names.ts";

/** Describes a logical device other than the management logical device. */
export interface DeviceSpec {
  readonly sap: number;
  /** Logical device name, 1 to 16 characters; by default the name of the meter followed by the SAP. */
  readonly name?: string;
  readonly objects: readonly AnyObject[];
  /** Base names of objects by logical name, for clients that use short names. The other objects get free base names, in their order. */
  readonly baseNames?: { readonly [instance: LogicalName]: number };
}

/** A logical device of a template: its objects in order, and by logical name. */
export interface Device {
  /** The SAP, if the SAP assignment of the meter does not change it. A store identifies the logical device by this number. */
  readonly sap: number;
  readonly name: string | undefined;
  readonly objects: readonly AnyObject[];
  readonly byName: ReadonlyMap<LogicalName, AnyObject>;
  /** The Clock that determines local time. */
  readonly clock: AnyObject | undefined;
  /** Whether it has a Function control object, which can disable objects. */
  readonly hasFunctions: boolean;
  readonly associations: readonly Association[];
  /** The base names of its objects; undefined: no client uses short names. */
  readonly shortNames: BaseNames | undefined;
  association(client: number): Association | undefined;
}

interface Contents {
  readonly associations: readonly Association[];
  readonly objects: readonly AnyObject[];
  readonly byName: ReadonlyMap<LogicalName, AnyObject>;
  readonly byClient: ReadonlyMap<number, Association>;
  readonly shortNames: BaseNames | undefined;
}

/** A logical device whose associations can be replaced. Its objects stay the same, except the objects of changed associations. */
export class TemplateDevice implements Device {
  readonly sap: number;
  readonly name: string | undefined;
  readonly clock: AnyObject | undefined;
  readonly hasFunctions: boolean;
  readonly #spec: DeviceSpec;
  readonly #own: readonly AnyObject[];
  readonly #security: SecurityObjects;
  #contents: Contents;

  /** Faults `bad-template`, `bad-base-name`, `short-names-exhausted`. */
  constructor(spec: DeviceSpec, all: readonly Association[]) {
    this.sap = spec.sap;
    this.name = spec.name;
    this.clock = spec.objects.find((object) => object.spec.traits?.zone === true);
    this.hasFunctions = spec.objects.some((object) => object.spec.classId === FunctionControl.classId);
    this.#spec = spec;
    this.#own = [nameObject(), ...(spec.sap === 1 ? [sapAssignment()] : [])];
    this.#security = new SecurityObjects(() => this.associations);
    const names = new Set<LogicalName>();
    for (const { instance, spec: declared } of spec.objects) {
      checkClass(declared);
      if (names.has(instance)) throw bad(`two objects have the logical name ${instance}`);
      names.add(instance);
    }
    this.#contents = this.#contentsOf(all);
  }

  #contentsOf(all: readonly Association[]): Contents {
    const spec = this.#spec;
    const associations = all.filter(({ devices }) => devices === undefined || devices.includes(spec.sap));
    const byName = new Map(spec.objects.map((object) => [object.instance, object]));
    for (const object of [...this.#own, ...this.#security.of(associations)]) {
      if (!byName.has(object.instance)) byName.set(object.instance, object);
    }
    return {
      ...{ associations, byName, objects: [...byName.values()] },
      byClient: new Map(associations.map((one) => [one.client, one])),
      shortNames: shortNamesOf(byName, associations, spec.baseNames),
    };
  }

  /** The objects with other associations. Nothing is changed before the returned function is called. Faults as in the constructor. */
  renewed(all: readonly Association[]): { readonly objects: readonly AnyObject[]; take(): void } {
    const contents = this.#contentsOf(all);
    return {
      objects: contents.objects,
      take: () => {
        this.#contents = contents;
      },
    };
  }

  get objects(): readonly AnyObject[] {
    return this.#contents.objects;
  }

  get byName(): ReadonlyMap<LogicalName, AnyObject> {
    return this.#contents.byName;
  }

  get associations(): readonly Association[] {
    return this.#contents.associations;
  }

  get shortNames(): BaseNames | undefined {
    return this.#contents.shortNames;
  }

  association(client: number): Association | undefined {
    return this.#contents.byClient.get(client);
  }
}

function nameObject(): AnyObject {
  return dataObject(
    "0.0.42.0.0.255",
    { type: T.octetString, value: fromAscii("") },
    { read: { value: (_, { device }) => fromAscii(device.name) } },
  );
}

const checked = new WeakSet<ClassSpec>();

/** Fault `bad-template` for a class of which two attributes or methods have one id, or that declares attribute 1. */
function checkClass(spec: ClassSpec): void {
  if (checked.has(spec)) return;
  for (const kind of ["attribute", "method"] as const) {
    const ids = Object.values(spec[`${kind}s`]).map(({ id }) => id);
    const twice = ids.find((id, at) => id > 0 && ids.indexOf(id) !== at);
    if (twice !== undefined) throw bad(`class ${spec.name} declares ${kind} ${twice} twice`);
    if (kind === "attribute" && ids.includes(1)) {
      throw bad(`class ${spec.name} declares attribute 1, which is the logical name: every object has it`);
    }
  }
  checked.add(spec);
}

const bad = (message: string): Fault => new Fault("bad-template", message, { layer: "server" });
