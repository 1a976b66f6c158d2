/** Returns `count` random octets. The caller always supplies it: this package has no random source. */
export type Random = (count: number) => Uint8Array;

/** The curves of security suites 1 and 2. ECDSA uses SHA-256 on P-256 and SHA-384 on P-384. */
export type Curve = "P-256" | "P-384";

export type HashName = "md5" | "sha1" | "sha256" | "sha384";

/**
 * AES-GCM with one key, with a 12-octet initialization vector and the 12-octet tag of the security suites. Create one object for
 * each key and reuse it: it keeps the expanded key.
 */
export interface AesGcm {
  /** Ciphertext ‖ tag. */
  seal(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array;
  /**
   * Writes ciphertext ‖ tag into `to` from the offset `at`. This saves a copy. `to` must not share memory with the plaintext. Fault
   * `bad-length` if it does not fit.
   */
  sealInto(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array, to: Uint8Array, at: number): void;
  /** The plaintext of ciphertext ‖ tag. Undefined, without any plaintext, if the tag is wrong or missing. */
  open(iv: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined;
  /** XORs the octets with the key stream. The same for both directions, without a tag: for encryption without authentication. */
  crypt(iv: Uint8Array, octets: Uint8Array): Uint8Array;
}

/** AES block by block, only for mechanism 2. Octets in whole blocks of 16, else Fault `bad-length`. */
export interface AesEcb {
  encrypt(blocks: Uint8Array): Uint8Array;
  decrypt(blocks: Uint8Array): Uint8Array;
}

/**
 * A source of cryptographic functions. `noble` (any JavaScript host), `openssl` and `node` give the same octets. Public keys are x ‖
 * y, signatures are r ‖ s, private keys are the scalar. Each coordinate or scalar has 32 octets for P-256, 48 for P-384.
 */
export interface CryptoProvider {
  readonly name: string;
  /** The key has 16, 24 or 32 octets, else Fault `bad-key-length`. */
  aesGcm(key: Uint8Array): AesGcm;
  /** The key has 16, 24 or 32 octets, else Fault `bad-key-length`. */
  aesEcb(key: Uint8Array): AesEcb;
  /** AES key wrap (RFC 3394) of a key of 16, 24 or 32 octets. The result is 8 octets longer. Fault `bad-key-length`. */
  wrapKey(kek: Uint8Array, key: Uint8Array): Uint8Array;
  /** Unwraps 24, 32 or 40 octets. Fault `bad-key-wrap` for any other length and for a wrong integrity value. */
  unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Uint8Array;
  hash(name: HashName, octets: Uint8Array): Uint8Array;
  /** The public key of a private key. Fault `bad-private-key`. */
  publicKey(curve: Curve, privateKey: Uint8Array): Uint8Array;
  /** Signs a message. Fault `bad-private-key`. */
  ecdsaSign(curve: Curve, privateKey: Uint8Array, message: Uint8Array): Uint8Array;
  /** Whether the signature was made with this key. Fault `bad-public-key` if the point is not on the curve. */
  ecdsaVerify(curve: Curve, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** The shared secret Z, the x coordinate. Faults `bad-private-key`, `bad-public-key` (not on the curve, not reduced). */
  ecdhSharedSecret(curve: Curve, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array;
  /** Whether both are equal. The time does not depend on the position of a difference. */
  sameSecret(one: Uint8Array, other: Uint8Array): boolean;
}
