import { concat, fromAscii, toHex } from "@dlmskit/core";
import { CounterGuard, CounterLedger, lastCounter, noble } from "@dlmskit/security";
import { type Commit, dedicatedKeyId } from "@dlmskit/storage";
import type { MeterStore } from "../store-port.ts";

// How many counters must be available before a request is taken: one is answered by one APDU, pass 3 takes one more.
const lowWater = 16;
const block = 1024;
// How far a client may go on reading before its counter is kept.
const peerStep = 64;
// How many dedicated keys of all clients of a meter are known at a time; the one that was used longest ago makes room.
const mostDedicated = 1024;

/** A counter of a client that is not kept yet. */
export type PeerCounter = NonNullable<Commit["peers"]>[number];

/** What is accepted from one client under one key. */
interface Peer {
  readonly client: number;
  guard: CounterGuard;
  /** The guard's lowest as it is kept. */
  saved: number;
  /** The counter of a commit that failed: nobody knows whether it was kept. */
  doubtful: number | undefined;
}

const peerName = (client: number): string => `client ${client}`;

/**
 * The invocation counters of one key of one meter, for all of its users: two associations with the same key count together, and a key
 * that comes back goes on where it was. With a store, counters are reserved in it before they are used.
 */
export class KeyCounters {
  /** What a store knows the key by. */
  readonly keyId: string;
  readonly #meterId: string;
  readonly #kept: KeptPeers;
  // A list: most keys are of one client.
  #peers: readonly Peer[] = [];
  #ledger: CounterLedger;
  /** Where the counters of this end are reserved; undefined: in memory alone. */
  #reserved: MeterStore | undefined;
  #reserving: Promise<void> | undefined;

  /** `kept`: the highest counter of each peer as a store has it. */
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

  /** What is accepted from the client of that SAP. */
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

  /** From now on the counters of this end are reserved in the store. Undefined: they are already. Faults of the store. */
  open(store: MeterStore): Promise<void> | undefined {
    if (this.#reserved === store) return undefined;
    return store.counters.reserve({ meterId: this.#meterId, keyId: this.keyId }, 0, block).then(({ from, upTo }) => {
      if (this.#reserved === store) return;
      this.#ledger = new CounterLedger({ start: from, block });
      this.#ledger.reserved(upTo + 1);
      this.#reserved = store;
    });
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
      // In the background. A request that has to wait for it gets the same promise, and its failure.
      this.#reserving.catch(() => undefined);
      return undefined;
    }
    return this.#reserving;
  }

  async #reserve(store: MeterStore): Promise<void> {
    const { from, upTo } = await store.counters.reserve({ meterId: this.#meterId, keyId: this.keyId }, 0, block);
    this.#ledger.reserved(Math.min(upTo, lastCounter) + 1, from);
  }

  /** The counter of the client, where it has moved since it was kept. `soon`: only where it has moved a good deal. */
  unsaved(client: number, soon = false): PeerCounter | undefined {
    const { guard, saved, doubtful } = this.#peer(client);
    if (guard.lowest - saved < (soon ? peerStep : 1)) return undefined;
    const counter = guard.lowest - 1;
    return { keyId: this.keyId, peer: peerName(client), counter, ...(counter === doubtful ? { again: true } : {}) };
  }

  /** A store has kept that counter of a client. */
  know(client: string, counter: number): void {
    const peer = this.#peers.find((one) => peerName(one.client) === client);
    if (peer === undefined) return;
    peer.saved = Math.max(peer.saved, counter + 1);
    if (peer.guard.lowest <= counter) peer.guard = new CounterGuard(counter + 1);
  }

  /** The client's counter is kept up to there. */
  saved(client: number, { counter }: PeerCounter): void {
    const peer = this.#peer(client);
    peer.saved = Math.max(peer.saved, counter + 1);
  }

  /** The commit of the client's counter failed: nobody knows whether it was kept. */
  failed(client: number, { counter }: PeerCounter): void {
    this.#peer(client).doubtful = counter;
  }
}

const label = fromAscii("dlmskit key id");
// A digest and not a block under the key, which would be what GCM authenticates with.
const digestOf = (key: Uint8Array): string => toHex(noble.hash("sha256", concat(label, key)).subarray(0, 16));

// Without a store nothing remembers the counters of the last run: 8 a second since 2024 keep a new run above it.
const counterOfClock = (): number => Math.max(0, Math.floor((Date.now() - Date.UTC(2024, 0, 1)) / 125)) % 0xf0000000;

/** The highest counter of each peer as a store has it. */
class KeptPeers {
  // A list, and none where nothing is kept: a Map of one takes as much as the row and more.
  #rows: readonly PeerCounter[] = [];

  counter(keyId: string, peer: string): number | undefined {
    return this.#rows.find((row) => row.keyId === keyId && row.peer === peer)?.counter;
  }

  /** Takes what a store tells; a later row of the same key and peer is the true one. */
  know(rows: readonly PeerCounter[]): void {
    const told = new Set(rows.map(({ keyId, peer }) => `${keyId} ${peer}`));
    this.#rows = [...rows, ...this.#rows.filter(({ keyId, peer }) => !told.has(`${keyId} ${peer}`))];
  }
}

/** The counters of all keys of a meter. The same octets are the same key, whatever they are called. */
export class CounterBook {
  readonly #meterId: string;
  readonly #firstCounter: () => number;
  // A list: most meters have one key or two.
  #keys: readonly KeyCounters[] = [];
  readonly #kept = new KeptPeers();
  #dedicated: Map<string, KeyCounters> | undefined;

  constructor(meterId: string, firstCounter: number | undefined) {
    this.#meterId = meterId;
    this.#firstCounter = firstCounter === undefined ? counterOfClock : () => firstCounter;
  }

  /** Takes what a store has kept of peers. */
  know(peers: readonly PeerCounter[]): void {
    this.#kept.know(peers);
    for (const { keyId, peer, counter } of peers) this.#known(keyId)?.know(peer, counter);
  }

  of(key: Uint8Array): KeyCounters {
    return this.#named(`key ${digestOf(key)}`);
  }

  /**
   * Of the counters that this end uses under any dedicated key: a client may bring one key in many associations, and one that is
   * new as well as one that is not gets counters that no other has had.
   */
  get dedicated(): KeyCounters {
    return this.#named("dedicated keys");
  }

  /** Of what is accepted from clients under one dedicated key. */
  ofDedicated(key: Uint8Array): KeyCounters {
    const keyId = dedicatedKeyId(digestOf(key));
    // The one that was used last stands last.
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
