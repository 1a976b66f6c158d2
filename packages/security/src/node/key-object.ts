import type { KeyObject } from "node:crypto";

/** The length of a secret AES key in bits. */
export function bits(key: KeyObject): 128 | 192 | 256 {
  return ((key.symmetricKeySize as number) * 8) as 128 | 192 | 256;
}
