import { type Data, type EncodedData, T } from "@dlmskit/apdu";
import { fromHex, type LogicalName } from "@dlmskit/core";
import { interfaceClass } from "../../interface-class.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import {
  type AnyObject,
  type AssociationInformation,
  type Context,
  type CosemObject,
  object,
  type Rights,
} from "../../object.ts";
import {
  type AssociationVersion,
  ObjectListElement,
  ObjectListElement0,
  objectList,
  selectObjects,
} from "../../object-list.ts";
import { refuse } from "../../refusal.ts";
import { AssociationUser, userHooks } from "./association-users.ts";
import { ChangedObjects, objectListHooks, type TemplateRights } from "./changed-rights.ts";

/** The status of an association. */
export const AssociationStatus = { nonAssociated: 0, associationPending: 1, associated: 2 } as const;

const attributes = {
  objectList: { id: 2, type: T.array(ObjectListElement), static: true, access: "r", selectors: [1, 2, 3, 4] },
  associatedPartnersId: { id: 3, type: T.structure({ clientSap: T.integer, serverSap: T.longUnsigned }) },
  /** A structure with the arcs of the OID, or an octet-string with its octets. */
  applicationContextName: { id: 4, type: T.any },
  xdlmsContextInfo: {
    id: 5,
    type: T.structure({
      conformance: T.bitStringOf(24),
      maxReceivePduSize: T.longUnsigned,
      maxSendPduSize: T.longUnsigned,
      dlmsVersionNumber: T.unsigned,
      qualityOfService: T.integer,
      cypheringInfo: T.octetString,
    }),
  },
  authenticationMechanismName: { id: 6, type: T.any },
  secret: { id: 7, type: T.octetString, access: "w", optional: true },
  associationStatus: { id: 8, type: T.enumOf(AssociationStatus), static: false },
  securitySetupReference: { id: 9, type: T.logicalName, static: true, access: "r" },
  /** The changes made by add_object and remove_object. */
  changedObjects: { id: 0, type: ChangedObjects, optional: true },
} as const;

const methods = {
  replyToHlsAuthentication: { id: 1, argument: T.octetString, result: T.octetString },
  changeHlsSecret: { id: 2, argument: T.octetString },
  addObject: { id: 3, argument: ObjectListElement },
  removeObject: { id: 4, argument: ObjectListElement },
} as const;

const users = {
  userList: { id: 10, type: T.array(AssociationUser), static: true, access: "r", optional: true },
  currentUser: { id: 11, type: AssociationUser, static: false, optional: true },
} as const;
const userMethods = {
  addUser: { id: 5, argument: AssociationUser },
  removeUser: { id: 6, argument: AssociationUser },
} as const;

const name = "Association LN";
const { securitySetupReference: _, ...attributes0 } = attributes;
/** Association LN (class 15; Blue Book 4.4.4), version 0: without a Security setup; access to a method is either allowed or not. */
export const AssociationLn0 = interfaceClass({
  classId: 15,
  version: 0,
  name,
  attributes: {
    ...attributes0,
    objectList: { id: 2, type: T.array(ObjectListElement0), static: true, access: "r", selectors: [1, 2, 3, 4] },
  },
  methods: {
    ...methods,
    addObject: { id: 3, argument: ObjectListElement0 },
    removeObject: { id: 4, argument: ObjectListElement0 },
  },
  methodOffset: 0x60,
});
/** Association LN (class 15), version 1. */
export const AssociationLn1 = interfaceClass({
  classId: 15,
  version: 1,
  name,
  attributes,
  methods,
  methodOffset: 0x60,
});
/** Association LN (class 15), version 2: with users of the client. */
export const AssociationLn2 = interfaceClass({
  classId: 15,
  version: 2,
  name,
  attributes: { ...attributes, ...users },
  methods: { ...methods, ...userMethods },
  methodOffset: 0x60,
});
/** Association LN (class 15), version 3: access modes are bits. */
export const AssociationLn3 = interfaceClass({
  classId: 15,
  version: 3,
  name,
  attributes: { ...attributes, ...users },
  methods: { ...methods, ...userMethods },
  methodOffset: 0x60,
});

const classes = { 0: AssociationLn0, 1: AssociationLn1, 2: AssociationLn2, 3: AssociationLn3 } as const;

// Bits of the conformance block, IEC 62056-5-3; its first bit is bit 0.
const conformanceBits = [
  ...["reserved-zero", "general-protection", "general-block-transfer", "read", "write", "unconfirmed-write"],
  ...["delta-value-encoding", "reserved-seven", "attribute0-supported-with-set", "priority-mgmt-supported"],
  ...["attribute0-supported-with-get", "block-transfer-with-get-or-read", "block-transfer-with-set-or-write"],
  ...["block-transfer-with-action", "multiple-references", "information-report", "data-notification", "access"],
  ...["parameterized-access", "get", "set", "selective-access", "event-notification", "action"],
];

/** The 24 conformance bits, as a text of 0 and 1, from their names in the standard (with hyphens or underscores). */
export function conformanceBitString(names: readonly string[]): string {
  const given = new Set(names.map((one) => one.replaceAll("_", "-")));
  return conformanceBits.map((bit) => (given.has(bit) ? "1" : "0")).join("");
}

