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
import {
  badKeyWrap,
  badPrivateKey,
  badPublicKey,
  checkAesKey,
  checkBlocks,
  checkIv,
  checkPrivateKey,
  checkPublicKey,
  checkWrapped,
  scalarLength,
  tagLength,
} from "./checks.ts";
import { NobleAesGcm } from "./noble/aes-gcm.ts";
import type { AesEcb, AesGcm, CryptoProvider, Curve } from "./provider.ts";

const curves = {
  "P-256": { name: "prime256v1", hash: "sha256" },
  "P-384": { name: "secp384r1", hash: "sha384" },
} as const satisfies Record<Curve, object>;

const wrapIv = new Uint8Array(8).fill(0xa6);
const noIv = new Uint8Array(0);
// Without the length Node takes tags of four octets.
const authTagLength = { authTagLength: tagLength };

function bits(key: KeyObject): 128 | 192 | 256 {
  return ((key.symmetricKeySize as number) * 8) as 128 | 192 | 256;
}

/** Octets of their own: a Buffer may be a view into a pool that others write to. */
function own(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

class NodeAesGcm implements AesGcm {
  // A key object once a key: from raw octets every call costs four times as much.
  readonly #key: KeyObject;
  readonly #algorithm: "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm";

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key);
    this.#algorithm = `aes-${bits(this.#key)}-gcm`;
  }

  seal(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array {
    checkIv(iv);
    const cipher = createCipheriv(this.#algorithm, this.#key, iv, authTagLength);
    cipher.setAAD(additional);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return own(ciphertext, cipher.getAuthTag());
  }

  open(iv: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined {
    checkIv(iv);
    const length = sealed.length - tagLength;
    if (length < 0) return undefined;
    const decipher = createDecipheriv(this.#algorithm, this.#key, iv, authTagLength);
    decipher.setAAD(additional);
    decipher.setAuthTag(sealed.subarray(length));
    const plaintext = decipher.update(sealed.subarray(0, length));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return own(plaintext);
  }

  crypt(iv: Uint8Array, octets: Uint8Array): Uint8Array {
    checkIv(iv);
    return own(createCipheriv(this.#algorithm, this.#key, iv, authTagLength).update(octets));
  }
}

// Up to so many octets noble with its kept tables is faster than a call of OpenSSL (`pnpm bench protect` tells both).
const shortOctets = 512;
// The tables take some 5 KiB a key: keys that are used less often than this do without.
const usesBeforeTables = 8;

/** AES-GCM by whichever is faster: noble for short APDUs under a key that is in use, OpenSSL for long ones and for new keys. */
class FastestAesGcm implements AesGcm {
  readonly #key: Uint8Array;
  readonly #openssl: NodeAesGcm;
  #noble: AesGcm | undefined;
  #uses = 0;

  constructor(key: Uint8Array) {
    this.#key = key.slice();
    this.#openssl = new NodeAesGcm(key);
  }

  #for(octets: number): AesGcm {
    if (octets > shortOctets) return this.#openssl;
    if (this.#noble !== undefined) return this.#noble;
    if (++this.#uses <= usesBeforeTables) return this.#openssl;
    this.#noble = new NobleAesGcm(this.#key);
    return this.#noble;
  }

  seal(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array {
    return this.#for(plaintext.length + additional.length).seal(iv, plaintext, additional);
  }

  open(iv: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined {
    return this.#for(sealed.length + additional.length).open(iv, sealed, additional);
  }

  crypt(iv: Uint8Array, octets: Uint8Array): Uint8Array {
    return this.#for(octets.length).crypt(iv, octets);
  }
}

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
 * Cryptography by Node's OpenSSL: hardware AES, signatures twenty times as fast as in JavaScript. Short APDUs are ciphered by
 * noble, whose call costs less.
 */
export const node: CryptoProvider = {
  name: "node",
  aesGcm(key) {
    checkAesKey(key);
    return new FastestAesGcm(key);
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
    // As long as a comparison of equal lengths takes.
    timingSafeEqual(one, one);
    return false;
  },
};
