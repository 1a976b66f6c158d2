import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";
import { AccessBit, attributeAccess, methodAccess, visible } from "../../access.ts";
import type { AnyObject, Context, Rights } from "../../object.ts";
import {
  type AssociationVersion,
  attributeBits,
  methodBits,
  type ObjectListElement,
  type ObjectListElement0,
} from "../../object-list.ts";
import { refuse } from "../../refusal.ts";
import { keeperOf } from "./association-keeper.ts";

const granted = T.array(T.structure({ id: T.integer, bits: T.unsigned }));

/** The changes made by add_object and remove_object, for each object, as `AccessBit`s; without rights: removed. */
export const ChangedObjects = T.array(
  T.structure({
    classId: T.longUnsigned,
    instanceId: T.logicalName,
    rights: T.nullable(T.structure({ attributes: granted, methods: granted })),
  }),
);
export type ChangedObjects = Of<typeof ChangedObjects>;
type ChangedObject = ChangedObjects[number];

/** The rights that the template grants in an association, and the maximum that clients may add. */
export interface TemplateRights {
  readonly granted: Rights;
  readonly most: Rights;
}

const use = {
  attribute: AccessBit.read | AccessBit.write,
  method: AccessBit.invoke,
} as const;

/**
 * The rights of a template with the changes of add_object and remove_object. The result never grants more than `most`, and keeps the
 * protection that `most` requires.
 */
export function changedRights({ granted, most }: TemplateRights, changes: Readonly<ChangedObjects>): Rights {
  const changed = new Map(changes.map(({ classId, instanceId, rights }) => [instanceId, { classId, rights }]));
  const bitsOf = (kind: keyof Rights, object: AnyObject, id: number): number => {
    const change = changed.get(object.instance);
    if (change === undefined || change.classId !== object.spec.classId) return granted[kind](object, id);
    if (change.rights === null) return 0;
    const limit = most[kind](object, id);
    const told = change.rights[`${kind}s`].find((one) => one.id === id)?.bits ?? 0;
    // The logical name of a listed object can be read.
    const bits = kind === "attribute" && id === 1 ? told | AccessBit.read : told;
    const used = bits & limit & use[kind];
    return used === 0 ? 0 : used | ((bits | limit) & ~use[kind]);
  };
  return {
    attribute: (object, id) => bitsOf("attribute", object, id),
    method: (object, id) => bitsOf("method", object, id),
  };
}

/** The changes to the object list that clients made, as stored in an association object. */
export const changedObjectsOf = (values: object): Readonly<ChangedObjects> =>
  (values as { readonly changedObjects?: ChangedObjects }).changedObjects ?? [];

interface Listed {
  readonly classId: number;
  readonly version?: number;
  readonly instanceId: string;
}

/** The object of a list element. */
function meant({ classId, version, instanceId }: Listed, { device }: Context): AnyObject {
  const object = device.find(classId, instanceId);
  if (object === undefined || (version !== undefined && object.spec.version !== version)) {
    throw refuse("other-reason", `there is no ${instanceId} of class ${classId}, version ${version}`);
  }
  return object;
}

const highestMode = {
  0: { attribute: 3, method: 1 },
  1: { attribute: 6, method: 2 },
  2: { attribute: 6, method: 2 },
  3: { attribute: 0xff, method: 0xff },
} as const;

/** The rights of an element as bits, for the attributes and methods that the object has. Refuses rights beyond the permitted maximum. */
function grantedBy(
  { accessRights }: ObjectListElement | ObjectListElement0,
  object: AnyObject,
  { most, version }: { readonly most: Rights; readonly version: AssociationVersion },
): ChangedObject["rights"] {
  if (!visible(most, object)) throw refuse("other-reason", "the association cannot have the object");
  const check = (kind: keyof Rights, id: number, mode: number): number => {
    if (mode < 0 || mode > highestMode[version][kind]) throw refuse("other-reason", `there is no access mode ${mode}`);
    const bits = kind === "attribute" ? attributeBits(mode, version) : methodBits(mode, version);
    const limit = kind === "attribute" ? attributeAccess(most, object, id) : methodAccess(most, object, id);
    if ((bits & use[kind] & ~limit) !== 0) {
      throw refuse("other-reason", `access mode ${mode} is more than can be granted on ${kind} ${id}`);
    }
    return bits;
  };
  // If an id occurs several times, the last one counts.
  const attributes = new Map(
    accessRights.attributes.map(({ attributeId, accessMode }) => [
      attributeId,
      check("attribute", attributeId, accessMode),
    ]),
  );
  const methods = new Map(
    accessRights.methods.map(({ methodId, accessMode }) => [methodId, check("method", methodId, Number(accessMode))]),
  );
  const kept = (of: ReadonlyMap<number, number>): { id: number; bits: number }[] =>
    [...of].filter(([, bits]) => bits !== 0).map(([id, bits]) => ({ id, bits }));
  return { attributes: kept(attributes), methods: kept(methods) };
}

function change(context: Context, changed: ChangedObject): void {
  const { device } = context;
  const keeper = keeperOf(context);
  const others = changedObjectsOf(device.values(keeper)).filter(
    ({ classId, instanceId }) => classId !== changed.classId || instanceId !== changed.instanceId,
  );
  device.set(keeper, "changedObjects" as never, [...others, changed] as never);
}

const associationLn = 15;
const sapAssignment = 17;

/** Methods 3 and 4 of Association LN, by which clients change the object list. */
export function objectListHooks(version: AssociationVersion, rightsOf: (context: Context) => TemplateRights) {
  return {
    addObject(_: unknown, added: ObjectListElement | ObjectListElement0, context: Context): void {
      const object = meant(added, context);
      const rights = grantedBy(added, object, { most: rightsOf(context).most, version });
      change(context, { classId: added.classId, instanceId: added.instanceId, rights });
    },
    removeObject(_: unknown, removed: ObjectListElement | ObjectListElement0, context: Context): void {
      const object = meant(removed, context);
      const keeper = keeperOf(context);
      const { classId } = object.spec;
      const isOwn = classId === associationLn && (object === keeper || object.instance === "0.0.40.0.0.255");
      if (isOwn || classId === sapAssignment) throw refuse("other-reason", "the object stays in every object list");
      const rights = changedRights(rightsOf(context), changedObjectsOf(context.device.values(keeper)));
      if (!visible(rights, object)) throw refuse("other-reason", "the object is not in the list");
      change(context, { classId, instanceId: object.instance, rights: null });
    },
  } as const;
}
