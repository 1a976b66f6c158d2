import { concat } from "@dlmskit/core";
import { securitySuite } from "@dlmskit/security";
import type { Association, Secrets } from "@dlmskit/server";
import type { KeysFile } from "../simulate/keys-file.ts";
import type { Fleet } from "./fleet.ts";

/** Number of characters of a derived password, and of a derived secret of mechanisms 3, 4 and 6. */
const passwordLength = 20;
/** Mechanism 2 uses its secret as an AES-128 key. */
const aesSecretLength = 16;

/** The properties of an association that its keys depend on. */
export type SecuredAssociation = Pick<Association, "client" | "instance" | "securitySetup" | "security">;

export interface FleetSecretsOptions {
  /** Known secrets of every meter. They have priority over derived secrets. */
  readonly keys?: KeysFile;
  /**
   * If true, every ciphered association has a broadcast key, the same for the whole fleet. If not, an association has one only if the keys
   * file names it.
   */
  readonly broadcastKeys?: boolean;
}

/**
 * The secrets of one association of one meter. Each Security setup has its own keys: if two Security setups shared a key, their two
 * invocation counters would produce the same initialization vector. Mechanisms 5 and 7 have no secret. Fault `out-of-range`.
 */
export function secretsOf(
  fleet: Fleet,
  index: number,
  association: SecuredAssociation,
  { keys, broadcastKeys = false }: FleetSecretsOptions = {},
): Secrets {
  const { client, instance, securitySetup, security } = association;
  const given = keys?.clients?.[client] ?? {};
  const secret = given.password ?? derivedSecret(fleet, index, instance, security.mechanism);
  const open = security.mechanism === 0 || secret === undefined;
  if (securitySetup === undefined) return open ? {} : { secret };
  const octets = securitySuite(security.suite).keyLength;
  const broadcastKey =
    given.broadcastKey ?? (broadcastKeys ? fleet.fleetKey(`broadcast-key ${securitySetup}`, octets) : undefined);
  return together({
    ...(open ? {} : { secret }),
    encryptionKey: given.encryptionKey ?? fleet.key(index, `encryption-key ${securitySetup}`, octets),
    authenticationKey: given.authenticationKey ?? fleet.key(index, `authentication-key ${securitySetup}`, octets),
    ...(broadcastKey === undefined ? {} : { broadcastKey }),
    masterKey: keys?.masterKey ?? fleet.key(index, "master-key", octets),
  });
}

/** The same secrets in one block of memory. Each separate array needs a hundred octets more, for each open association. */
function together(secrets: Secrets): Secrets {
  const parts = Object.entries(secrets) as [keyof Secrets, Uint8Array][];
  // Keys come first, because ciphers need them at word-aligned addresses.
  parts.sort(([, one], [, other]) => (one.length % 16) - (other.length % 16));
  const all = concat(...parts.map(([, part]) => part));
  let at = 0;
  return Object.fromEntries(
    parts.map(([name, part]) => {
      at += part.length;
      return [name, all.subarray(at - part.length, at)];
    }),
  );
}

function derivedSecret(fleet: Fleet, index: number, instance: string, mechanism: number): Uint8Array | undefined {
  if (mechanism === 0 || mechanism === 5 || mechanism === 7) return undefined;
  return fleet.password(index, `password ${instance}`, mechanism === 2 ? aesSecretLength : passwordLength);
}
