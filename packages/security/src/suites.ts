import { Fault } from "@dlmskit/core";
import type { Curve, HashName } from "./provider.ts";

/** The parameters of a security suite. Green Book 9.2.3.7. */
export interface SecuritySuite {
  readonly id: 0 | 1 | 2;
  /** Length in octets of each symmetric key, including the key-encryption key. */
  readonly keyLength: 16 | 32;
  readonly wrappedKeyLength: 24 | 40;
  /** The curve for signature and key agreement. Suite 0 has neither. */
  readonly curve?: Curve;
  readonly hash?: HashName;
}

export const securitySuites = [
  { id: 0, keyLength: 16, wrappedKeyLength: 24 },
  { id: 1, keyLength: 16, wrappedKeyLength: 24, curve: "P-256", hash: "sha256" },
  { id: 2, keyLength: 32, wrappedKeyLength: 40, curve: "P-384", hash: "sha384" },
] as const satisfies readonly SecuritySuite[];

/** The suite with this identifier. Fault `unknown-suite`. */
export function securitySuite(id: number): SecuritySuite {
  const suite = securitySuites[id];
  if (suite === undefined) {
    throw new Fault("unknown-suite", `there is no security suite ${id}`, { layer: "security", hint: "0, 1 or 2" });
  }
  return suite;
}
