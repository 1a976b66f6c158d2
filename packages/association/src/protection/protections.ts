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

/** The keys and counters of one end for protected traffic. */
export interface AssociationSecurity {
  /** Security suite 0, 1 or 2. */
  readonly suite: number;
  readonly keys: KeySet;
  /** This end's own counter for the encryption key. */
  readonly counters: CounterSource;
  /** The guard against replayed counters of the peer. */
  readonly replay: ReplayGuard;
  /** This end's own system title, 8 octets. */
  readonly systemTitle: Uint8Array;
  /** `"encryption-only"`: also accepts APDUs that are encrypted but not authenticated. Anybody can alter such APDUs in transit. */
  readonly accept?: readonly "encryption-only"[];
  /** Mechanism 5: refuses a challenge that is an APDU, because the response would authenticate that APDU under the same keys. */
  readonly strictChallenges?: boolean;
  /** Key-encryption key, for general-ciphering with a wrapped key. */
  readonly masterKey?: Uint8Array;
  /** Own key pairs for mechanism 7, general-signing and agreed keys. */
  readonly privateKeys?: PrivateKeys;
  /** The peer's public keys for the same purposes. */
  readonly peerKeys?: PeerKeys;
  /** This end's own signing key and the peer's public key, if no other asymmetric keys are needed. */
  readonly signing?: { readonly privateKey: Uint8Array; readonly peerPublicKey: Uint8Array };
  /**
   * Replay guards for keys that APDUs transport, and for APDUs that are signed only. Keep them for longer than one association: an
   * APDU that they forget can be replayed. Use guards with a memory if the mechanism has no fresh challenge (0, 1, pre-established).
   * docs/decisions/0010.
   */
  readonly guards?: KeyGuards;
  readonly compression?: Compression;
  /** Maximum length of a compressed APDU after decompression, octets; 65536 by default. */
  readonly maxDecompressed?: number;
}

export interface Peer {
  /** The peer's system title, if it is known. */
  readonly systemTitle: Uint8Array | undefined;
  readonly dedicated: DedicatedKey | undefined;
  readonly broadcast: { readonly counters?: CounterSource; readonly replay?: ReplayGuard } | undefined;
  readonly guards: KeyGuards;
  /** This end sends the requests. */
  readonly requests?: true;
}

/** This end's own key pairs from either option. */
export function privateKeysOf({ privateKeys, signing }: AssociationSecurity): PrivateKeys | undefined {
  return signing === undefined ? privateKeys : { digitalSignature: signing.privateKey, ...privateKeys };
}

/** The peer's keys from either option. */
export function peerKeysOf({ peerKeys, signing }: AssociationSecurity): PeerKeys | undefined {
  if (signing === undefined) return peerKeys;
  return {
    publicKey: (title, purpose) =>
      peerKeys?.publicKey(title, purpose) ?? (purpose === "digital-signature" ? signing.peerPublicKey : undefined),
  };
}

/** Opens received APDUs and seals sent APDUs. */
export interface Protections extends LayerProtections {
  readonly association: Protection;
  /** The guard of the global unicast key. */
  readonly replay: ReplayGuard;
}

/** A class, because an object with a getter takes several times as much memory for each association. */
class MadeProtections implements Protections {
  readonly association: Protection;
  readonly #security: AssociationSecurity;
  /** The keys and counters at the time of construction: other keys need other protections. */
  readonly #common: Common;
  readonly #masterKey: Uint8Array | undefined;
  readonly #guards: KeyGuards;
  readonly #requests: true | undefined;
  readonly #random: Random;
  #general: GeneralProtection | undefined;
  #met: Uint8Array | undefined;

  constructor(security: AssociationSecurity, peer: Peer, crypto: Crypto) {
    this.#security = security;
    this.#common = commonOf(security, peer, crypto);
    this.#masterKey = security.masterKey;
    this.#guards = peer.guards;
    this.#requests = peer.requests;
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

  /** Made when it is used: most associations never need it, and the peer's title may become known only after the first APDU. */
  get general(): GeneralProtection {
    const met = this.association.peerSystemTitle;
    const general = this.#general ?? this.#made();
    this.#general = general;
    if (met !== undefined && met !== this.#met) {
      // The same object: it has the key of the last request, with which the response may be ciphered.
      general.meet(met);
      this.#met = met;
    }
    return general;
  }

  #made(): GeneralProtection {
    const masterKey = this.#masterKey;
    const privateKeys = privateKeysOf(this.#security);
    const peerKeys = peerKeysOf(this.#security);
    return new GeneralProtection({
      ...this.#common,
      random: this.#random,
      ...(masterKey && { masterKey }),
      ...(privateKeys && { privateKeys }),
      ...(peerKeys && { peerKeys }),
      guards: this.#guards,
      ...(this.#requests && { requests: true }),
    });
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

/** Makes the protections of an association. Faults of key lengths and titles. */
export function protectionsOf(security: AssociationSecurity, peer: Peer, crypto: Crypto): Protections {
  return new MadeProtections(security, peer, crypto);
}
