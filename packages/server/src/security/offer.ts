import type { Offer, OfferedSecurity } from "@dlmskit/association";
import type { AssociationState } from "./association-state.ts";

// Classes, because objects with getters take several times as much memory for each association.

/** The values of an offer that a connection changes. */
export interface OfferGuard {
  /** Replaces the secret; undefined: the secret itself is used. */
  readonly otherSecret: Uint8Array | undefined;
  /** Maximum length of a sent APDU, octets; undefined: the value of the association. */
  readonly mostPduSize: number | undefined;
  /** The users that may open the association; undefined: any user. */
  readonly users: readonly number[] | undefined;
}

class StateOffer {
  readonly security: OfferedSecurity | undefined;
  readonly #state: AssociationState;
  readonly #guard: OfferGuard;

  constructor(state: AssociationState, systemTitle: Uint8Array, guard: OfferGuard) {
    this.#state = state;
    this.#guard = guard;
    // GMAC and ECDSA need system titles and keys in every application context.
    const secured = this.ciphered || this.mechanism >= 5;
    this.security = secured ? (new StateSecurity(state, systemTitle) as OfferedSecurity) : undefined;
  }

  get context() {
    return this.#state.association.referencing;
  }

  get ciphered() {
    return this.#state.association.security.ciphered;
  }

  get mechanism() {
    return this.#state.association.security.mechanism;
  }

  get secret() {
    return this.#guard.otherSecret ?? this.#state.secret;
  }

  get conformance() {
    return this.#state.association.conformance;
  }

  get maxReceivePduSize() {
    return this.#state.association.maxReceivePduSize;
  }

  get maxSendPduSize() {
    const { maxSendPduSize } = this.#state.association;
    const { mostPduSize } = this.#guard;
    if (maxSendPduSize === 0) return mostPduSize;
    return mostPduSize === undefined ? maxSendPduSize : Math.min(mostPduSize, maxSendPduSize);
  }

  get generalBlocks() {
    return this.#state.association.generalBlocks;
  }

  get preEstablished() {
    return this.#state.association.preEstablished;
  }

  get associationInstance() {
    return this.#state.association.instance;
  }

  get unconfirmed() {
    return this.#state.association.unconfirmed;
  }

  get users() {
    return this.#guard.users;
  }

  get countedPduSize() {
    return this.#state.association.countedPduSize;
  }

  get shortSecrets() {
    return this.#state.association.shortSecrets;
  }
}

class StateSecurity {
  readonly systemTitle: Uint8Array;
  readonly #state: AssociationState;

  constructor(state: AssociationState, systemTitle: Uint8Array) {
    this.#state = state;
    this.systemTitle = systemTitle;
  }

  get suite() {
    return this.#state.association.security.suite;
  }

  get policy() {
    return this.#state.securityPolicy;
  }

  get keys() {
    return this.#state.keys;
  }

  get counters() {
    return this.#state.counters;
  }

  get replay() {
    return this.#state.replay;
  }

  get keyVersion() {
    return this.#state.keyVersion;
  }

  get masterKey() {
    return this.#state.masterKey;
  }

  get broadcast() {
    return this.#state.broadcast;
  }

  get privateKeys() {
    return this.#state.credentials.privateKeys;
  }

  get peerKeys() {
    return this.#state.credentials;
  }

  dedicated(key: Uint8Array) {
    return this.#state.dedicated(key);
  }

  get guards() {
    return this.#state.guards;
  }

  get strictChallenges() {
    return this.#state.association.strictChallenges;
  }

  get accept() {
    return this.#state.association.security.accept;
  }
}

/** The association that a client can open. Its values are read at each use: keys, policy and secret may change during operation. */
export function offerOf(state: AssociationState, systemTitle: Uint8Array, guard: OfferGuard): Offer {
  return new StateOffer(state, systemTitle, guard) as Offer;
}
