import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type JsonWebKeyInput,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from "node:crypto";
import { concat } from "@dlmskit/core";
import {
  badKeyWrap,
  badPrivateKey,
  badPublicKey,
  checkAesKey,
  checkBlocks,
  checkPrivateKey,
  checkPublicKey,
  checkWrapped,
  scalarLength,
} from "./checks.ts";
import { FastestAesGcm } from "./node/fastest-aes-gcm.ts";
import { bits } from "./node/key-object.ts";
import { OpensslAesGcm } from "./node/openssl-aes-gcm.ts";
import type { AesEcb, CryptoProvider, Curve } from "./provider.ts";

const curves = {
  "P-256": { name: "prime256v1", hash: "sha256" },
  "P-384": { name: "secp384r1", hash: "sha384" },
} as const satisfies Record<Curve, object>;

const wrapIv = new Uint8Array(8).fill(0xa6);
const noIv = new Uint8Array(0);

/** A copy of the octets: a Buffer may be a view into a pool that other code writes to. */
const own = concat;

class NodeAesEcb implements AesEcb {
  readonly #key: KeyObject;

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
  }

  encrypt(blocks: Uint8Array): Uint8Array {
    checkBlocks(blocks);
    const cipher = createCipheriv(`aes-${bits(this.#key)}-ecb`, this.#key, noIv).setAutoPadding(false);
    return own(cipher.update(blocks), cipher.final());
  }

  decrypt(blocks: Uint8Array): Uint8Array {
    checkBlocks(blocks);
    const decipher = createDecipheriv(`aes-${bits(this.#key)}-ecb`, this.#key, noIv).setAutoPadding(false);
    return own(decipher.update(blocks), decipher.final());
  }
}

function text(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("base64url");
}

function jwk(curve: Curve, publicKey: Uint8Array, privateKey?: Uint8Array): JsonWebKeyInput {
  const half = scalarLength[curve];
  const key = { kty: "EC", crv: curve, x: text(publicKey.subarray(0, half)), y: text(publicKey.subarray(half)) };
  return { key: privateKey === undefined ? key : { ...key, d: text(privateKey) }, format: "jwk" };
}

function ecdhOf(curve: Curve, privateKey: Uint8Array) {
  checkPrivateKey(curve, privateKey);
  const ecdh = createECDH(curves[curve].name);
  try {
    ecdh.setPrivateKey(privateKey);
  } catch {
    throw badPrivateKey(curve);
  }
  return ecdh;
}

function publicOf(curve: Curve, privateKey: Uint8Array): Uint8Array {
  return own(ecdhOf(curve, privateKey).getPublicKey().subarray(1));
}

function publicKeyObject(curve: Curve, publicKey: Uint8Array): KeyObject {
  checkPublicKey(curve, publicKey);
  try {
    return createPublicKey(jwk(curve, publicKey));
  } catch {
    throw badPublicKey(curve);
  }
}

/**
 * Cryptography by Node's OpenSSL only: hardware AES, and signatures twenty times as fast as in JavaScript. It has no table look-ups
 * that depend on secret octets. Use it where another program can measure the cache timing of this one.
 */
export const openssl: CryptoProvider = {
  name: "openssl",
  aesGcm(key) {
    checkAesKey(key);
    return new OpensslAesGcm(key);
  },
  aesEcb(key) {
    checkAesKey(key);
    return new NodeAesEcb(key);
  },
  wrapKey(kek, key) {
    checkAesKey(kek);
    checkAesKey(key);
    const cipher = createCipheriv(`id-aes${kek.length * 8}-wrap`, kek, wrapIv);
    return own(cipher.update(key), cipher.final());
  },
  unwrapKey(kek, wrapped) {
    checkWrapped(kek, wrapped);
    const decipher = createDecipheriv(`id-aes${kek.length * 8}-wrap`, kek, wrapIv);
    try {
      return own(decipher.update(wrapped), decipher.final());
    } catch {
      throw badKeyWrap();
    }
  },
  hash: (name, octets) => own(createHash(name).update(octets).digest()),
  publicKey: publicOf,
  ecdsaSign(curve, privateKey, message) {
    const key = createPrivateKey(jwk(curve, publicOf(curve, privateKey), privateKey));
    return own(sign(curves[curve].hash, message, { key, dsaEncoding: "ieee-p1363" }));
  },
  ecdsaVerify(curve, publicKey, message, signature) {
    const key = publicKeyObject(curve, publicKey);
    if (signature.length !== scalarLength[curve] * 2) return false;
    return verify(curves[curve].hash, message, { key, dsaEncoding: "ieee-p1363" }, signature);
  },
  ecdhSharedSecret(curve, privateKey, publicKey) {
    const ecdh = ecdhOf(curve, privateKey);
    publicKeyObject(curve, publicKey);
    return own(ecdh.computeSecret(own(Uint8Array.of(0x04), publicKey)));
  },
  sameSecret(one, other) {
    if (one.length === other.length) return timingSafeEqual(one, other);
    // Takes as long as a comparison of equal lengths.
    timingSafeEqual(one, one);
    return false;
  },
};

/**
 * The default on Node: OpenSSL, except for short APDUs under a key that is used often. Noble ciphers these, because a call of it
 * takes less time. Noble looks up tables by secret octets.
 */
export const node: CryptoProvider = {
  ...openssl,
  name: "node",
  aesGcm(key) {
    checkAesKey(key);
    return new FastestAesGcm(key);
  },
};
