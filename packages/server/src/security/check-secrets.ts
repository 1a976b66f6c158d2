import { leastSecretLength } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import { checkKey } from "@dlmskit/security";
import type { Association } from "../meter/association-spec.ts";
import type { Secrets } from "./security-spec.ts";

/**
 * Faults: `missing-secret` if these secrets are not sufficient for the association, `secret-too-short` for a secret that can be
 * guessed, `bad-key-length` for a key with a wrong length.
 */
export function checkSecrets({ name, security, shortSecrets }: Association, secrets: Secrets): void {
  const { mechanism, ciphered, suite } = security;
  const missing = (what: keyof Secrets): void => {
    if (secrets[what] !== undefined) return;
    throw new Fault("missing-secret", `association "${name}" needs ${what}`, {
      layer: "server",
      hint: `give ${what} with the association's security, or with the meter's secrets`,
    });
  };
  if (mechanism === 7 && secrets.privateKeys?.digitalSignature === undefined) missing("signing");
  else if (mechanism !== 0 && mechanism !== 5 && mechanism !== 7) missing("secret");
  const least = leastSecretLength(mechanism);
  if (!shortSecrets && secrets.secret !== undefined && secrets.secret.length < least) {
    throw new Fault("secret-too-short", `the secret of association "${name}" has less than ${least} octets`, {
      layer: "server",
      hint: "give a longer one, or set shortSecrets in the association",
    });
  }
  if (ciphered || mechanism === 5) {
    missing("encryptionKey");
    missing("authenticationKey");
  }
  const length = suite === 2 ? 32 : 16;
  for (const key of ["encryptionKey", "authenticationKey", "broadcastKey", "masterKey"] as const) {
    if (secrets[key] !== undefined) checkKey(`${key} of association "${name}"`, secrets[key], length);
  }
}
