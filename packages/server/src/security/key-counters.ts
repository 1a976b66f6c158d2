import { concat, fromAscii, toHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger, lastCounter, noble } from "@dlmskit/security";
import { type Commit, dedicatedKeyId } from "@dlmskit/storage";
import type { MeterStore } from "../store-port.ts";

// Minimum number of available counters before a request is accepted: the answer is one APDU, and pass 3 needs one more.
const lowWater = 16;
const block = 1024;
// How far the counter of a reading client may advance before it is kept.
const peerStep = 64;
// Maximum number of known dedicated keys of all clients of a meter. The least recently used key is removed.
const mostDedicated = 1024;

/** The counter of a client that is not kept yet. */
export type PeerCounter = NonNullable<Commit["peers"]>[number];

/** The counters accepted from one client with one key. */
interface Peer {
  readonly client: number;
  guard: CounterGuard;
  /** The kept value of the guard's lowest counter. */
  saved: number;
  /** The counter of a failed commit: it is not known whether it was kept. */
  doubtful: number | undefined;
}

const peerName = (client: number): string => `client ${client}`;

/**
 * The invocation counters of one key of one meter, for all users of the key. Two associations with the same key share them, and a key
 * that is used again continues from its last value. With a store, counters are reserved in the store before they are used.
 */
export class KeyCounters {
  /** The id of the key in a store. */
  readonly keyId: string;
  readonly #meterId: string;
  readonly #kept: KeptPeers;
  // A list, because most keys belong to one client.
  #peers: readonly Peer[] = [];
  #ledger: CounterLedger;
  /** The store in which the counters of this end are reserved; undefined: they are in memory only. */
  #reserved: MeterStore | undefined;
  #reserving: Promise<void> | undefined;

  /** `kept`: the highest counter of each peer in a store. */
  constructor(meterId: string, keyId: string, firstCounter: number, kept: KeptPeers) {
    this.#meterId = meterId;
    this.keyId = keyId;
    this.#kept = kept;
    this.#ledger = new CounterLedger({ start: firstCounter, block });
    this.#reserveInMemory();
  }

  get ledger(): CounterLedger {
    return this.#ledger;
  }

  /** The guard for the counters of the client with that SAP. */
  guard(client: number): CounterGuard {
    return this.#peer(client).guard;
  }

