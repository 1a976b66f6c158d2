import { concat } from "@dlmskit/core";
import { scalarLength } from "../checks.ts";
import { deriveKey, KeyAlgorithm, type KeyPair, newKeyPair } from "../key-agreement.ts";
import { erase } from "../keys.ts";
import type { CryptoProvider, Random } from "../provider.ts";
import { refusal } from "../refusal.ts";
import { securitySuite } from "../suites.ts";
import { curveOf } from "./general-key.ts";

/** The key-id in the method key_agreement of a Security setup. 3 is the key-encryption key. */
export type AgreedKeyId = 0 | 1 | 2 | 3;

/** The ephemeral key pair of one key agreement, C(2e,0s), and the data that are sent. */
export interface KeyOffer {
  readonly ephemeral: KeyPair;
  /** key_data: the ephemeral public key and its signature over key-id ‖ public key. */
  readonly keyData: Uint8Array;
}

/** Creates this end's part of a key agreement. Faults `suite-without-curve`, `bad-random`, `bad-private-key`. */
export function offerKey(options: {
  readonly provider: CryptoProvider;
  readonly suite: number;
  readonly keyId: AgreedKeyId;
  /** Own private key for digital signature. */
  readonly signingKey: Uint8Array;
  readonly random: Random;
}): KeyOffer {
  const { provider, keyId } = options;
  const curve = curveOf(securitySuite(options.suite));
  const ephemeral = newKeyPair(provider, curve, options.random);
  const message = concat(Uint8Array.of(keyId), ephemeral.publicKey);
  return {
    ephemeral,
    keyData: concat(ephemeral.publicKey, provider.ecdsaSign(curve, options.signingKey, message)),
  };
}

/**
 * Computes the agreed key from this end's own offer and the peer's key_data. Erases the private key of the offer. On both sides the
 * initiator is the client. Faults: `suite-without-curve`, `bad-length`, `bad-signature`, `bad-public-key`.
 */
export function agreeKey(options: {
  readonly provider: CryptoProvider;
  readonly suite: number;
  readonly keyId: AgreedKeyId;
  readonly offer: KeyOffer;
  /** The peer's key_data. */
  readonly keyData: Uint8Array;
  /** The peer's public key for digital signature. */
  readonly peerPublicKey: Uint8Array;
  readonly initiatorSystemTitle: Uint8Array;
  readonly responderSystemTitle: Uint8Array;
}): Uint8Array {
  const { provider, keyId, keyData } = options;
  const suite = securitySuite(options.suite);
  const curve = curveOf(suite);
  const half = scalarLength[curve] * 2;
  if (keyData.length !== half * 2) {
    throw refusal("bad-length", `an ephemeral public key and its signature have ${half * 2} octets`);
  }
  const ephemeral = keyData.subarray(0, half);
  const message = concat(Uint8Array.of(keyId), ephemeral);
  if (!provider.ecdsaVerify(curve, options.peerPublicKey, message, keyData.subarray(half))) {
    throw refusal("bad-signature", "the signature of the ephemeral public key is wrong");
  }
  const purpose = keyId === 3 ? "aes-wrap" : "aes-gcm";
  const algorithm = KeyAlgorithm[`${purpose}-${suite.id === 2 ? 256 : 128}`];
  const sharedSecret = provider.ecdhSharedSecret(curve, options.offer.ephemeral.privateKey, ephemeral);
  const key = deriveKey({
    provider,
    hash: algorithm.hash,
    sharedSecret,
    algorithmId: algorithm.id,
    partyUInfo: options.initiatorSystemTitle,
    partyVInfo: options.responderSystemTitle,
    length: algorithm.length,
  });
  erase(sharedSecret);
  erase(options.offer.ephemeral.privateKey);
  return key;
}
