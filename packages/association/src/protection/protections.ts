import {
  type Compression,
  type CounterSource,
  type CryptoProvider,
  type DedicatedKey,
  GeneralProtection,
  type KeyGuards,
  type KeySet,
  type LayerProtections,
  type PeerKeys,
  type PrivateKeys,
  Protection,
  type Random,
  type ReplayGuard,
} from "@dlmskit/security";

/** What either end has for protected traffic. */
export interface AssociationSecurity {
  /** Security suite 0, 1 or 2. */
  readonly suite: number;
  readonly keys: KeySet;
  /** This end's own counter of the encryption key. */
  readonly counters: CounterSource;
  /** What is accepted of the peer's. */
  readonly replay: ReplayGuard;
  /** This end's own, 8 octets. */
  readonly systemTitle: Uint8Array;
  /** `"encryption-only"`: takes what is encrypted and not authenticated, too, which anybody can alter on its way. */
  readonly accept?: readonly "encryption-only"[];
  /** Mechanism 5: does not answer a challenge that is an APDU, since the response would authenticate that APDU under the same keys. */
  readonly strictChallenges?: boolean;
  /** Key-encryption key: for general-ciphering under a wrapped key. */
  readonly masterKey?: Uint8Array;
  /** Own key pairs: mechanism 7, general-signing, agreed keys. */
  readonly privateKeys?: PrivateKeys;
  /** The peer's public keys, for the same. */
  readonly peerKeys?: PeerKeys;
  /** This end's own signing key and the peer's public key, where there is no more to tell than these two. */
  readonly signing?: { readonly privateKey: Uint8Array; readonly peerPublicKey: Uint8Array };
  /**
   * Of the keys that APDUs bring, and of what is signed alone: keep one for longer than an association, or what it forgets can be
   * replayed; give it a memory where the mechanism gives no fresh challenge (0, 1, pre-established). docs/decisions/0010.
   */
  readonly guards?: KeyGuards;
  readonly compression?: Compression;
  /** What a compressed APDU may grow to, in octets; 65536 by default. */
  readonly maxDecompressed?: number;
}

export interface Peer {
  /** The peer's system title, where it is known. */
  readonly systemTitle: Uint8Array | undefined;
  readonly dedicated: DedicatedKey | undefined;
  readonly broadcast: { readonly counters?: CounterSource; readonly replay?: ReplayGuard } | undefined;
  readonly guards: KeyGuards;
}

/** Own key pairs, wherever they are told. */
export function privateKeysOf({ privateKeys, signing }: AssociationSecurity): PrivateKeys | undefined {
  return signing === undefined ? privateKeys : { digitalSignature: signing.privateKey, ...privateKeys };
}

/** The peer's keys, likewise. */
export function peerKeysOf({ peerKeys, signing }: AssociationSecurity): PeerKeys | undefined {
  if (signing === undefined) return peerKeys;
  return {
    publicKey: (title, purpose) =>
      peerKeys?.publicKey(title, purpose) ?? (purpose === "digital-signature" ? signing.peerPublicKey : undefined),
  };
}

/** Everything that passes is opened and sealed with these. */
export interface Protections extends LayerProtections {
  readonly association: Protection;
  /** The guard of the global unicast key. */
  readonly replay: ReplayGuard;
}

/** A class and not an object with a getter, which takes a multiple of the memory, for each association. */
class MadeProtections implements Protections {
  readonly association: Protection;
  readonly #security: AssociationSecurity;
  /** The keys and counters as they are when it is made: others ask for other protections. */
  readonly #common: Common;
  readonly #masterKey: Uint8Array | undefined;
  readonly #guards: KeyGuards;
  readonly #random: Random;
  #general: GeneralProtection | undefined;
  #met: Uint8Array | undefined;

  constructor(security: AssociationSecurity, peer: Peer, crypto: Crypto) {
    this.#security = security;
    this.#common = commonOf(security, peer, crypto);
    this.#masterKey = security.masterKey;
    this.#guards = peer.guards;
    this.#random = crypto.random;
    const { systemTitle: peerSystemTitle, dedicated } = peer;
    this.association = new Protection({
      ...this.#common,
      ...(peerSystemTitle && { peerSystemTitle }),
      ...(dedicated && { dedicated }),
    });
  }

  get replay(): ReplayGuard {
    return this.#common.replay;
  }

  /** Most associations never need it; and who the peer is may be told after the first APDU. */
  get general(): GeneralProtection {
    const met = this.association.peerSystemTitle;
    if (this.#general !== undefined && met === this.#met) return this.#general;
    const masterKey = this.#masterKey;
    const privateKeys = privateKeysOf(this.#security);
    const peerKeys = peerKeysOf(this.#security);
    this.#met = met;
    this.#general = new GeneralProtection({
      ...this.#common,
      ...(met && { peerSystemTitle: met }),
      random: this.#random,
      ...(masterKey && { masterKey }),
      ...(privateKeys && { privateKeys }),
      ...(peerKeys && { peerKeys }),
      guards: this.#guards,
    });
    return this.#general;
  }
}

type Common = ReturnType<typeof commonOf>;

function commonOf(security: AssociationSecurity, { broadcast }: Peer, { provider }: Crypto) {
  const { suite, keys, counters, replay, systemTitle, accept, compression, maxDecompressed } = security;
  return {
    ...{ provider, suite, keys, systemTitle, counters, replay },
    ...(broadcast && { broadcast }),
    ...(accept && { accept }),
    ...(compression && { compression }),
    ...(maxDecompressed !== undefined && { maxDecompressed }),
  };
}

interface Crypto {
  readonly provider: CryptoProvider;
  readonly random: Random;
}

/** Everything that can be opened and sealed with that. Faults of key lengths and titles. */
export function protectionsOf(security: AssociationSecurity, peer: Peer, crypto: Crypto): Protections {
  return new MadeProtections(security, peer, crypto);
}
