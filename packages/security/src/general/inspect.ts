import { type GeneralCiphering, GeneralHeader, type GeneralSigning, securityControlOctet } from "@dlmskit/apdu";
import { concat, encode } from "@dlmskit/core";
import { scalarLength, tagLength } from "../checks.ts";
import type { CryptoProvider } from "../provider.ts";
import { securitySuite } from "../suites.ts";
import { initializationVector } from "../system-title.ts";
import { agreed, curveOf, nonceOf, schemeOf } from "./general-key.ts";
import { signed } from "./general-protection.ts";
import type { PeerKeys } from "./peer-keys.ts";

// For readers of recordings: they have keys of both ends, and keep no counters.

/** The keys with which recorded general-ciphering and general-signing APDUs may be opened. */
export interface RecordedKeys {
  readonly provider: CryptoProvider;
  readonly encryptionKey?: Uint8Array | undefined;
  readonly broadcastKey?: Uint8Array | undefined;
  /** The key-encryption key, for wrapped keys. */
  readonly masterKey?: Uint8Array | undefined;
  /** Private keys for key agreement, of either end. */
  readonly agreementKeys?: readonly Uint8Array[] | undefined;
  readonly peerKeys?: PeerKeys | undefined;
}

const none = new Uint8Array(0);

/**
 * The keys that may have sealed a general-ciphering APDU; empty: what the key-info needs is not given. An APDU without key-info may
 * have the global key. `originator`: the sender's system title. Faults `bad-key-wrap`, `bad-public-key`, `unknown-key-agreement`,
 * `suite-without-curve`, `unknown-suite`.
 */
export function recordedKeys(
  apdu: GeneralCiphering,
  originator: Uint8Array,
  keys: RecordedKeys,
): readonly Uint8Array[] {
  const { keyInfo } = apdu;
  if (keyInfo === undefined || keyInfo.choice === "identified-key") {
    const broadcast = keyInfo?.keyId === "global-broadcast-encryption-key";
    const key = broadcast ? (keys.broadcastKey ?? keys.encryptionKey) : keys.encryptionKey;
    return key === undefined ? [] : [key];
  }
  const { provider, masterKey } = keys;
  if (keyInfo.choice === "wrapped-key") {
    return masterKey === undefined ? [] : [provider.unwrapKey(masterKey, keyInfo.keyCipheredData)];
  }
  return agreedKeys(apdu, keyInfo, originator, keys);
}

function agreedKeys(
  { recipientSystemTitle: recipient, transactionId, securityControl }: GeneralCiphering,
  { keyParameters, keyCipheredData }: { readonly keyParameters: Uint8Array; readonly keyCipheredData: Uint8Array },
  originator: Uint8Array,
  { provider, agreementKeys = [], peerKeys }: RecordedKeys,
): readonly Uint8Array[] {
  const suite = securitySuite(securityControl.suite);
  const curve = curveOf(suite);
  const onePass = schemeOf(keyParameters) === "one-pass-diffie-hellman";
  const others = onePass
    ? [keyCipheredData.subarray(0, scalarLength[curve] * 2)]
    : [originator, recipient].flatMap((title) => peerKeys?.publicKey(title, "key-agreement") ?? []);
  const parties = { originator, recipient, transactionId };
  const nonce = onePass ? none : nonceOf(transactionId);
  return agreementKeys
    .filter(({ length }) => length === scalarLength[curve])
    .flatMap((own) =>
      others.map((other) => agreed({ provider, suite }, provider.ecdhSharedSecret(curve, own, other), parties, nonce)),
    );
}

/**
 * Deciphers a recorded general-ciphering APDU. `verified`: whether its authentication tag is right; undefined: it has none, or the
 * authentication key is missing. Without an authentication key, an empty one is tried, as some markets use it. No counter is checked.
 */
export function openRecorded(
  apdu: GeneralCiphering,
  options: {
    readonly provider: CryptoProvider;
    readonly key: Uint8Array;
    readonly originator: Uint8Array;
    readonly authenticationKey?: Uint8Array | undefined;
  },
): { readonly apdu: Uint8Array; readonly verified: boolean | undefined } {
  const { provider, key, originator, authenticationKey } = options;
  const { securityControl, invocationCounter, ciphertext } = apdu;
  const { authenticated, encrypted } = securityControl;
  const aes = provider.aesGcm(key);
  const iv = initializationVector(originator, invocationCounter);
  const text = authenticated ? ciphertext.subarray(0, -tagLength) : ciphertext;
  const plain = encrypted ? aes.crypt(iv, text) : text;
  if (!authenticated) return { apdu: plain, verified: undefined };
  const control = Uint8Array.of(securityControlOctet(securityControl));
  const additional = concat(control, authenticationKey ?? none, encode(GeneralHeader, apdu));
  const opened = encrypted
    ? aes.open(iv, ciphertext, additional)
    : aes.open(iv, ciphertext.subarray(-tagLength), concat(additional, text));
  const right = opened !== undefined;
  return { apdu: plain, verified: right || authenticationKey !== undefined ? right : undefined };
}

/** Whether the ephemeral public key of a one-pass agreement is signed by its originator; undefined: there is none. */
export function isEphemeralSigned(
  { keyInfo }: GeneralCiphering,
  publicKey: Uint8Array,
  provider: CryptoProvider,
): boolean | undefined {
  if (keyInfo?.choice !== "agreed-key" || keyInfo.keyCipheredData.length === 0) return undefined;
  const { keyCipheredData } = keyInfo;
  const ephemeral = keyCipheredData.subarray(0, publicKey.length);
  return isSigned(ephemeral, keyCipheredData.subarray(publicKey.length), publicKey, provider);
}

/** Whether the signature of a general-signing APDU is that of the owner of the public key. */
export function isSignatureOf(
  { content, signature, ...header }: GeneralSigning,
  publicKey: Uint8Array,
  provider: CryptoProvider,
): boolean {
  return isSigned(signed(header, content), signature, publicKey, provider);
}

function isSigned(message: Uint8Array, signature: Uint8Array, key: Uint8Array, provider: CryptoProvider): boolean {
  const curve = key.length === scalarLength["P-384"] * 2 ? "P-384" : "P-256";
  return signature.length === key.length && provider.ecdsaVerify(curve, key, message, signature);
}
