import { sameOctets } from "@dlmskit/core";
import type { Secrets, SecuritySpec } from "../security/security-spec.ts";
import type { Association } from "./association-spec.ts";

/** What becomes of the associations of a template when they are told anew. */
export interface ChangedAssociations {
  /** In the order in which they are told. Those that there were are the same objects. */
  readonly associations: readonly Association[];
  /** Those that are gone, or whose client, object or security is another: nobody may go on with them. */
  readonly ended: readonly Association[];
  /** Makes those that there were what is told, and runs something; where that throws, they are as before. */
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
  // Another object tells those who hold keys of it that they are of what it was before.
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
