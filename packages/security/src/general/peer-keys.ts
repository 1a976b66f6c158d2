/** What a key pair, and the certificate of its public key, is for. */
export type KeyPurpose = "digital-signature" | "key-agreement";

/**
 * Public keys by the system title of their owner: out of checked certificates, or as they were handed over.
 * Synchronous: what storage has is looked up before.
 */
export interface PeerKeys {
  /** x ‖ y; undefined for a title that is not known, or whose certificate is not valid (any more). */
  publicKey(systemTitle: Uint8Array, purpose: KeyPurpose): Uint8Array | undefined;
}

/** This end's own private keys: scalars of the suite's curve. */
export interface PrivateKeys {
  readonly digitalSignature?: Uint8Array;
  readonly keyAgreement?: Uint8Array;
}
