import { type Data, type DataLike, dataOf, type EncodedData, fromData, T } from "@dlmskit/apdu";
import type { Codec, LogicalName, Of } from "@dlmskit/core";
import { AccessBit, attributeAccess, methodAccess, visible } from "./access.ts";
import type { ClassSpec } from "./interface-class.ts";
import type { AnyObject, Rights, Selection } from "./object.ts";
import { refuse } from "./refusal.ts";

/** Version of the class Association LN. */
export type AssociationVersion = 0 | 1 | 2 | 3;

const attributeAccessItems = T.array(
  T.structure({
    attributeId: T.integer,
    accessMode: T.enum,
    selectors: T.nullable(T.array(T.integer)),
  }),
);
const identification = { classId: T.longUnsigned, version: T.unsigned, instanceId: T.logicalName };

/** An element of attribute 2 of Association LN, versions 1 to 3: the access modes are numbers, as in the version (bits in version 3). */
export const ObjectListElement = T.structure({
  ...identification,
  accessRights: T.structure({
    attributes: attributeAccessItems,
    methods: T.array(T.structure({ methodId: T.integer, accessMode: T.enum })),
  }),
});
export type ObjectListElement = Of<typeof ObjectListElement>;
/** An element of the same attribute in version 0: it shows only whether a method may be invoked. */
export const ObjectListElement0 = T.structure({
  ...identification,
  accessRights: T.structure({
    attributes: attributeAccessItems,
    methods: T.array(T.structure({ methodId: T.integer, accessMode: T.boolean })),
  }),
});
export type ObjectListElement0 = Of<typeof ObjectListElement0>;

const lists = { 0: T.array(ObjectListElement0), other: T.array(ObjectListElement) };

function encodeElement(element: ObjectListElement, version: AssociationVersion): EncodedData {
  return version === 0 ? dataOf(ObjectListElement0, asVersion0(element)) : dataOf(ObjectListElement, element);
}

function encodeList(elements: readonly ObjectListElement[], version: AssociationVersion): EncodedData {
  return version === 0 ? dataOf(lists[0], elements.map(asVersion0)) : dataOf(lists.other, [...elements]);
}

function asVersion0({ accessRights, ...element }: ObjectListElement): ObjectListElement0 {
  const methods = accessRights.methods.map(({ methodId, accessMode }) => ({ methodId, accessMode: accessMode !== 0 }));
  return { ...element, accessRights: { ...accessRights, methods } };
}

const objectId = T.structure({ classId: T.longUnsigned, instanceId: T.logicalName });
const objectIds = T.array(objectId);
const classIds = T.array(T.longUnsigned);

/** Converts access bits to the enumeration of versions 1 and 2, or to the bits of version 3. */
export function attributeMode(bits: number, version: AssociationVersion): number {
  if (version === 3) return bits;
  const use = bits & (AccessBit.read | AccessBit.write);
  // Version 0 has only these modes: it does not show the required protection, but the protection is enforced.
  if (version === 0) return use;
  return use !== 0 && (bits & AccessBit.authenticatedRequest) !== 0 ? use + 3 : use;
}

export function methodMode(bits: number, version: AssociationVersion): number {
  if (version === 3) return bits;
  if ((bits & AccessBit.invoke) === 0) return 0;
  if (version === 0) return 1;
  return (bits & AccessBit.authenticatedRequest) !== 0 ? 2 : 1;
}

/** The access bits that a listed attribute mode means, for a client that reads an object list. */
export function attributeBits(mode: number, version: number): number {
  if (version >= 3 || mode < 4) return mode;
  return (mode - 3) | AccessBit.authenticatedRequest | AccessBit.authenticatedResponse;
}

export function methodBits(mode: number, version: number): number {
  if (version >= 3 || mode < 2) return mode;
  return AccessBit.invoke | AccessBit.authenticatedRequest | AccessBit.authenticatedResponse;
}

/** The object list element of one object for a client with these rights. */
export function objectListElement(object: AnyObject, rights: Rights, version: AssociationVersion): ObjectListElement {
  const attributes = [
    { id: 1, selectors: undefined },
    ...Object.values(object.spec.attributes as ClassSpec["attributes"]).filter(({ id }) => id !== 0),
  ] as {
    id: number;
    selectors?: readonly number[];
  }[];
  const methods = Object.values(object.spec.methods) as { id: number }[];
  return {
    classId: object.spec.classId,
    version: object.spec.version,
    instanceId: object.instance,
    accessRights: {
      attributes: attributes.map(({ id, selectors }) => ({
        attributeId: id,
        accessMode: attributeMode(attributeAccess(rights, object, id), version),
        selectors: selectors === undefined ? null : [...selectors],
      })),
      methods: methods.map(({ id }) => ({
        methodId: id,
        accessMode: methodMode(methodAccess(rights, object, id), version),
      })),
    },
  };
}

/** The objects that a client with these rights sees, encoded: computed from the rights that are enforced. */
export function objectList(objects: readonly AnyObject[], rights: Rights, version: AssociationVersion): EncodedData {
  const seen = objects.filter((object) => visible(rights, object));
  return encodeList(
    seen.map((object) => objectListElement(object, rights, version)),
    version,
  );
}

/** Selective access to an object list (Blue Book, Association LN): 1 all without rights, 2 by class, 3 by list of ids, 4 one object. */
export function selectObjects(
  objects: readonly AnyObject[],
  rights: Rights,
  version: AssociationVersion,
  { selector, parameters }: Selection,
): EncodedData {
  const seen = objects.filter((object) => visible(rights, object));
  const bare = (chosen: readonly AnyObject[]): EncodedData =>
    encodeList(
      chosen.map((object) => ({
        classId: object.spec.classId,
        version: object.spec.version,
        instanceId: object.instance,
        accessRights: { attributes: [], methods: [] },
      })),
      version,
    );
  const find = ({
    classId,
    instanceId,
  }: {
    classId: number;
    instanceId: LogicalName;
  }): ObjectListElement | undefined => {
    const object = seen.find((one) => one.spec.classId === classId && one.instance === instanceId);
    return object && objectListElement(object, rights, version);
  };
  switch (selector) {
    case 1:
      return bare(seen);
    case 2: {
      const wanted = parametersOf(classIds, parameters);
      return bare(seen.filter((object) => wanted.includes(object.spec.classId)));
    }
    case 3: {
      const wanted = parametersOf(objectIds, parameters);
      return encodeList(
        wanted.map(find).filter((element) => element !== undefined),
        version,
      );
    }
    case 4: {
      const element = find(parametersOf(objectId, parameters));
      // An object that does not exist is left out. For a single object the result is then an empty list.
      return element === undefined ? encodeList([], version) : encodeElement(element, version);
    }
    default:
      throw refuse("other-reason", `object_list has no selector ${selector}`);
  }
}

/** Decodes the parameters of a selective access; parameters of the wrong type are refused with `other-reason`. */
export function parametersOf<V>(codec: Codec<V>, parameters: Data | DataLike): V {
  try {
    return fromData(codec, parameters);
  } catch (cause) {
    throw refuse("other-reason", `bad access parameters: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
