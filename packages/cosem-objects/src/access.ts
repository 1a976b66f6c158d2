import { Fault, type LogicalName, logicalName } from "@dlmskit/core";
import { hasAttribute, hasMethod } from "./attribute.ts";
import { type AttributeSpec, attributeName } from "./interface-class.ts";
import type { AnyObject, RequestProtection, Rights } from "./object.ts";

/** Access as bits, as in Association LN version 3; for a method, bit 0 is the right to invoke it. */
export const AccessBit = {
  read: 0x01,
  write: 0x02,
  invoke: 0x01,
  authenticatedRequest: 0x04,
  encryptedRequest: 0x08,
  signedRequest: 0x10,
  authenticatedResponse: 0x20,
  encryptedResponse: 0x40,
  signedResponse: 0x80,
} as const;

const authenticated = AccessBit.authenticatedRequest | AccessBit.authenticatedResponse;

/** The access modes of Association LN versions 1 and 2, as bits. */
export const AccessMode = {
  "no-access": 0,
  "read-only": 1,
  "write-only": 2,
  "read-and-write": 3,
  "authenticated-read-only": 1 | authenticated,
  "authenticated-write-only": 2 | authenticated,
  "authenticated-read-and-write": 3 | authenticated,
} as const;
export type AccessMode = keyof typeof AccessMode;

/** The method access modes of versions 1 and 2, as bits. */
export const MethodAccessMode = {
  "no-access": 0,
  access: 1,
  "authenticated-access": 1 | authenticated,
} as const;
export type MethodAccessMode = keyof typeof MethodAccessMode;

const usageBits = { r: 1, w: 2, rw: 3 } as const;
const usageOf = (object: AnyObject, attributeId: number): number => {
  const name = attributeName(object.spec, attributeId);
  const spec: AttributeSpec | undefined = name === undefined ? undefined : object.spec.attributes[name];
  return usageBits[spec?.access ?? (spec?.static === true ? "rw" : "r")];
};

export const noRights: Rights = { attribute: () => 0, method: () => 0 };

/** Read access to every attribute that the class allows to read; no methods. */
export const readRights: Rights = {
  attribute: (object, attributeId) => usageOf(object, attributeId) & AccessBit.read,
  method: () => 0,
};

/** Everything that the classes allow. */
export const allRights: Rights = { attribute: usageOf, method: () => AccessBit.invoke };

export interface ObjectRights {
  readonly classId?: number;
  readonly instance: LogicalName;
  /** An access mode or `AccessBit`s for each attribute id; attributes that are not listed have no access. */
  readonly attributes?: { readonly [attributeId: number]: AccessMode | number };
  readonly methods?: { readonly [methodId: number]: MethodAccessMode | number };
}

/** Access rights stated for single objects; an object that is not listed has the rights of `others`. */
export function rightsOf(objects: readonly ObjectRights[], others: Rights = noRights): Rights {
  const named = new Map<string, ObjectRights[]>();
  for (const one of objects) {
    const key = logicalName(one.instance);
    named.set(key, [...(named.get(key) ?? []), one]);
  }
  const find = (object: AnyObject): ObjectRights | undefined =>
    named.get(object.instance)?.find(({ classId }) => classId === undefined || classId === object.spec.classId);
  return {
    attribute(object, attributeId) {
      const found = find(object);
      if (found === undefined) return others.attribute(object, attributeId);
      const mode = found.attributes?.[attributeId] ?? "no-access";
      return typeof mode === "number" ? mode : AccessMode[mode];
    },
    method(object, methodId) {
      const found = find(object);
      if (found === undefined) return others.method(object, methodId);
      const mode = found.methods?.[methodId] ?? "no-access";
      return typeof mode === "number" ? mode : MethodAccessMode[mode];
    },
  };
}

/** A row of the table `access_rights`, with the object that it names. */
export interface RightsRow {
  readonly classId: number;
  readonly instance: LogicalName;
  /** 0 to 6: the access mode of Association LN versions 1 and 2. */
  readonly accessLevel: number;
  /** Bit n-1: attribute n. */
  readonly attributeMask: bigint;
  /** Bit n-1: method n. Level 1 and above: the right to invoke; level 4 and above: only in an authenticated request. */
  readonly methodMask: bigint;
}

