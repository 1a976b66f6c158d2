import { toHex } from "@dlmskit/core";
import type { KeySet } from "./keys.ts";

/** What is wrong with keys that work nevertheless. It names keys and shows none. */
export interface KeyFinding {
  readonly code: "equal-keys" | "published-key" | "patterned-key";
  readonly message: string;
}

const published: ReadonlySet<string> = new Set([
  // The examples of the Green Book, which more than one meter was delivered with.
  "000102030405060708090a0b0c0d0e0f",
  "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
  "0f0e0d0c0b0a09080706050403020100",
  "00112233445566778899aabbccddeeff",
  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
]);

/** One octet repeated, or a step from each to the next. */
function isPatterned(key: Uint8Array): boolean {
  const step = (key[1] ?? 0) - (key[0] ?? 0);
  return key.every((octet, at) => at === 0 || ((octet - (key[at - 1] as number) - step) & 0xff) === 0);
}

/**
 * Looks over the keys of a meter, for a start-up or a log to warn of: two keys that are the same (a key compromised by the
 * other's use), one out of a book, one that a pattern makes. Empty when there is nothing to say.
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
