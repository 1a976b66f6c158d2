import { concat } from "@dlmskit/core";
import { securitySuite } from "@dlmskit/security";
import type { Association, Secrets } from "@dlmskit/server";
import type { KeysFile } from "../simulate/keys-file.ts";
import type { Fleet } from "./fleet.ts";

/** Characters of a derived password, and of a secret of mechanisms 3, 4 and 6. */
const passwordLength = 20;
/** Mechanism 2 takes its secret as an AES-128 key. */
const aesSecretLength = 16;

/** What of an association its keys depend on. */
export type SecuredAssociation = Pick<Association, "client" | "instance" | "securitySetup" | "security">;

export interface FleetSecretsOptions {
  /** Known secrets of every meter; they go before what is derived. */
  readonly keys?: KeysFile;
  /** Every ciphered association has a broadcast key, one for the whole fleet; without, only where the keys file names it. */
  readonly broadcastKeys?: boolean;
}

/**
 * The secrets of one association of one meter. Each Security setup has keys of its own: with one key in two of them, two
 * invocation counters would give the same initialization vector. Mechanisms 5 and 7 have no secret. Fault `out-of-range`.
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

/** The same in one piece of memory: each piece of its own takes a hundred octets more, for each association that is open. */
function together(secrets: Secrets): Secrets {
  const parts = Object.entries(secrets) as [keyof Secrets, Uint8Array][];
  // Keys first: ciphers want them at addresses that words begin at.
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
