import type { ConformanceName } from "@dlmskit/apdu";
import { type CryptoProvider, type DedicatedKey, Protection } from "@dlmskit/security";
import { Channel, type Opened } from "./channel.ts";
import type { Offer } from "./offer.ts";

/** The channel of the server's end, whose keys may change while it is open. */
export class ServerChannel extends Channel {
  readonly #offer: Offer;
  readonly #provider: CryptoProvider;
  readonly #clientTitle: Uint8Array | undefined;
  #keyVersion: unknown;
  #dedicated: DedicatedKey | undefined;

  /** Faults of the Protection: keys of a wrong length, a client with the server's own title. */
  constructor(
    offer: Offer,
    provider: CryptoProvider,
    clientTitle: Uint8Array | undefined,
    conformance: readonly ConformanceName[] = ["general-protection"],
  ) {
    super(undefined, conformance.includes("general-protection"));
    this.#offer = offer;
    this.#provider = provider;
    this.#clientTitle = clientTitle;
    this.#make();
  }

  /** The same channel, held to what was negotiated. */
  negotiated(conformance: readonly ConformanceName[]): ServerChannel {
    const channel = new ServerChannel(this.#offer, this.#provider, this.#clientTitle, conformance);
    if (this.#dedicated !== undefined) channel.dedicate(this.#dedicated);
    return channel;
  }

  #make(): void {
    const { security, ciphered } = this.#offer;
    if (!ciphered || security === undefined || this.#clientTitle === undefined) return;
    const { suite, keys, systemTitle, counters, replay, accept, broadcast } = security;
    this.#keyVersion = security.keyVersion;
    this.protection = new Protection({
      provider: this.#provider,
      suite,
      keys,
      systemTitle,
      peerSystemTitle: this.#clientTitle,
      counters,
      replay,
      ...(accept === undefined ? {} : { accept }),
      ...(broadcast === undefined ? {} : { broadcast }),
      ...(this.#dedicated === undefined ? {} : { dedicated: this.#dedicated }),
    });
  }

  /** The key that the client made for this association. Fault `bad-key-length`. */
  dedicate(dedicated: DedicatedKey): void {
    this.protection?.dedicate(dedicated);
    this.#dedicated = dedicated;
  }

  /** Keys that were replaced are gone with the answer that told of it: what comes now is under the new ones. */
  override open(pdu: Uint8Array): Opened {
    if (this.protection !== undefined && this.#offer.security?.keyVersion !== this.#keyVersion) this.#make();
    return super.open(pdu);
  }
}
