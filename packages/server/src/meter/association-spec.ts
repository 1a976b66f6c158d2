import type { ConformanceName } from "@dlmskit/apdu";
import { type GeneralBlocks, generalBlocks, type Offer, type PreEstablished } from "@dlmskit/association";
import { Fault, type LogicalName, logicalName } from "@dlmskit/core";
import {
  AccessBit,
  type AnyObject,
  type AssociationSnVersion,
  type AssociationVersion,
  allRights,
  clockAttribute,
  noRights,
  type Rights,
  readRights,
} from "@dlmskit/cosem-objects";
import { GrantedRights } from "../access/granted-rights.ts";
import { withShortNames } from "../access/short-name-rights.ts";
import type { SecuritySpec } from "../security/security-spec.ts";
import { conformanceOf, servedWith } from "./served-conformance.ts";

/** `"read"`: every readable attribute; `"full"`: all access of the classes; `"public"`: what a client must read before it can do more. */
export type Access = "none" | "public" | "read" | "full" | Rights;

/** Describes an association that a client can open. */
export interface AssociationSpec {
  /** The service access point (SAP) of the client: 16 is the public client. */
  readonly client: number;
  readonly security: SecuritySpec;
  /** The access rights of the client; `"read"` by default. */
  readonly access?: Access;
  /** The maximum access that add_object of its Association LN object can grant; the same as `access` by default. */
  readonly grantable?: Access;
  /** When changes by add_object and remove_object take effect: when the association is opened again (default), or from the next request on. */
  readonly objectListChanges?: "next-association" | "at-once";
  /** SAPs of the logical devices that have this association; all by default. */
  readonly devices?: readonly number[];
  /** How the client may name objects; by default as in the template (`TemplateOptions`). */
  readonly referencing?: Offer["context"];
  /** Version of the Association SN object; by default the one with the same access modes as `version`. */
  readonly shortNameVersion?: AssociationSnVersion;
  /**
   * The conformance that the server offers in this association; by default all that it supports. If the list has no service of
   * short-name referencing, clients that use short names get the corresponding services.
   */
  readonly conformance?: readonly ConformanceName[];
  /** The length of the largest APDU that the server accepts, in octets; 1024 by default. */
  readonly maxReceivePduSize?: number;
  /**
   * The length of the largest APDU that the server sends, even if the client accepts more; the same as `maxReceivePduSize` by
   * default, since clients choose their buffer size by the size that a server accepts. 0: no limit.
   */
  readonly maxSendPduSize?: number;
  /** Whether SET and ACTION with service class 0 are answered: `"silent"` by default; IS 15959 meters answer. */
  readonly unconfirmed?: "silent" | "answered";
  /**
   * `"plain"`: the server also accepts a ciphered APDU that exceeds `maxReceivePduSize` only because of its ciphering. Gurux clients
   * do not count the ciphering. `"sealed"` by default.
   */
  readonly countedPduSize?: "sealed" | "plain";
  /** Whether secrets of any length, also empty ones, may be used and set (mechanisms 1 to 4 and 6); false by default. */
  readonly shortSecrets?: boolean;
  /** General block transfer: how many blocks are received and sent at once, and whether it precedes the blocks of GET, SET and ACTION. */
  readonly generalBlocks?: GeneralBlocks;
  /** The association is pre-established (mechanism 0), for push and for clients that do not open an association. */
  readonly preEstablished?: PreEstablished;
  /** Mechanism 5: the server does not answer a challenge that is itself an APDU. */
  readonly strictChallenges?: boolean;
  /** The logical name of the Association LN object: 0.0.40.0.n.255 by default, where n counts from 1. */
  readonly instance?: LogicalName;
  /** Version of the Association LN object: 1 by default. */
  readonly version?: AssociationVersion;
  /** Versions 2 and 3: the users that may open the association, by calling-AE-invocation-id 0 to 255; none (default): any user. */
  readonly users?: readonly { readonly userId: number; readonly userName: string }[];
  /** The logical name of the Security setup object of a ciphered association: 0.0.43.0.n.255 by default. */
  readonly securitySetup?: LogicalName;
  /** The logical name of the object with the last invocation counter of the client: 0.0.43.1.n.255 by default. */
  readonly invocationCounter?: LogicalName;
}

/** An association of a template, with all defaults filled in. */
export interface Association
  extends Omit<
    Required<AssociationSpec>,
    "access" | "grantable" | "devices" | "securitySetup" | "invocationCounter" | "preEstablished" | "generalBlocks"
  > {
  readonly name: string;
  /** The access rights that it grants; `replace` changes them while meters are served. */
  readonly access: GrantedRights;
  /** The maximum that can be granted; undefined: no more than `access`. */
  readonly grantable: Rights | undefined;
  readonly devices: readonly number[] | undefined;
  readonly generalBlocks: GeneralBlocks | undefined;
  readonly preEstablished: PreEstablished | undefined;
  readonly securitySetup: LogicalName | undefined;
  readonly invocationCounter: LogicalName | undefined;
}

const publicGroups = [
  /^0\.0\.42\.0\.0\.255$/,
  /^0\.0\.41\.0\.0\.255$/,
  /^0\.0\.40\.0\.0\.255$/,
  /^0\.\d+\.43\.1\.\d+\.255$/,
];

