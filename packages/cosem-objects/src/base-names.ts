import { Fault, type LogicalName, logicalName } from "@dlmskit/core";
import { attributeIds, attributeName, type ClassSpec, methodName } from "./interface-class.ts";
import type { AnyObject } from "./object.ts";

// Short-name referencing (IEC 62056-5-3): an object has a base name of 16 bits; its attributes and methods are at offsets from it.

/** The logical name of the current association, in both kinds of referencing. */
export const currentAssociation = "0.0.40.0.0.255";

/** Base names that the standard reserves for objects which every client must find. Green Book 4.1.8.3. */
export const reservedBaseNames: readonly {
  readonly baseName: number;
  readonly instanceId: LogicalName;
  readonly classIds: readonly number[];
}[] = [
  { baseName: 0xfa00, instanceId: currentAssociation, classIds: [12] },
  { baseName: 0xfb00, instanceId: "0.0.10.0.125.255", classIds: [9] },
  { baseName: 0xfc00, instanceId: "0.0.41.0.0.255", classIds: [17] },
  { baseName: 0xfd00, instanceId: "0.0.42.0.0.255", classIds: [1, 3] },
];

const step = 8;
const reservedFrom = 0xfa00;
const reservedTo = 0xfe00;
const firstBaseName = 0x0100;
const beyondLast = 0x10000;

/** The offset of an attribute from its object's base name; undefined if it has no short name (a manufacturer's own, below 0). */
export function attributeOffset(attributeId: number): number | undefined {
  return attributeId >= 1 ? step * (attributeId - 1) : undefined;
}

/** The offset of a method; undefined if the declaration of the class does not give it (`methodOffset`): it cannot be computed. */
export function methodOffset({ methodOffset: first }: ClassSpec, methodId: number): number | undefined {
  return first === undefined || methodId < 1 ? undefined : first + step * (methodId - 1);
}

/** The base name that the standard reserves for this object; undefined for all others. */
export function reservedBaseName(classId: number, instanceId: LogicalName): number | undefined {
  return reservedBaseNames.find((one) => one.instanceId === instanceId && one.classIds.includes(classId))?.baseName;
}

/** The attribute or method that a short name refers to. */
export type ShortNamed =
  | { readonly object: AnyObject; readonly attributeId: number; readonly methodId?: never }
  | { readonly object: AnyObject; readonly methodId: number; readonly attributeId?: never };

interface Placed {
  readonly object: AnyObject;
  readonly baseName: number;
}

/** The base names of the objects of a logical device, and what each short name refers to. */
export class BaseNames {
  /** The objects sorted by base name, ascending. */
  readonly all: readonly Placed[];
  readonly #byObject: ReadonlyMap<AnyObject, number>;

  /** Use `baseNames` to make one. */
  constructor(placed: readonly Placed[]) {
    this.all = placed.toSorted((one, other) => one.baseName - other.baseName);
    this.#byObject = new Map(placed.map(({ object, baseName }) => [object, baseName]));
  }

  /** The base name of an object; undefined: it has none here. */
  of(object: AnyObject): number | undefined {
    return this.#byObject.get(object);
  }

  /** The attribute or method with that short name; undefined: there is none. */
  find(shortName: number): ShortNamed | undefined {
    const placed = this.#at(shortName);
    const offset = shortName - (placed?.baseName ?? 0);
    if (placed === undefined || offset % step !== 0) return undefined;
    const { object } = placed;
    const spec = object.spec as ClassSpec;
    const attributeId = offset / step + 1;
    if (attributeId === 1 || attributeName(spec, attributeId) !== undefined) return { object, attributeId };
    const methodId = spec.methodOffset === undefined ? 0 : (offset - spec.methodOffset) / step + 1;
    return methodName(spec, methodId) === undefined ? undefined : { object, methodId };
  }

  /** The object with the highest base name that is not above the short name. */
  #at(shortName: number): Placed | undefined {
    let from = 0;
    let to = this.all.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.all[middle] as Placed).baseName <= shortName) from = middle + 1;
      else to = middle;
    }
    return this.all[from - 1];
  }
}

export interface BaseNameOptions {
  /** Base names by the logical names of objects; the other objects get free base names. */
  readonly stated?: { readonly [instance: LogicalName]: number };
}

/**
 * Gives each object a base name: first the base names that the standard reserves, then the stated ones; each other object, in the order of
 * the list, gets the next free one. The same list gives the same names in any process. Faults `bad-base-name` (not a multiple of 8, already
 * used, for an object that does not exist, or for a class whose attributes and methods overlap), `short-names-exhausted`.
 */
