/** The purpose of a key pair and of the certificate of its public key. */
export type KeyPurpose = "digital-signature" | "key-agreement";

/**
 * Public keys by the system title of their owner, from checked certificates or supplied directly. The call is synchronous: keys in
 * storage must be loaded before.
 */
export interface PeerKeys {
  /** x ‖ y. Undefined for an unknown title, or if the certificate is not valid (any more). */
  publicKey(systemTitle: Uint8Array, purpose: KeyPurpose): Uint8Array | undefined;
}

/** This end's own private keys: scalars of the curve of the suite. */
export interface PrivateKeys {
  readonly digitalSignature?: Uint8Array;
  readonly keyAgreement?: Uint8Array;
}
