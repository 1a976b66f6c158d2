import { Fault } from "@dlmskit/core";
import type { Curve, HashName } from "./provider.ts";

/** What a security suite fixes. Green Book 9.2.3.7. */
export interface SecuritySuite {
  readonly id: 0 | 1 | 2;
  /** Octets of each symmetric key, the key-encryption key among them. */
  readonly keyLength: 16 | 32;
  readonly wrappedKeyLength: 24 | 40;
  /** For signature and key agreement; suite 0 has neither. */
  readonly curve?: Curve;
  readonly hash?: HashName;
}

export const securitySuites = [
  { id: 0, keyLength: 16, wrappedKeyLength: 24 },
  { id: 1, keyLength: 16, wrappedKeyLength: 24, curve: "P-256", hash: "sha256" },
  { id: 2, keyLength: 32, wrappedKeyLength: 40, curve: "P-384", hash: "sha384" },
] as const satisfies readonly SecuritySuite[];

/** The suite of an identifier: Fault `unknown-suite`. */
export function securitySuite(id: number): SecuritySuite {
  const suite = securitySuites[id];
  if (suite === undefined) {
    throw new Fault("unknown-suite", `there is no security suite ${id}`, { layer: "security", hint: "0, 1 or 2" });
  }
  return suite;
}
