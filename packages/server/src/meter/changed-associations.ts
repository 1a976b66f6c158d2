import { sameOctets } from "@dlmskit/core";
import type { Secrets, SecuritySpec } from "../security/security-spec.ts";
import type { Association } from "./association-spec.ts";

/** The result of replacing the associations of a template. */
export interface ChangedAssociations {
  /** All associations in the specified order. Associations that existed before are the same objects. */
  readonly associations: readonly Association[];
  /** Associations that were removed or whose client, object or security changed: no client may continue to use them. */
  readonly ended: readonly Association[];
  /** Applies the new specification to the existing associations and calls `run`. If `run` throws, the associations are restored. */
  within<T>(run: () => T): T;
}

export function changedAssociations(before: readonly Association[], told: readonly Association[]): ChangedAssociations {
  const known = new Map(before.map((one) => [one.name, one]));
  const pairs = told.map((fresh) => ({ fresh, kept: known.get(fresh.name) }));
  const associations = pairs.map(({ fresh, kept }) => kept ?? fresh);
  const gone = before.filter((one) => !associations.includes(one));
  const others = pairs.flatMap(({ fresh, kept }) => (kept === undefined || sameClient(kept, fresh) ? [] : [kept]));
  return {
    associations,
    ended: [...gone, ...others],
    within(run) {
      const before = pairs.flatMap(({ kept }) =>
        kept === undefined ? [] : [{ kept, was: { ...kept }, rights: kept.access.copy() }],
      );
      try {
        for (const { fresh, kept } of pairs) if (kept !== undefined) become(kept, fresh);
        return run();
      } catch (caught) {
        for (const { kept, was, rights } of before) {
          Object.assign(kept, was);
          kept.access.become(rights);
        }
        throw caught;
      }
    },
  };
}

function become(kept: Association, fresh: Association): void {
  const { access, security, ...rest } = fresh;
  const same = sameClient(kept, fresh);
  Object.assign(kept, rest);
  kept.access.become(access);
  // A new `security` object shows holders of keys that their keys belong to the previous security.
  if (!same) Object.assign(kept, { security });
}

const sameClient = (one: Association, other: Association): boolean =>
  one.client === other.client &&
  one.instance === other.instance &&
  one.securitySetup === other.securitySetup &&
  one.referencing === other.referencing &&
  sameSecurity(one.security, other.security);

function sameSecurity(one: SecuritySpec, other: SecuritySpec): boolean {
  // The secrets are not enumerable.
  return JSON.stringify(one) === JSON.stringify(other) && sameSecrets(one.secrets ?? {}, other.secrets ?? {});
}

function sameSecrets(one: Secrets, other: Secrets): boolean {
  const keys = ["secret", "encryptionKey", "authenticationKey", "broadcastKey", "masterKey"] as const;
  const others = ["privateKeys", "certificates", "trustAnchors", "signing"] as const;
  return (
    keys.every((key) => sameOctets(one[key] ?? new Uint8Array(0), other[key] ?? new Uint8Array(0))) &&
    others.every((name) => one[name] === other[name])
  );
}
