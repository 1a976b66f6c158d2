import { ApduTag, CipheredFields, plainTag } from "@dlmskit/apdu";
import { Reader } from "@dlmskit/core";
import { tagLength } from "./checks.ts";
import { checkKey } from "./keys.ts";
import type { CryptoProvider } from "./provider.ts";
import { refusal } from "./refusal.ts";
import { securitySuite } from "./suites.ts";
import { checkSystemTitle, initializationVector } from "./system-title.ts";

export interface UnverifiedOptions {
  readonly provider: CryptoProvider;
  /** Of 16 octets, of suite 2 32: the key that the APDU was ciphered under, whichever that is. */
  readonly encryptionKey: Uint8Array;
  /** The sender's, 8 octets; that in a general form goes before it. */
  readonly systemTitle?: Uint8Array;
}

/**
 * The plaintext of a ciphered APDU without a look at its authentication tag, for those who have no authentication key:
 * owners who read their own meter. Anybody can have altered it on its way, and a wrong key gives octets as well: never
 * act on it. No counter is checked. `Protection.open` is what verifies.
 * Faults: `not-ciphered`, `truncated`, `bad-length`, `too-short-for-tag`, `trailing-octets`, `unknown-suite`,
 * `bad-key-length`, `bad-system-title`, `unknown-system-title` (it is not known at all), `compression-unsupported`.
 */
export function openUnverified(apdu: Uint8Array, options: UnverifiedOptions): Uint8Array {
  const from = new Reader(apdu, { layer: "security" });
  const tag = from.u8();
  const general = tag === ApduTag["general-glo-ciphering"] || tag === ApduTag["general-ded-ciphering"];
  if (!general && plainTag(tag) === undefined) throw refusal("not-ciphered", "the APDU is not ciphered");
  const told = general ? from.take(from.boundedLength()) : undefined;
  const { securityControl, invocationCounter, ciphertext } = CipheredFields.read(from);
  from.finish();
  const { suite, authenticated, encrypted, compressed } = securityControl;
  if (compressed) throw refusal("compression-unsupported", "the plaintext is compressed");
  const text = authenticated ? ciphertext.subarray(0, -tagLength) : ciphertext;
  if (!encrypted) return text;
  checkKey("encryption key", options.encryptionKey, securitySuite(suite).keyLength);
  const title = told !== undefined && told.length > 0 ? told : options.systemTitle;
  if (title === undefined) throw refusal("unknown-system-title", "the sender's system title is not known");
  checkSystemTitle(title);
  return options.provider.aesGcm(options.encryptionKey).crypt(initializationVector(title, invocationCounter), text);
}