/** Access rights from table rows; the rights of several rows for one object are added together. Fault `bad-access-level`. */
export function rightsFromRows(rows: readonly RightsRow[]): Rights {
  const modes = Object.values(AccessMode);
  const byObject = new Map<string, { row: RightsRow; attribute: number; method: number }[]>();
  for (const row of rows) {
    const attribute = modes[row.accessLevel];
    if (attribute === undefined) {
      throw new Fault("bad-access-level", `access level ${row.accessLevel} is not 0 to 6`, { layer: "cosem" });
    }
    const method = row.accessLevel === 0 ? 0 : row.accessLevel < 4 ? 1 : 1 | authenticated;
    const key = `${row.classId} ${logicalName(row.instance)}`;
    byObject.set(key, [...(byObject.get(key) ?? []), { row, attribute, method }]);
  }
  const collect = (
    object: AnyObject,
    id: number,
    mask: "attributeMask" | "methodMask",
    bits: "attribute" | "method",
  ) => {
    if (id < 1 || id > 64) return 0;
    let sum = 0;
    for (const one of byObject.get(`${object.spec.classId} ${object.instance}`) ?? []) {
      if ((one.row[mask] >> BigInt(id - 1)) & 1n) sum |= one[bits];
    }
    return sum;
  };
  return {
    attribute: (object, id) => collect(object, id, "attributeMask", "attribute"),
    method: (object, id) => collect(object, id, "methodMask", "method"),
  };
}

/**
 * The access that is in fact granted on an attribute: none if it does not exist. The logical name can never be written; a client can read
 * it if it has any other right to the object.
 */
export function attributeAccess(rights: Rights, object: AnyObject, attributeId: number): number {
  if (!hasAttribute(object, attributeId)) return 0;
  const bits = rights.attribute(object, attributeId);
  if (attributeId !== 1) return (bits & (AccessBit.read | AccessBit.write)) === 0 ? 0 : bits;
  if ((bits & AccessBit.read) !== 0) return bits & ~AccessBit.write;
  return grantsMore(rights, object) ? AccessBit.read : 0;
}

/** Whether anything other than the logical name is granted. */
function grantsMore(rights: Rights, object: AnyObject): boolean {
  const { attributes, methods } = object.spec;
  for (const name in attributes) {
    const { id } = attributes[name];
    if (id !== 1 && attributeAccess(rights, object, id) !== 0) return true;
  }
  for (const name in methods) if (methodAccess(rights, object, methods[name].id) !== 0) return true;
  return false;
}

/** The access that is in fact granted on a method: none if it has no hook. */
export function methodAccess(rights: Rights, object: AnyObject, methodId: number): number {
  if (!hasMethod(object, methodId)) return 0;
  const bits = rights.method(object, methodId);
  return (bits & AccessBit.invoke) === 0 ? 0 : bits;
}

/** Whether a client with these rights sees the object at all: whether it is in the client's object list. */
export const visible = (rights: Rights, object: AnyObject): boolean => attributeAccess(rights, object, 1) !== 0;

/**
 * Undefined if the request is allowed; otherwise the result to refuse it with (read-write-denied, or scope-of-access-violated if protection
 * is missing).
 */
export function denied(
  bits: number,
  use: "read" | "write" | "invoke",
  protection: RequestProtection,
): "read-write-denied" | "scope-of-access-violated" | undefined {
  if ((bits & AccessBit[use]) === 0) return "read-write-denied";
  const short =
    ((bits & AccessBit.authenticatedRequest) !== 0 && !protection.authenticated) ||
    ((bits & AccessBit.encryptedRequest) !== 0 && !protection.encrypted) ||
    ((bits & AccessBit.signedRequest) !== 0 && !protection.signed);
  return short ? "scope-of-access-violated" : undefined;
}

/** The protection of the response that these access bits require. */
export function responseProtection(bits: number): RequestProtection {
  return {
    authenticated: (bits & AccessBit.authenticatedResponse) !== 0,
    encrypted: (bits & AccessBit.encryptedResponse) !== 0,
    signed: (bits & AccessBit.signedResponse) !== 0,
  };
}
