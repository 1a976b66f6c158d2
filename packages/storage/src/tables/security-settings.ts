import { Fault } from "@dlmskit/core";
import { instant, integer, logicalNameText, octets, octetsOf, optional, text } from "../fields.ts";
import { checkRow, type RowOf, type Stored, shape, table } from "../shape.ts";

/** Keys are 16 octets in security suites 0 and 1, 32 octets in suite 2. */
const key = optional(octetsOf(16, 32));

/** One Security setup object of one meter (class 64). */
export const SecuritySetting = table(
  "security_settings",
  {
    meterId: text(100, 1),
    /** Logical name of the Security setup, such as 0.0.43.0.3.255. */
    instanceId: logicalNameText,
    /** Version 0 enumeration: 0 nothing, 1 authenticated, 2 encrypted, 3 both. */
    securityPolicy: integer(0, 3),
    securitySuite: integer(0, 15),
    /** Version 1 bits, if the object has version 1 or later. Then they are valid, and securityPolicy is the nearest equivalent. */
    policyBits: optional(integer(0, 255)),
    /** Global unicast encryption key. */
    encryptionKey: key,
    /** Global authentication key. */
    authenticationKey: key,
    /** Master key, the key-encryption key that wraps new keys in key_transfer. */
    masterKey: key,
    /** Global broadcast encryption key. */
    broadcastKey: key,
    /** Number of key changes, from 1. It is a part of the keyId of the counters. */
    keyVersion: integer(1),
    /** The interval in seconds after which the global keys must be changed. */
    globalKeyChangeInterval: optional(integer(0)),
    lastKeyChange: optional(instant),
  },
  {
    unique: ["meterId", "instanceId"],
    references: { meterId: "meters" },
    details: {
      table: "meter_security",
      key: "security_settings_id",
      required: true,
      fields: ["meterId", "instanceId", "policyBits", "broadcastKey", "keyVersion"],
    },
  },
);
export type SecuritySetting = RowOf<typeof SecuritySetting>;

/** New keys of a Security setup. A key that is absent is not changed. */
export interface NewKeys {
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  readonly masterKey?: Uint8Array;
  readonly broadcastKey?: Uint8Array;
}

export const keyNames: readonly (keyof NewKeys)[] = ["encryptionKey", "authenticationKey", "masterKey", "broadcastKey"];

/** Checks the keys. Fault `bad-value` if there is none. */
export function checkNewKeys(keys: NewKeys): NewKeys {
  const { encryptionKey, authenticationKey, masterKey, broadcastKey } = SecuritySetting.fields;
  const checked = checkRow(
    shape(SecuritySetting.table, { encryptionKey, authenticationKey, masterKey, broadcastKey }),
    keys,
  );
  if (keyNames.every((name) => checked[name] === undefined)) {
    throw new Fault("bad-value", "a key change without a key", { layer: "storage" });
  }
  return checked;
}

/** The policy and suite of a Security setup. */
export interface Policy {
  readonly securityPolicy: number;
  readonly securitySuite: number;
  readonly policyBits?: number;
}

const policyShape = shape(SecuritySetting.table, {
  securityPolicy: SecuritySetting.fields.securityPolicy,
  securitySuite: SecuritySetting.fields.securitySuite,
  policyBits: SecuritySetting.fields.policyBits,
});

/** Checks the policy. Fault `bad-value`. */
export function checkPolicy(policy: Policy): Policy {
  return checkRow(policyShape, policy);
}

/** A key from before a change. */
export interface FormerKey {
  readonly name: keyof NewKeys;
  /** The keyVersion of the time when it was in use. */
  readonly keyVersion: number;
  readonly key: Uint8Array;
  /** The end of its use, ms since 1970 UTC. */
  readonly until: number;
}

/** The secret of one client of one meter: the LLS password or the HLS secret. */
export const ClientSecret = table(
  "client_secrets",
  {
    meterId: text(100, 1),
    /** The client's SAP. */
    clientId: integer(0, 0xffff),
    /** Logical name of the Association, such as 0.0.40.0.2.255. */
    instanceId: logicalNameText,
    secret: octets(0, 255),
  },
  { key: ["meterId", "clientId", "instanceId"], references: { meterId: "meters" } },
);
export type ClientSecret = RowOf<typeof ClientSecret>;

/**
 * Policies, keys and secrets. If the store was opened with a key-encryption key, they are sealed under it. Faults in addition to
 * those of `Rows`: `wrong-key-encryption-key` for a key that cannot be unsealed.
 */
export interface SecuritySettings {
  /** Ordered by instanceId. */
  of(meterId: string): Promise<readonly Stored<SecuritySetting>[]>;
  /** The settings of many meters, in any order, in one query. */
  ofMany(meterIds: readonly string[]): Promise<readonly Stored<SecuritySetting>[]>;
  /**
   * Adds the settings whose (meterId, instanceId) is not stored yet: an existing Security setup keeps its keys. Returns the number
   * added.
   */
  putIfAbsent(settings: readonly SecuritySetting[]): Promise<number>;
  /** Sets policy and suite. Fault `unknown-reference` if there is no such Security setup. */
  setPolicy(meterId: string, instanceId: string, policy: Policy): Promise<void>;
  /** Replaces keys, keeps the former keys, and returns the new keyVersion. `at`: ms since 1970 UTC. */
  changeKeys(meterId: string, instanceId: string, keys: NewKeys, at: number): Promise<number>;
  /** Former keys, the latest first. */
  formerKeys(meterId: string, instanceId: string): Promise<readonly FormerKey[]>;
  secretsOf(meterId: string): Promise<readonly ClientSecret[]>;
  /** The secrets of many meters, in any order, in one query. */
  secretsOfMany(meterIds: readonly string[]): Promise<readonly ClientSecret[]>;
  /** Adds the secrets that are not stored yet, by meterId, clientId and instanceId. Returns the number added. */
  putSecretsIfAbsent(secrets: readonly ClientSecret[]): Promise<number>;
  /** Adds or replaces a secret. */
  setSecret(secret: ClientSecret): Promise<void>;
}
