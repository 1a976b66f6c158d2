import { sameOctets } from "@dlmskit/core";
import { erase } from "../keys.ts";
import { CounterGuard } from "../replay.ts";
import type { GeneralKey, KeySources, OpeningKey, SealingKey } from "./general-key.ts";

/** The key of the last request: a response without key-info is ciphered with it. Green Book 9.2.3.4. */
export class RequestKey {
  #transactionId: Uint8Array | undefined;
  #key: OpeningKey | undefined;

  /** Replaces the key of the request before it, which is erased. */
  sent(sealing: SealingKey, source: GeneralKey, transactionId: Uint8Array, sources: KeySources): void {
    // A request to all stations has no response.
    if (source === "global-broadcast-encryption-key") return;
    if (this.#key?.once === true) erase(this.#key.key);
    this.#transactionId = transactionId.slice();
    const { key, once } = sealing;
    this.#key = { key, source, once, replay: once ? new CounterGuard() : sources.replay };
  }

  /** Undefined for an APDU that does not have the transaction-id of the last request. */
  keyFor(transactionId: Uint8Array): OpeningKey | undefined {
    const key = this.#key;
    if (key === undefined || this.#transactionId === undefined) return undefined;
    // A response may be sent in several APDUs: the key is kept until the next request.
    return sameOctets(this.#transactionId, transactionId) ? { ...key, once: false } : undefined;
  }
}
