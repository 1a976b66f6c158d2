/** Octets of randomness, as many as asked for. Always injected: this package has no source of its own. */
export type Random = (count: number) => Uint8Array;

/** The curves of security suites 1 and 2. ECDSA goes with SHA-256 on P-256 and SHA-384 on P-384. */
export type Curve = "P-256" | "P-384";

export type HashName = "md5" | "sha1" | "sha256" | "sha384";

/**
 * AES-GCM under one key, with a 12-octet initialization vector and the 12-octet tag of the security suites.
 * Make it once for a key and keep it: it holds what the key expands to.
 */
export interface AesGcm {
  /** Ciphertext ‖ tag. */
  seal(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array;
  /**
   * Ciphertext ‖ tag, written into `to` from the offset `at` on: it saves a copy. `to` shares no memory with the plaintext.
   * Fault `bad-length` where it does not fit.
   */
  sealInto(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array, to: Uint8Array, at: number): void;
  /** The plaintext of ciphertext ‖ tag; undefined, and nothing of it, when the tag is wrong or missing. */
  open(iv: Uint8Array, sealed: Uint8Array, additional: Uint8Array): Uint8Array | undefined;
  /** The key stream over the octets, the same both ways, with no tag: for encryption without authentication. */
  crypt(iv: Uint8Array, octets: Uint8Array): Uint8Array;
}

/** AES block by block, for mechanism 2 alone. Octets in whole blocks of 16: Fault `bad-length`. */
export interface AesEcb {
  encrypt(blocks: Uint8Array): Uint8Array;
  decrypt(blocks: Uint8Array): Uint8Array;
}

/**
 * Where the cryptography comes from. `noble` (any JavaScript host), `openssl` and `node` give the same octets.
 * Public keys are x ‖ y, signatures r ‖ s, private keys the scalar: each coordinate or scalar 32 octets for P-256, 48 for P-384.
 */
export interface CryptoProvider {
  readonly name: string;
  /** A key of 16, 24 or 32 octets: Fault `bad-key-length`. */
  aesGcm(key: Uint8Array): AesGcm;
  /** A key of 16, 24 or 32 octets: Fault `bad-key-length`. */
  aesEcb(key: Uint8Array): AesEcb;
  /** AES key wrap (RFC 3394) of a key of 16, 24 or 32 octets: 8 octets more. Fault `bad-key-length`. */
  wrapKey(kek: Uint8Array, key: Uint8Array): Uint8Array;
  /** The key of 24, 32 or 40 wrapped octets: Fault `bad-key-wrap` for any other length and for a wrong integrity value. */
  unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Uint8Array;
  hash(name: HashName, octets: Uint8Array): Uint8Array;
  /** The public key of a private key: Fault `bad-private-key`. */
  publicKey(curve: Curve, privateKey: Uint8Array): Uint8Array;
  /** The signature of a message: Fault `bad-private-key`. */
  ecdsaSign(curve: Curve, privateKey: Uint8Array, message: Uint8Array): Uint8Array;
  /** Whether the signature is the key's: Fault `bad-public-key` for a point that is not on the curve. */
  ecdsaVerify(curve: Curve, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** The shared secret Z, the x coordinate: Fault `bad-private-key`, `bad-public-key` (not on the curve, not reduced). */
  ecdhSharedSecret(curve: Curve, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array;
  /** Whether both are the same, in a time that does not tell where they differ. */
  sameSecret(one: Uint8Array, other: Uint8Array): boolean;
}