/** joint-iso-ccitt(2) country(16) country-name(756) identified-organization(5) DLMS-UA(8) kind(1 context, 2 mechanism) id. */
function oid(kind: number, id: number): Data {
  const unsigned = (value: number): Data => ({ type: "unsigned", value });
  const countryName: Data = { type: "long-unsigned", value: 756 };
  return { type: "structure", value: [unsigned(2), unsigned(16), countryName, ...[5, 8, kind, id].map(unsigned)] };
}

export interface AssociationObjectOptions {
  readonly instance: LogicalName;
  readonly version: AssociationVersion;
  /**
   * The rights that the association currently grants; undefined: the object represents the association of each client that reads it
   * (0.0.40.0.0.255).
   */
  readonly rights: ((context: Context) => Rights) | undefined;
  /**
   * With it, clients can change the object list (methods 3 and 4). It gives the rights without their changes, and the maximum that they can
   * add.
   */
  readonly templateRights?: (context: Context) => TemplateRights;
  /** Information about the association, whether it is open or not. */
  readonly information: (context: Context) => AssociationInformation | undefined;
  /** With it, clients can change the secret (attribute 7; method 2). */
  readonly changeSecret?: (secret: Uint8Array, context: Context) => MaybePromise<void>;
  /** Versions 2 and 3: the users that may open the association; without users: any client may. */
  readonly users?: readonly AssociationUser[];
  /** High level security: method 1 is listed, and is refused after the association is open. */
  readonly hls?: boolean;
}

const statusNumbers = { "non-associated": 0, "association-pending": 1, associated: 2 } as const;
const noSecuritySetup = "0.0.0.0.0.0";

/** An association object: its lists are computed from the rights that are enforced. */
export function associationObject(options: AssociationObjectOptions): AnyObject {
  const { version, rights: own, changeSecret, hls } = options;
  const information = (context: Context): AssociationInformation => {
    const found = options.information(context);
    if (found === undefined) throw refuse("object-unavailable", "no association is open");
    return found;
  };
  // All meters of a template share one list if they grant the same rights.
  const lists = new WeakMap<readonly AnyObject[], WeakMap<Rights, EncodedData>>();
  const list = (objects: readonly AnyObject[], rights: Rights): EncodedData => {
    const known = lists.get(objects) ?? new WeakMap<Rights, EncodedData>();
    lists.set(objects, known);
    const encoded = known.get(rights) ?? objectList(objects, rights, version);
    known.set(rights, encoded);
    return encoded;
  };
  const spec = classes[version] as unknown as typeof AssociationLn2;
  const users = version >= 2 ? userHooks : undefined;
  const values = { ...emptyValues, ...(users === undefined ? {} : { userList: [...(options.users ?? [])] }) };
  const made: CosemObject<typeof AssociationLn2> = object(spec, options.instance, values, {
    read: {
      ...users?.read,
      objectList(_, context, selection) {
        const rights = own?.(context) ?? context.association?.rights;
        if (rights === undefined) throw refuse("object-unavailable");
        const { objects } = context.device;
        return selection === undefined ? list(objects, rights) : selectObjects(objects, rights, version, selection);
      },
      associatedPartnersId(_, context) {
        const { clientSap, serverSap } = information(context);
        // Client SAPs are at most 127 only by convention, but the type on the wire is integer: meters send the low octet.
        return { clientSap: (clientSap << 24) >> 24, serverSap };
      },
      applicationContextName: (_, context) => oid(1, information(context).applicationContext),
      xdlmsContextInfo(_, context) {
        const found = information(context);
        return {
          conformance: conformanceBitString(found.conformance),
          maxReceivePduSize: found.maxReceivePduSize,
          maxSendPduSize: found.maxSendPduSize,
          dlmsVersionNumber: found.dlmsVersion,
          qualityOfService: found.qualityOfService,
          cypheringInfo: noOctets,
        };
      },
      authenticationMechanismName: (_, context) => oid(2, information(context).mechanism),
      associationStatus: (_, context) => statusNumbers[information(context).status],
      securitySetupReference: (_, context) => information(context).securitySetup ?? noSecuritySetup,
    },
    ...(changeSecret === undefined
      ? {}
      : { write: { secret: (_, secret: Uint8Array, context: Context) => changeSecret(secret, context) } }),
    invoke: {
      ...users?.invoke,
      ...(options.templateRights === undefined ? {} : objectListHooks(version, options.templateRights)),
      ...(hls === true
        ? {
            replyToHlsAuthentication: () => {
              throw refuse("read-write-denied", "the association is open already");
            },
          }
        : {}),
      ...(hls === true && changeSecret !== undefined
        ? { changeHlsSecret: (_: unknown, secret: Uint8Array, context: Context) => changeSecret(secret, context) }
        : {}),
    },
  });
  return made;
}

const noOctets = fromHex("");
const nothing = { type: "null-data" } as const;
const emptyValues = {
  objectList: [],
  associatedPartnersId: { clientSap: 0, serverSap: 0 },
  applicationContextName: nothing,
  xdlmsContextInfo: {
    conformance: "0".repeat(24),
    maxReceivePduSize: 0,
    maxSendPduSize: 0,
    dlmsVersionNumber: 6,
    qualityOfService: 0,
    cypheringInfo: noOctets,
  },
  authenticationMechanismName: nothing,
  associationStatus: 0,
  securitySetupReference: noSecuritySetup,
};
