import { toHex } from "@dlmskit/core";
import type { KeySet } from "./keys.ts";

/** A weakness of keys that are nevertheless valid. It contains the names of keys, never their octets. */
export interface KeyFinding {
  readonly code: "equal-keys" | "published-key" | "patterned-key";
  readonly message: string;
}

const published: ReadonlySet<string> = new Set([
  // The examples of the Green Book. Several meters were delivered with them.
  "000102030405060708090a0b0c0d0e0f",
  "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
  "0f0e0d0c0b0a09080706050403020100",
  "00112233445566778899aabbccddeeff",
  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
]);

/** One octet repeated, or a constant difference from each octet to the next. */
function isPatterned(key: Uint8Array): boolean {
  const step = (key[1] ?? 0) - (key[0] ?? 0);
  return key.every((octet, at) => at === 0 || ((octet - (key[at - 1] as number) - step) & 0xff) === 0);
}

/**
 * Checks the keys of a meter for weaknesses, for a warning at start-up or in a log: two equal keys (using one compromises the
 * other), a published key, a key that follows a pattern. Empty if nothing is found.
 */
export function keyFindings(keys: KeySet & { readonly masterKey?: Uint8Array }): readonly KeyFinding[] {
  const named = (
    [
      ["encryption key", keys.encryptionKey],
      ["authentication key", keys.authenticationKey],
      ["broadcast encryption key", keys.broadcastKey],
      ["master key", keys.masterKey],
    ] as const
  ).flatMap(([name, key]) => (key === undefined ? [] : [{ name, key, hex: toHex(key) }]));
  const findings: KeyFinding[] = [];
  for (const [at, { name, key, hex }] of named.entries()) {
    const same = named.slice(at + 1).filter((other) => other.hex === hex);
    for (const other of same) {
      findings.push({ code: "equal-keys", message: `the ${name} and the ${other.name} are equal` });
    }
    if (published.has(hex)) findings.push({ code: "published-key", message: `the ${name} is a published example` });
    else if (isPatterned(key)) findings.push({ code: "patterned-key", message: `the ${name} follows a pattern` });
  }
  return findings;
}