/** Read access to the logical device name, SAP assignment, current association, clocks and invocation counters. */
const publicRights: Rights = {
  attribute: (object: AnyObject, attributeId) =>
    clockAttribute(object.spec) !== undefined || publicGroups.some((group) => group.test(object.instance))
      ? readRights.attribute(object, attributeId) & AccessBit.read
      : 0,
  method: () => 0,
};

const presets: { readonly [name: string]: Rights } = {
  none: noRights,
  public: publicRights,
  read: readRights,
  full: allRights,
};

function rightsOf(name: string, access: Access): Rights {
  const rights = typeof access === "string" ? presets[access] : access;
  if (rights === undefined) throw bad(name, `"${String(access)}" is not an access mode`);
  return rights;
}

/** The associations of a template, in order. Faults `bad-association`, `bad-logical-name`. */
export function associationsOf(
  specs: { readonly [name: string]: AssociationSpec },
  referencingOfAll: Offer["context"] = "logical-name",
): readonly Association[] {
  const list = Object.entries(specs).map(([name, spec], at): Association => {
    const instance = logicalName(spec.instance ?? `0.0.40.0.${at + 1}.255`);
    const place = instance.split(".")[4];
    const { ciphered } = spec.security;
    const { maxReceivePduSize = 1024 } = spec;
    const rights = rightsOf(name, spec.access ?? "read");
    const { referencing = referencingOfAll } = spec;
    const served = servedWith(referencing);
    const unserved = spec.conformance?.filter((one) => !served.includes(one)) ?? [];
    if (unserved.length > 0)
      throw bad(name, `the server does not support ${unserved.join(", ")}: remove them from the conformance`);
    if (spec.security.mechanism === 7 && spec.security.suite === 0) {
      throw bad(name, "mechanism 7 needs security suite 1 or 2");
    }
    if (spec.preEstablished !== undefined && spec.security.mechanism !== 0) {
      throw bad(name, "a pre-established association has no authentication: it needs mechanism 0");
    }
    if (!Number.isInteger(spec.client) || spec.client < 0 || spec.client > 0xffff) {
      throw bad(name, `${spec.client} is not a client SAP`);
    }
    const { users = [], version = 1 } = spec;
    if (users.length > 0 && version < 2) throw bad(name, "users need version 2 or 3 of Association LN");
    if (users.some(({ userId }) => !Number.isInteger(userId) || userId < 0 || userId > 0xff)) {
      throw bad(name, "the id of a user must be from 0 to 255");
    }
    return {
      name,
      client: spec.client,
      security: withoutShowing(spec.security),
      access:
        referencing === "logical-name"
          ? new GrantedRights(rights)
          : new GrantedRights(rights, (given) => withShortNames(given, instance)),
      grantable: spec.grantable === undefined ? undefined : rightsOf(name, spec.grantable),
      objectListChanges: spec.objectListChanges ?? "next-association",
      devices: spec.devices,
      conformance: conformanceOf(referencing, spec.conformance).filter(
        (one) => ciphered || one !== "general-protection",
      ),
      referencing,
      shortNameVersion: spec.shortNameVersion ?? ([1, 2, 3, 4] as const)[version],
      maxReceivePduSize,
      maxSendPduSize: spec.maxSendPduSize ?? maxReceivePduSize,
      unconfirmed: spec.unconfirmed ?? "silent",
      countedPduSize: spec.countedPduSize ?? "sealed",
      shortSecrets: spec.shortSecrets ?? false,
      generalBlocks: checkedBlocks(name, spec.generalBlocks),
      preEstablished: spec.preEstablished,
      strictChallenges: spec.strictChallenges ?? false,
      instance,
      version,
      users,
      securitySetup: ciphered ? logicalName(spec.securitySetup ?? `0.0.43.0.${place}.255`) : undefined,
      invocationCounter: ciphered ? logicalName(spec.invocationCounter ?? `0.0.43.1.${place}.255`) : undefined,
    };
  });
  for (const [at, one] of list.entries()) {
    const other = list
      .slice(0, at)
      .find((before) => before.client === one.client && overlap(before.devices, one.devices));
    if (other !== undefined) throw bad(one.name, `client ${one.client} has the association "${other.name}" already`);
  }
  return list;
}

function checkedBlocks(name: string, given: GeneralBlocks | undefined): GeneralBlocks | undefined {
  try {
    generalBlocks(given);
    return given;
  } catch (caught) {
    throw caught instanceof Fault ? bad(name, caught.message) : caught;
  }
}

/** Keeps the secrets, but as a property that is not printed or serialised. */
function withoutShowing({ secrets, ...security }: SecuritySpec): SecuritySpec {
  return secrets === undefined ? security : Object.defineProperty(security, "secrets", { value: secrets });
}

const overlap = (one: readonly number[] | undefined, other: readonly number[] | undefined): boolean =>
  one === undefined || other === undefined || one.some((sap) => other.includes(sap));

const bad = (name: string, message: string): Fault =>
  new Fault("bad-association", `association "${name}": ${message}`, { layer: "server" });
