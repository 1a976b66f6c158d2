import type { ConformanceName } from "@dlmskit/apdu";
import {
  type CryptoProvider,
  type DedicatedKey,
  type KeyGuards,
  MemoryKeyGuards,
  OrderedKeyGuards,
  type Random,
} from "@dlmskit/security";
import type { Offer } from "../offer.ts";
import { Channel, type Opened } from "./channel.ts";
import { protectionsOf } from "./protections.ts";

export interface ServerCrypto {
  readonly provider: CryptoProvider;
  readonly random: Random;
}

/** The channel of the server's end. Its keys may change while it is open. */
export class ServerChannel extends Channel {
  readonly #offer: Offer;
  readonly #crypto: ServerCrypto;
  readonly #clientTitle: Uint8Array | undefined;
  readonly #keyGuards: KeyGuards;
  #keyVersion: unknown;
  #dedicated: DedicatedKey | undefined;

  /** Faults of the protections: keys of a wrong length, a client with the server's own title. */
  constructor(
    offer: Offer,
    crypto: ServerCrypto,
    clientTitle: Uint8Array | undefined,
    conformance: readonly ConformanceName[] = ["general-protection"],
    before?: ServerChannel,
  ) {
    const guards =
      before === undefined ? new OrderedKeyGuards(offer.security?.guards ?? new MemoryKeyGuards()) : before.#keyGuards;
    super(undefined, conformance.includes("general-protection"), crypto.random, guards, before);
    this.#keyGuards = guards;
    this.#offer = offer;
    this.#crypto = crypto;
    this.#clientTitle = clientTitle;
    this.#dedicated = before === undefined ? undefined : before.#dedicated;
    this.#make();
  }

  /** The same channel, limited to the negotiated conformance. */
  negotiated(conformance: readonly ConformanceName[]): ServerChannel {
    return new ServerChannel(this.#offer, this.#crypto, this.#clientTitle, conformance, this);
  }

  #make(): void {
    const { security, ciphered } = this.#offer;
    if (!ciphered || security === undefined || this.#clientTitle === undefined) return;
    this.#keyVersion = security.keyVersion;
    const peer = {
      systemTitle: this.#clientTitle,
      dedicated: this.#dedicated,
      broadcast: security.broadcast,
      guards: this.#keyGuards,
    };
    this.protect(protectionsOf(security, peer, this.#crypto));
  }

  /** Uses the client's dedicated key of this association. Fault `bad-key-length`. */
  dedicate(dedicated: DedicatedKey): void {
    this.protections?.association?.dedicate(dedicated);
    this.#dedicated = dedicated;
  }

  /** Replaced keys are used until the answer that reports the change is sent; the next received APDU is opened with the new keys. */
  override open(pdu: Uint8Array): Opened {
    if (this.ciphered && this.#offer.security?.keyVersion !== this.#keyVersion) this.#make();
    return super.open(pdu);
  }
}
