import { tagLength } from "./checks.ts";
import type { AesGcm } from "./provider.ts";

/** Ciphertext ‖ tag in a new array. */
export function sealedBy(aes: AesGcm, iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(plaintext.length + tagLength);
  aes.sealInto(iv, plaintext, additional, sealed, 0);
  return sealed;
}