export function baseNames(objects: readonly AnyObject[], { stated = {} }: BaseNameOptions = {}): BaseNames {
  const wanted = new Map(Object.entries(stated).map(([name, baseName]) => [logicalName(name), baseName]));
  const placed: Placed[] = [];
  // Areas that are in use, sorted by their start.
  const taken: Area[] = [];
  const put = (object: AnyObject, baseName: number): void => {
    placed.push({ object, baseName });
    taken.push({ from: baseName, to: baseName + sizeOf(object) });
  };
  for (const object of objects) {
    const { classId } = object.spec as ClassSpec;
    const reserved = reservedBaseName(classId, object.instance);
    const own = wanted.get(object.instance);
    wanted.delete(object.instance);
    if (reserved !== undefined && own !== undefined && own !== reserved) {
      throw bad(object.instance, own, `the standard gives it 0x${reserved.toString(16)}`);
    }
    if (reserved !== undefined) put(object, reserved);
    else if (own !== undefined) put(object, checked(object, own));
  }
  for (const [instance, baseName] of wanted) throw bad(instance, baseName, "there is no such object");
  clash(placed);
  taken.push({ from: reservedFrom, to: reservedTo });
  taken.sort((one, other) => one.from - other.from);
  const has = new Set(placed.map(({ object }) => object));
  let next = firstBaseName;
  let ahead = 0;
  for (const object of objects) {
    if (has.has(object)) continue;
    const size = sizeOf(object);
    // The areas are sorted and `next` only increases, so each area is passed once.
    for (let area = taken[ahead]; area !== undefined && area.from < next + size; area = taken[++ahead]) {
      next = Math.max(next, area.to);
    }
    if (next + size > beyondLast) {
      throw new Fault(
        "short-names-exhausted",
        `${objects.length} objects need too many short names: ${object.instance} does not fit`,
        {
          layer: "cosem",
          hint: "leave objects out of the logical device, or serve logical names only",
        },
      );
    }
    placed.push({ object, baseName: next });
    next += size;
  }
  return new BaseNames(placed);
}

interface Area {
  readonly from: number;
  readonly to: number;
}

const sizes = new WeakMap<ClassSpec, number>();

/** The number of short names that an object of the class uses, in steps of 8. Fault `bad-base-name`. */
function sizeOf({ spec }: AnyObject): number {
  const known = sizes.get(spec);
  if (known !== undefined) return known;
  const attributes = [1, ...attributeIds(spec)].flatMap((id) => attributeOffset(id) ?? []);
  const ids = Object.values((spec as ClassSpec).methods).map(({ id }) => id);
  const methods = ids.flatMap((id) => methodOffset(spec, id) ?? []);
  const both = methods.find((offset) => attributes.includes(offset) || offset % step !== 0);
  if (both !== undefined) {
    throw new Fault(
      "bad-base-name",
      `class ${spec.classId}: the offset 0x${both.toString(16)} of a method is already used`,
      {
        layer: "cosem",
        hint: "correct methodOffset: it must be a multiple of 8 after the last attribute",
      },
    );
  }
  const size = Math.max(...attributes, ...methods) + step;
  sizes.set(spec, size);
  return size;
}

function checked(object: AnyObject, baseName: number): number {
  const { instance } = object;
  if (!Number.isInteger(baseName) || baseName < 0 || baseName + sizeOf(object) > beyondLast || baseName % step !== 0) {
    throw bad(instance, baseName, "a base name is a multiple of 8, and 16 bits have room for the whole object");
  }
  if (baseName < reservedTo && baseName + sizeOf(object) > reservedFrom) {
    throw bad(instance, baseName, "0xfa00 to 0xfdff are the standard's");
  }
  return baseName;
}

function clash(placed: readonly Placed[]): void {
  const sorted = placed.toSorted((one, other) => one.baseName - other.baseName);
  for (const [at, { object, baseName }] of sorted.entries()) {
    const before = sorted[at - 1];
    if (before === undefined || before.baseName + sizeOf(before.object) <= baseName) continue;
    throw bad(object.instance, baseName, `${before.object.instance} takes it`);
  }
}

const bad = (instance: LogicalName, baseName: number, why: string): Fault =>
  new Fault("bad-base-name", `base name 0x${baseName.toString(16)} of ${instance}: ${why}`, { layer: "cosem" });
