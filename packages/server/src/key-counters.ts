import { concat, fromAscii, toHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger, lastCounter, noble } from "@dlmskit/security";
import type { MeterStore } from "./store-port.ts";

// How many counters must be at hand before a request is taken: one is answered by one APDU, pass 3 takes one more.
const lowWater = 16;
const block = 1024;
// How far a client may go on reading before its counter is kept.
const peerStep = 64;

/** What is accepted from one client under one key. */
interface Peer {
  readonly guard: CounterGuard;
  saved: number;
  saving: boolean;
}

/**
 * The invocation counters of one key of one meter, whoever uses it: two associations with the same key count together, and a key
 * that comes back goes on where it was. With a store, counters are reserved in it before they are used.
 */
export class KeyCounters {
  readonly #key: { readonly meterId: string; readonly keyId: string };
  readonly #peers = new Map<number, Peer>();
  #ledger: CounterLedger;
  #store: MeterStore | undefined;
  /** Where the counters of this end are reserved; undefined: in memory alone. */
  #reserved: MeterStore | undefined;
  #reserving: Promise<void> | undefined;

  constructor(meterId: string, keyId: string, firstCounter: number) {
    this.#key = { meterId, keyId };
    this.#ledger = new CounterLedger({ start: firstCounter, block });
    this.#reserveInMemory();
  }

  /** What a store knows the key by. */
  get keyId(): string {
    return this.#key.keyId;
  }

  get ledger(): CounterLedger {
    return this.#ledger;
  }

  /** What is accepted from the client of that SAP. */
  guard(client: number): CounterGuard {
    return this.#peer(client).guard;
  }

  #peer(client: number): Peer {
    const known = this.#peers.get(client);
    if (known !== undefined) return known;
    const peer = { guard: new CounterGuard(), saved: 0, saving: false };
    this.#peers.set(client, peer);
    return peer;
  }

  #peerKey(client: number): { meterId: string; keyId: string; peer: string } {
    return { ...this.#key, peer: `client ${client}` };
  }

  #reserveInMemory(): void {
    const wanted = this.#reserved === undefined ? this.#ledger.wants : undefined;
    if (wanted !== undefined) this.#ledger.reserved(wanted);
  }

  /** From now on counters are the store's, and so is what the client has sent. Faults of the store. */
  async open(store: MeterStore, client: number): Promise<void> {
    if (this.#reserved !== store) {
      const { from, upTo } = await store.counters.reserve(this.#key, 0, block);
      this.#ledger = new CounterLedger({ start: from, block });
      this.#ledger.reserved(upTo + 1);
      this.#reserved = store;
    }
    await this.openPeer(store, client);
  }

  /** The same for what the client has sent alone: under the broadcast key a meter sends nothing. */
  async openPeer(store: MeterStore, client: number): Promise<void> {
    if (this.#store !== store) this.#peers.clear();
    this.#store = store;
    if (this.#peers.has(client)) return;
    const kept = await store.counters.loadPeer(this.#peerKey(client));
    const guard = new CounterGuard(kept === undefined ? 0 : kept + 1);
    if (!this.#peers.has(client)) this.#peers.set(client, { guard, saved: guard.lowest, saving: false });
  }

  /** Undefined when a request can be taken now; else what to wait for first. Reserves ahead, so that waiting is rare. */
  ready(): Promise<void> | undefined {
    this.#reserveInMemory();
    const store = this.#reserved;
    if (store === undefined || this.#ledger.wants === undefined) return undefined;
    this.#reserving ??= this.#reserve(store).finally(() => {
      this.#reserving = undefined;
    });
    if (this.#ledger.remaining > lowWater) {
      // In the background: whoever must wait for it gets the same promise, with its failure.
      this.#reserving.catch(() => undefined);
      return undefined;
    }
    return this.#reserving;
  }

  async #reserve(store: MeterStore): Promise<void> {
    const { from, upTo } = await store.counters.reserve(this.#key, 0, block);
    this.#ledger.reserved(Math.min(upTo, lastCounter) + 1, from);
  }

  /** Keeps the client's counter; resolves when it is durable. Undefined when there is nothing to keep. */
  savePeer(client: number): Promise<void> | undefined {
    const store = this.#store;
    const peer = this.#peer(client);
    const { lowest } = peer.guard;
    if (store === undefined || lowest === peer.saved || lowest === 0) return undefined;
    return store.counters.savePeer(this.#peerKey(client), lowest - 1).then(() => {
      peer.saved = Math.max(peer.saved, lowest);
    });
  }

  /** The same once the client has gone on a good deal: for what nobody waits for. */
  savePeerSoon(client: number): Promise<void> | undefined {
    const peer = this.#peer(client);
    if (peer.saving || peer.guard.lowest - peer.saved < peerStep) return undefined;
    const saving = this.savePeer(client);
    peer.saving = saving !== undefined;
    return saving?.finally(() => {
      peer.saving = false;
    });
  }
}

const label = fromAscii("dlmskit key id");

/** The counters of all keys of a meter. The same octets are the same key, whatever they are called. */
export class CounterBook {
  readonly #meterId: string;
  readonly #firstCounter: () => number;
  readonly #keys = new Map<string, KeyCounters>();

  constructor(meterId: string, firstCounter: () => number) {
    this.#meterId = meterId;
    this.#firstCounter = firstCounter;
  }

  of(key: Uint8Array): KeyCounters {
    // A digest and not a block under the key, which would be what GCM authenticates with.
    const keyId = `key ${toHex(noble.hash("sha256", concat(label, key)).subarray(0, 16))}`;
    let counters = this.#keys.get(keyId);
    if (counters === undefined) {
      counters = new KeyCounters(this.#meterId, keyId, this.#firstCounter());
      this.#keys.set(keyId, counters);
    }
    return counters;
  }
}
