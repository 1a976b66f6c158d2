import { concat, Fault, fromHex } from "@dlmskit/core";
import { fresh } from "./challenges.ts";
import { scalarLength } from "./checks.ts";
import type { CryptoProvider, Curve, Random } from "./provider.ts";

/** The purpose of a derived key: the AlgorithmID of the key derivation function. Green Book 9.2.3.4.6.5. */
export const KeyAlgorithm = {
  "aes-gcm-128": { id: fromHex("60857405080300"), length: 16, hash: "sha256" },
  "aes-gcm-256": { id: fromHex("60857405080301"), length: 32, hash: "sha384" },
  "aes-wrap-128": { id: fromHex("60857405080302"), length: 16, hash: "sha256" },
  "aes-wrap-256": { id: fromHex("60857405080303"), length: 32, hash: "sha384" },
} as const;

export interface KeyDerivation {
  readonly provider: CryptoProvider;
  readonly hash: "sha256" | "sha384";
  /** Z of the key agreement. */
  readonly sharedSecret: Uint8Array;
  readonly algorithmId: Uint8Array;
  /** The originator's system title, and the further octets that the scheme adds. */
  readonly partyUInfo: Uint8Array;
  readonly partyVInfo: Uint8Array;
  /** The length of the key in octets. */
  readonly length: number;
}

/** Derives a key from a shared secret: the single-step key derivation function of NIST SP 800-56A, with a hash. */
export function deriveKey(derivation: KeyDerivation): Uint8Array {
  const { provider, hash, length } = derivation;
  const key = new Uint8Array(length);
  for (let at = 0, round = 1; at < length; round++) {
    const octets = provider.hash(
      hash,
      concat(
        Uint8Array.of(round >>> 24, round >>> 16, round >>> 8, round),
        derivation.sharedSecret,
        derivation.algorithmId,
        derivation.partyUInfo,
        derivation.partyVInfo,
      ),
    );
    key.set(octets.subarray(0, length - at), at);
    at += octets.length;
  }
  return key;
}

export interface KeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

const tries = 8;

/** A new key pair. Fault `bad-random` if the random source gives no valid key. */
export function newKeyPair(provider: CryptoProvider, curve: Curve, random: Random): KeyPair {
  for (let trial = 0; trial < tries; trial++) {
    const privateKey = fresh(random, scalarLength[curve]);
    try {
      return { privateKey, publicKey: provider.publicKey(curve, privateKey) };
    } catch (caught) {
      // The value is above the group order: once in 2^32 on P-256, practically never on P-384.
      if (!(caught instanceof Fault && caught.code === "bad-private-key")) throw caught;
    }
  }
  throw new Fault("bad-random", "the random source gives no valid private key", { layer: "security" });
}