  #peer(client: number): Peer {
    const known = this.#peers.find((one) => one.client === client);
    if (known !== undefined) return known;
    const kept = this.#kept.counter(this.keyId, peerName(client));
    const guard = new CounterGuard(kept === undefined ? 0 : kept + 1);
    const peer: Peer = { client, guard, saved: guard.lowest, doubtful: undefined };
    this.#peers = this.#peers.concat(peer);
    return peer;
  }

  #reserveInMemory(): void {
    const wanted = this.#reserved === undefined ? this.#ledger.wants : undefined;
    if (wanted !== undefined) this.#ledger.reserved(wanted);
  }

  /** Starts to reserve the counters of this end in the store. Undefined: this is already the case. Faults of the store. */
  open(store: MeterStore): Promise<void> | undefined {
    if (this.#reserved === store) return undefined;
    return store.counters.reserve({ meterId: this.#meterId, keyId: this.keyId }, 0, block).then(({ from, upTo }) => {
      if (this.#reserved === store) return;
      this.#ledger = new CounterLedger({ start: from, block });
      this.#ledger.reserved(upTo + 1);
      this.#reserved = store;
    });
  }

  /** Undefined if a request can be accepted now; otherwise the promise to wait for. Reserves counters early, so that waits are rare. */
  ready(): Promise<void> | undefined {
    this.#reserveInMemory();
    const store = this.#reserved;
    if (store === undefined || this.#ledger.wants === undefined) return undefined;
    this.#reserving ??= this.#reserve(store).finally(() => {
      this.#reserving = undefined;
    });
    if (this.#ledger.remaining > lowWater) {
      // In the background. A request that has to wait for it gets the same promise with its failure.
      this.#reserving.catch(() => undefined);
      return undefined;
    }
    return this.#reserving;
  }

  async #reserve(store: MeterStore): Promise<void> {
    const { from, upTo } = await store.counters.reserve({ meterId: this.#meterId, keyId: this.keyId }, 0, block);
    this.#ledger.reserved(Math.min(upTo, lastCounter) + 1, from);
  }

  /** The counter of the client, if it has changed since it was kept. `soon`: only if the difference is large. */
  unsaved(client: number, soon = false): PeerCounter | undefined {
    const { guard, saved, doubtful } = this.#peer(client);
    if (guard.lowest - saved < (soon ? peerStep : 1)) return undefined;
    const counter = guard.lowest - 1;
    return { keyId: this.keyId, peer: peerName(client), counter, ...(counter === doubtful ? { again: true } : {}) };
  }

  /** Takes the counter of a client from a store. */
  know(client: string, counter: number): void {
    const peer = this.#peers.find((one) => peerName(one.client) === client);
    if (peer === undefined) return;
    peer.saved = Math.max(peer.saved, counter + 1);
    if (peer.guard.lowest <= counter) peer.guard = new CounterGuard(counter + 1);
  }

  /** Called when the counter of the client is kept. */
  saved(client: number, { counter }: PeerCounter): void {
    const peer = this.#peer(client);
    peer.saved = Math.max(peer.saved, counter + 1);
  }

  /** Called when the commit of the client's counter failed: it is not known whether it was kept. */
  failed(client: number, { counter }: PeerCounter): void {
    this.#peer(client).doubtful = counter;
  }
}

const label = fromAscii("dlmskit key id");
// A digest, not a block encrypted with the key, because such a block would be the authentication subkey of GCM.
const digestOf = (key: Uint8Array): string => toHex(noble.hash("sha256", concat(label, key)).subarray(0, 16));

// Without a store the counters of the last run are lost. Starting at 8 per second since 2024 keeps a new run above them.
const counterOfClock = (): number => Math.max(0, Math.floor((Date.now() - Date.UTC(2024, 0, 1)) / 125)) % 0xf0000000;

/** The highest counter of each peer in a store. */
class KeptPeers {
  // A list, and an empty one if nothing is kept: a Map with one entry takes more memory than the row.
  #rows: readonly PeerCounter[] = [];

  counter(keyId: string, peer: string): number | undefined {
    return this.#rows.find((row) => row.keyId === keyId && row.peer === peer)?.counter;
  }

  /** Takes rows of a store. A later row of the same key and peer replaces an earlier one. */
  know(rows: readonly PeerCounter[]): void {
    const told = new Set(rows.map(({ keyId, peer }) => `${keyId} ${peer}`));
    this.#rows = [...rows, ...this.#rows.filter(({ keyId, peer }) => !told.has(`${keyId} ${peer}`))];
  }
}

/** The counters of all keys of a meter. Keys with the same octets are the same key, even with different names. */
export class CounterBook {
  readonly #meterId: string;
  readonly #firstCounter: () => number;
  // A list, because most meters have one or two keys.
  #keys: readonly KeyCounters[] = [];
  readonly #kept = new KeptPeers();
  #dedicated: Map<string, KeyCounters> | undefined;

  constructor(meterId: string, firstCounter: number | undefined) {
    this.#meterId = meterId;
    this.#firstCounter = firstCounter === undefined ? counterOfClock : () => firstCounter;
  }

  /** Takes the peer counters of a store. */
  know(peers: readonly PeerCounter[]): void {
    this.#kept.know(peers);
    for (const { keyId, peer, counter } of peers) this.#known(keyId)?.know(peer, counter);
  }

  of(key: Uint8Array): KeyCounters {
    return this.#named(`key ${digestOf(key)}`);
  }

  /**
   * The counters that this end uses with all dedicated keys. A client may use one dedicated key in many associations, so every
   * key, new or not, gets counters that have not been used before.
   */
  get dedicated(): KeyCounters {
    return this.#named("dedicated keys");
  }

  /** The counters accepted from clients with one dedicated key. */
  ofDedicated(key: Uint8Array): KeyCounters {
    const keyId = dedicatedKeyId(digestOf(key));
    // The most recently used key is the last one.
    this.#dedicated ??= new Map();
    const dedicated = this.#dedicated;
    const counters = dedicated.get(keyId) ?? this.#new(keyId);
    dedicated.delete(keyId);
    dedicated.set(keyId, counters);
    for (const oldest of dedicated.keys()) {
      if (dedicated.size <= mostDedicated) break;
      dedicated.delete(oldest);
    }
    return counters;
  }

  #known(keyId: string): KeyCounters | undefined {
    return this.#keys.find((one) => one.keyId === keyId) ?? this.#dedicated?.get(keyId);
  }

  #named(keyId: string): KeyCounters {
    const known = this.#keys.find((one) => one.keyId === keyId);
    if (known !== undefined) return known;
    const counters = this.#new(keyId);
    this.#keys = this.#keys.concat(counters);
    return counters;
  }

  #new(keyId: string): KeyCounters {
    return new KeyCounters(this.#meterId, keyId, this.#firstCounter(), this.#kept);
  }
}
