import { aeskw, ecb } from "@noble/ciphers/aes.js";
import { p256, p384 } from "@noble/curves/nist.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
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
import { NobleAesGcm } from "./noble/aes-gcm.ts";
import type { AesEcb, CryptoProvider, Curve } from "./provider.ts";

const curves = { "P-256": p256, "P-384": p384 } as const;
const hashes = { md5, sha1, sha256, sha384 } as const;

class NobleAesEcb implements AesEcb {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key.slice();
  }

  encrypt(blocks: Uint8Array): Uint8Array {
    checkBlocks(blocks);
    return ecb(this.#key, { disablePadding: true }).encrypt(blocks);
  }

  decrypt(blocks: Uint8Array): Uint8Array {
    checkBlocks(blocks);
    return ecb(this.#key, { disablePadding: true }).decrypt(blocks);
  }
}

function curveForPrivate(curve: Curve, privateKey: Uint8Array) {
  checkPrivateKey(curve, privateKey);
  const { utils } = curves[curve];
  if (!utils.isValidSecretKey(privateKey)) throw badPrivateKey(curve);
  return curves[curve];
}

/** x ‖ y in the uncompressed form that the library reads. Fault `bad-public-key` if it is not a point of the curve. */
function uncompressed(curve: Curve, publicKey: Uint8Array): Uint8Array {
  checkPublicKey(curve, publicKey);
  const point = new Uint8Array(publicKey.length + 1);
  point[0] = 0x04;
  point.set(publicKey, 1);
  if (!curves[curve].utils.isValidPublicKey(point, false)) throw badPublicKey(curve);
  return point;
}

/**
 * Cryptography in JavaScript only, for any host. It looks up tables by secret octets, as every AES without hardware does. Where
 * another program can measure the cache timing of this one, use `openssl`.
 */
export const noble: CryptoProvider = {
  name: "noble",
  aesGcm(key) {
    checkAesKey(key);
    return new NobleAesGcm(key);
  },
  aesEcb(key) {
    checkAesKey(key);
    return new NobleAesEcb(key);
  },
  wrapKey(kek, key) {
    checkAesKey(kek);
    checkAesKey(key);
    return aeskw(kek).encrypt(key);
  },
  unwrapKey(kek, wrapped) {
    checkWrapped(kek, wrapped);
    try {
      return aeskw(kek).decrypt(wrapped);
    } catch {
      throw badKeyWrap();
    }
  },
  hash: (name, octets) => hashes[name](octets),
  publicKey: (curve, privateKey) => curveForPrivate(curve, privateKey).getPublicKey(privateKey, false).slice(1),
  ecdsaSign: (curve, privateKey, message) =>
    curveForPrivate(curve, privateKey).sign(message, privateKey, { lowS: false }),
  ecdsaVerify(curve, publicKey, message, signature) {
    const point = uncompressed(curve, publicKey);
    if (signature.length !== scalarLength[curve] * 2) return false;
    return curves[curve].verify(signature, message, point, { lowS: false });
  },
  ecdhSharedSecret(curve, privateKey, publicKey) {
    const { getSharedSecret } = curveForPrivate(curve, privateKey);
    return getSharedSecret(privateKey, uncompressed(curve, publicKey), true).slice(1);
  },
  sameSecret(one, other) {
    let difference = one.length ^ other.length;
    for (let at = 0; at < one.length; at++) difference |= (one[at] as number) ^ (other[at] ?? 0);
    return difference === 0;
  },
};
