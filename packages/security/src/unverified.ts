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
  /** The key that was used to cipher the APDU, of any kind. 16 octets, for suite 2 32 octets. */
  readonly encryptionKey: Uint8Array;
  /** The sender's system title, 8 octets. A title in a general form takes precedence. */
  readonly systemTitle?: Uint8Array;
}

/**
 * Decrypts a ciphered APDU without verifying its authentication tag, for users without the authentication key, such as owners who
 * read their own meter. Anybody can have altered the APDU on its way, and a wrong key also gives octets: never act on the result. No
 * counter is checked. Use `Protection.open` to verify. Faults: `not-ciphered`, `truncated`, `bad-length`, `too-short-for-tag`,
 * `trailing-octets`, `unknown-suite`, `bad-key-length`, `bad-system-title`, `unknown-system-title` (the title is unknown),
 * `compression-unsupported`.
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
