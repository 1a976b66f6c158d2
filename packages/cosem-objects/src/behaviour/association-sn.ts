import { type DataLike, dataOf, type EncodedData, streamedStructure, T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";
import { attributeAccess, denied, responseProtection, visible } from "../access.ts";
import { hasAttribute, readAttribute } from "../attribute.ts";
import { type BaseNames, currentAssociation } from "../base-names.ts";
import {
  AssociationSn0,
  AssociationSn1,
  AssociationSn2,
  AssociationSn3,
  AssociationSn4,
  ShortNameAccessRights,
  ShortNameListElement,
} from "../classes/access/association-sn.ts";
import { userHooks } from "../classes/access/association-users.ts";
import type { ValueDefinition } from "../classes/common-types.ts";
import { attributeIds } from "../interface-class.ts";
import { after, afterEach, attempt, type MaybePromise } from "../maybe-promise.ts";
import {
  type AnyObject,
  type AssociationInformation,
  type Context,
  object,
  type RequestProtection,
  type Rights,
  type Selection,
} from "../object.ts";
import { type AssociationVersion, objectListElement, parametersOf } from "../object-list.ts";
import { refusalOf, refuse } from "../refusal.ts";

/** Version of the class Association SN. */
export type AssociationSnVersion = 0 | 1 | 2 | 3 | 4;

const classes = { 0: AssociationSn0, 1: AssociationSn1, 2: AssociationSn2, 3: AssociationSn3, 4: AssociationSn4 };

/** The version of Association LN that has the same access modes. */
const modesAs: { readonly [V in AssociationSnVersion]: AssociationVersion } = { 0: 1, 1: 1, 2: 1, 3: 2, 4: 3 };

export interface AssociationSnOptions {
  readonly version: AssociationSnVersion;
  /** The base names of the logical device. */
  readonly names: () => BaseNames;
  /** Changes the secret of the association that sends the request (methods 5 and 6). */
  readonly changeSecret?: (secret: Uint8Array, context: Context) => MaybePromise<void>;
}

const List = T.array(ShortNameListElement);
const RightsList = T.array(ShortNameAccessRights);
const objectId = T.structure({ classId: T.longUnsigned, instanceId: T.logicalName });
const objectIds = T.array(objectId);

type Listed = Of<typeof ShortNameListElement>;

/**
 * The current association of a client that uses short names (Association SN at 0xFA00, 0.0.40.0.0.255; Blue Book 4.4.3). Its lists are
 * computed from the base names and from the rights that are enforced.
 */
export function associationSn({ version, names, changeSecret }: AssociationSnOptions): AnyObject {
  // All meters of a template share one list if they grant the same rights.
  const lists = new WeakMap<Rights, EncodedData>();
  const rightsLists = new WeakMap<Rights, EncodedData>();
  const seenBy = (rights: Rights) => names().all.filter((one) => visible(rights, one.object));
  const modes = modesAs[version];
  const changed =
    (allowed: (mechanism: number) => boolean) =>
    (_: unknown, secret: Uint8Array, context: Context): MaybePromise<void> => {
      if (changeSecret === undefined || !allowed(openOf(context).mechanism)) {
        throw refuse("other-reason", "the association has no such secret");
      }
      return changeSecret(secret, context);
    };
  const hasSecret = changed((mechanism) => mechanism > 0);
  const invoke = {
    getlistByClassid: (_: unknown, classId: DataLike, context: Context) =>
      select(names(), openOf(context).rights, { selector: 1, parameters: classId }),
    getobjByLogicalname: (_: unknown, wanted: DataLike, context: Context) =>
      select(names(), openOf(context).rights, { selector: 2, parameters: wanted }),
    readByLogicalname: (_: unknown, wanted: readonly ValueDefinition[], context: Context) =>
      after(
        afterEach(wanted, (one) => readByName(one, context)),
        (values) => streamedStructure(values),
      ),
    ...changedNames(version, {
      access: (_: unknown, wanted: DataLike, context: Context) => {
        const { rights } = openOf(context);
        const ids = parametersOf(objectIds, wanted);
        const found = seenBy(rights).filter(({ object: { spec, instance } }) =>
          ids.some((id) => id.classId === spec.classId && id.instanceId === instance),
        );
        return dataOf(
          RightsList,
          found.map((one) => rightsOn(one, rights, modes)),
        );
      },
      lls: changed((mechanism) => mechanism === 1),
      hls: changed((mechanism) => mechanism >= 2),
      secret: hasSecret,
      reply: () => {
        throw refuse("read-write-denied", "the association is open already");
      },
    }),
    ...(version >= 3 ? userHooks.invoke : {}),
  };
  const read = {
    objectList(_: unknown, context: Context, selection?: Selection) {
      const { rights } = openOf(context);
      if (selection !== undefined) return select(names(), rights, selection);
      const known = lists.get(rights) ?? dataOf(List, seenBy(rights).map(listed));
      lists.set(rights, known);
      return known;
    },
    accessRightsList(_: unknown, context: Context) {
      const { rights } = openOf(context);
      const known =
        rightsLists.get(rights) ??
        dataOf(
          RightsList,
          seenBy(rights).map((one) => rightsOn(one, rights, modes)),
        );
      rightsLists.set(rights, known);
      return known;
    },
    securitySetupReference: (_: unknown, context: Context) => openOf(context).securitySetup ?? "0.0.0.0.0.0",
    ...(version >= 3 ? userHooks.read : {}),
  };
  const spec = classes[version] as unknown as typeof AssociationSn3;
  return object(spec, currentAssociation, emptyValues(version), { read, invoke } as never);
}

/** The methods whose names differ between versions. */
function changedNames(
  version: AssociationSnVersion,
  {
    access,
    lls,
    hls,
    secret,
    reply,
  }: { readonly [method in "access" | "lls" | "hls" | "secret" | "reply"]: (...given: never[]) => unknown },
): object {
  if (version >= 2) return { changeSecret: secret, replyToHlsAuthentication: reply };
  return {
    ...{ changeLlsSecret: lls, changeHlsSecret: hls },
    ...(version === 0
      ? { getAttributesServices: access, replyToHlsChallenge: reply }
      : { getAttributesMethods: access, replyToHlsAuthentication: reply }),
  };
}

function emptyValues(version: AssociationSnVersion): never {
  return {
    objectList: [],
    ...(version >= 2 ? { accessRightsList: [], securitySetupReference: "0.0.0.0.0.0" } : {}),
    ...(version >= 3
      ? { userList: [], currentUser: { userId: 0, userName: { type: "visible-string", value: "" } } }
      : {}),
  } as never;
}

function openOf({ association }: Context): AssociationInformation {
  if (association !== undefined) return association;
  throw refuse("object-unavailable", "no association is open");
}

/** A base name in the type long of the standard: it is negative from 0x8000 on. */
const asLong = (baseName: number): number => (baseName << 16) >> 16;

function listed({ object: { spec, instance }, baseName }: BaseNames["all"][number]): Listed {
  return { baseName: asLong(baseName), classId: spec.classId, version: spec.version, instanceId: instance };
}

/**
 * Selective access to the object list: 1 the objects of a class; 2 by class and logical name, 3 by base name, which give the element
 * itself, not a list of one (Blue Book 4.4.3).
 */
function select(names: BaseNames, rights: Rights, { selector, parameters }: Selection): EncodedData {
  const seen = names.all.filter((one) => visible(rights, one.object)).map(listed);
  switch (selector) {
    case 1: {
      const classId = parametersOf(T.longUnsigned, parameters);
      return dataOf(
        List,
        seen.filter((one) => one.classId === classId),
      );
    }
    case 2: {
      const wanted = parametersOf(objectId, parameters);
      return elementOf(seen.find((one) => one.classId === wanted.classId && one.instanceId === wanted.instanceId));
    }
    case 3: {
      const baseName = parametersOf(T.long, parameters);
      return elementOf(seen.find((one) => one.baseName === baseName));
    }
    default:
      throw refuse("other-reason", `object_list has no selector ${selector}`);
  }
}

function elementOf(found: Listed | undefined): EncodedData {
  if (found === undefined) throw refuse("object-undefined");
  return dataOf(ShortNameListElement, found);
}

function rightsOn(
  { object: one, baseName }: BaseNames["all"][number],
  rights: Rights,
  modes: AssociationVersion,
): Of<typeof ShortNameAccessRights> {
  const { attributes, methods } = objectListElement(one, rights, modes).accessRights;
  return {
    baseName: asLong(baseName),
    attributeAccess: attributes.map(({ attributeId, accessMode, selectors }) => ({
      attributeId,
      accessMode,
      accessSelectors: selectors,
    })),
    methodAccess: methods,
  };
}

const unprotected: RequestProtection = { authenticated: false, encrypted: false, signed: false };

/** One value, with the rights of the client; attribute 0: all values, with null-data for those that cannot be read. */
function readByName({ classId, instanceId, attributeId }: ValueDefinition, context: Context): MaybePromise<DataLike> {
  const { device, association } = context;
  const isOwn = classId === context.object.spec.classId && instanceId === context.object.instance;
  const found = isOwn ? context.object : device.find(classId, instanceId);
  if (association === undefined || found === undefined || !visible(association.rights, found)) {
    throw refuse("object-undefined", `there is no ${instanceId} of class ${classId}`);
  }
  const { rights, protection = unprotected } = association;
  const one = (id: number): MaybePromise<DataLike> => {
    if (!hasAttribute(found, id)) throw refuse("object-undefined");
    const bits = attributeAccess(rights, found, id);
    const why = denied(bits, "read", protection);
    if (why !== undefined) throw refuse(why);
    // The answer has the protection of the request.
    const { authenticated, encrypted, signed } = responseProtection(bits);
    const short =
      (authenticated && !protection.authenticated) ||
      (encrypted && !protection.encrypted) ||
      (signed && !protection.signed);
    if (short) throw refuse("scope-of-access-violated");
    return readAttribute(found, device.values(found), id, device.context(found));
  };
  if (attributeId !== 0) return one(attributeId);
  const all = afterEach([1, ...attributeIds(found.spec)], (id) =>
    attempt(
      () => one(id),
      (error): DataLike => {
        if (refusalOf(error) === undefined) throw error;
        return { type: "null-data" };
      },
    ),
  );
  return after(all, (values) => streamedStructure(values));
}
