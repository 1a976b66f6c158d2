import { Fault, fromAscii, sameOctets } from "@dlmskit/core";

/** Key wrap under the user's key-encryption key (RFC 3394, from `@dlmskit/security`). The octets are a multiple of 8, at least 16. */
export interface KeySealing {
  wrap(key: Uint8Array): Uint8Array;
  /** Throws any error if the octets were not wrapped under this key-encryption key. */
  unwrap(wrapped: Uint8Array): Uint8Array;
}

const known = fromAscii("dlmskit: sealed.");

/** The octets with which a sealed store recognizes its key-encryption key. */
export function sealingCheck(sealing: KeySealing): Uint8Array {
  return sealing.wrap(known);
}

/** Fault `wrong-key-encryption-key` unless `check` was made with the same key-encryption key. */
export function verifySealing(sealing: KeySealing, check: Uint8Array): void {
  if (!sameOctets(unsealKey(sealing, check), known)) throw wrongKey();
}

function wrongKey(cause?: unknown): Fault {
  return new Fault("wrong-key-encryption-key", "the keys in this store were sealed under another key-encryption key", {
    layer: "storage",
    hint: "give the key-encryption key that the store was made with",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A key in its stored form. */
export function sealKey(sealing: KeySealing | undefined, key: Uint8Array): Uint8Array {
  return sealing === undefined ? key : sealing.wrap(key);
}

/** The key from its stored form. Fault `wrong-key-encryption-key`. */
export function unsealKey(sealing: KeySealing | undefined, kept: Uint8Array): Uint8Array {
  if (sealing === undefined) return kept;
  try {
    return sealing.unwrap(kept);
  } catch (cause) {
    throw wrongKey(cause);
  }
}

/** A secret of 0 to 255 octets in its stored form. Before it is sealed, its length and zeros are added, as key wrap requires. */
export function sealSecret(sealing: KeySealing | undefined, secret: Uint8Array): Uint8Array {
  if (sealing === undefined) return secret;
  const padded = new Uint8Array(Math.max(16, Math.ceil((secret.length + 1) / 8) * 8));
  padded[0] = secret.length;
  padded.set(secret, 1);
  return sealing.wrap(padded);
}

/** The secret from its stored form. Fault `wrong-key-encryption-key`. */
export function unsealSecret(sealing: KeySealing | undefined, kept: Uint8Array): Uint8Array {
  if (sealing === undefined) return kept;
  const padded = unsealKey(sealing, kept);
  const length = padded[0] ?? 0;
  if (length >= padded.length) throw wrongKey();
  return padded.slice(1, 1 + length);
}

/** The Fault if a sealed store was opened without its key-encryption key. */
export function sealingNeeded(): Fault {
  return new Fault("key-encryption-key-needed", "the keys in this store are sealed", {
    layer: "storage",
    hint: "give the key-encryption key that the store was made with",
  });
}
