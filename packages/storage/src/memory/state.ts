import { Fault } from "@dlmskit/core";
import { ChangeListeners } from "../changes.ts";
import type { Stored } from "../shape.ts";
import type { AccessRight } from "../tables/access-rights.ts";
import type { Certificate } from "../tables/certificates.ts";
import type { ClientAssociation } from "../tables/client-associations.ts";
import type { CommunicationPort, HdlcSetting } from "../tables/communication.ts";
import { dedicatedKeysKept, isDedicated, type PeerCounterKey } from "../tables/counters.ts";
import type { Fleet } from "../tables/fleets.ts";
import type { LoadProfileTemplate, PowerQualityEventConfig } from "../tables/generation.ts";
import type { KeyPair } from "../tables/key-pairs.ts";
import type { PendingKeys } from "../tables/key-rotations.ts";
import type { QueuedMessage } from "../tables/message-queue.ts";
import type { Meter } from "../tables/meters.ts";
import type { ObisCode } from "../tables/obis-codes.ts";
import type { CaptureRecord, EventRecord } from "../tables/records.ts";
import type { FormerKey, SecuritySetting } from "../tables/security-settings.ts";
import type { Snapshot } from "../tables/snapshots.ts";
import { type UsedKey, usedKeysKept } from "../tables/used-keys.ts";
import type { AttributeValue } from "../tables/values.ts";
import { ConnectionRows } from "./connection-rows.ts";
import { PendingMessages } from "./pending-messages.ts";

const peerName = (keyId: string, peer: string): string => JSON.stringify([keyId, peer]);

/** The rows of one table, by id. */
export class MemoryTable<R> {
  readonly rows = new Map<number, Stored<R>>();
  #last = 0;

  add(row: R, createdAt: number): number {
    const id = ++this.#last;
    this.rows.set(id, { ...row, id, createdAt });
    return id;
  }

  find(is: (row: Stored<R>) => boolean): Stored<R> | undefined {
    for (const row of this.rows.values()) if (is(row)) return row;
    return undefined;
  }

  filter(is: (row: Stored<R>) => boolean): Stored<R>[] {
    return [...this.rows.values()].filter(is);
  }
}

/** A message with its lease. The lease ends at `leaseUntil`. */
export interface KeptMessage extends QueuedMessage {
  readonly lease: number;
  /** Real time, ms. */
  readonly leaseUntil: number;
}

/** The process that has a meter. If `process` is undefined, no process has it. */
export interface KeptLease {
  readonly process: { readonly address: string | undefined } | undefined;
  readonly epoch: number;
  readonly clockOffset: number;
  readonly ranUpTo: number | undefined;
}

/** The contents of a memory store. Several stores on one state behave like several processes on one database. */
export class MemoryState {
  /** `sealingCheck` of the key-encryption key. Undefined until there is one. */
  sealingCheck: Uint8Array | undefined;
  readonly meters = new Map<string, Stored<Meter>>();
  /** System titles in hex and logical device names that are in use. */
  readonly systemTitles = new Set<string>();
  readonly logicalDeviceNames = new Set<string>();
  readonly counters = new Map<string, number>();
  /** By meterId, then by key and peer. */
  readonly peers = new Map<string, Map<string, { keyId: string; peer: string; counter: number }>>();
  /** By meterId, then by client and association, in the order of use. They are kept when their meter is removed. */
  readonly usedKeys = new Map<string, Map<string, Set<string>>>();
  /** By meterId. A row is kept when its meter is removed, so that no epoch is used twice. */
  readonly leases = new Map<string, KeptLease>();
  /** The processes that have the state open, and the time until which each counts as alive, in ms of their common clock. */
  readonly processes = new Map<object, number>();
  /** Processes that a test has ended. They cannot get their meters back. */
  readonly ended = new WeakSet<object>();
  /** By template. Secrets are sealed. */
  readonly fleets = new Map<string, Fleet>();
  /** By template and shard. */
  readonly fleetProgress = new Map<string, number>();
  readonly changes = new ChangeListeners();
  /** Listeners for requests to end a connection. */
  readonly ends = new Set<(id: number) => void>();
  /** By meterId, then by Security setup. Keys are sealed. */
  readonly securitySettings = new Map<string, Map<string, Stored<SecuritySetting>>>();
  /** By meterId, then by Security setup. */
  readonly formerKeys = new Map<string, Map<string, FormerKey[]>>();
  /** By Security setup and meterId. Keys are sealed. */
  readonly pendingKeys = new Map<string, PendingKeys>();
  /** By meterId, then by client and instance. */
  readonly secrets = new Map<string, Map<string, { clientId: number; instanceId: string; secret: Uint8Array }>>();
  /** By meterId, then by Security setup and usage. Private keys are sealed. */
  readonly keyPairs = new Map<string, Map<string, KeyPair>>();
  readonly certificates = new MemoryTable<Certificate>();
  readonly clientAssociations = new MemoryTable<ClientAssociation>();
  readonly obisCodes = new MemoryTable<ObisCode>();
  readonly accessRights = new MemoryTable<AccessRight>();
  readonly connections = new ConnectionRows();
  readonly hdlcSettings = new MemoryTable<HdlcSetting>();
  readonly communicationPorts = new MemoryTable<CommunicationPort>();
  readonly loadProfileTemplates = new MemoryTable<LoadProfileTemplate>();
  readonly powerQualityEvents = new MemoryTable<PowerQualityEventConfig>();
  /** By meterId, then by attribute. */
  readonly values = new Map<string, Map<string, AttributeValue>>();
  /** By meterId, then by logical name. */
  readonly events = new Map<string, Map<string, EventRecord[]>>();
  /** By meterId, then by profile (`profileKey`). */
  readonly captures = new Map<string, Map<string, CaptureRecord[]>>();
  readonly messages = new Map<number, KeptMessage>();
  /** The PENDING messages, and the PROCESSING messages. */
  readonly pending = new PendingMessages();
  readonly processing = new Set<number>();
  /** By id. `putBack` restores the rows of a snapshot. */
  readonly snapshots = new Map<number, { readonly row: Stored<Snapshot>; readonly putBack: () => void }>();
  lastMeter = 0;
  lastSecuritySetting = 0;
  lastMessage = 0;
  lastLease = 0;
  lastSnapshot = 0;

  /** Sets the counter of a peer to `counter` if that is higher. Returns the stored counter. */
  savePeer({ meterId, keyId, peer }: PeerCounterKey, counter: number): number {
    const of = this.peers.get(meterId) ?? new Map<string, { keyId: string; peer: string; counter: number }>();
    this.peers.set(meterId, of);
    const name = peerName(keyId, peer);
    const kept = Math.max(counter, of.get(name)?.counter ?? 0);
    // Move it to the end: only a limited number of dedicated keys is kept.
    of.delete(name);
    of.set(name, { keyId, peer, counter: kept });
    if (isDedicated(keyId)) this.#forgetDedicated(of, peer);
    return kept;
  }

  #forgetDedicated(of: Map<string, { keyId: string; peer: string }>, peer: string): void {
    const names = [...of].flatMap(([name, row]) => (row.peer === peer && isDedicated(row.keyId) ? [name] : []));
    for (const name of names.slice(0, -dedicatedKeysKept)) of.delete(name);
  }

  loadPeer({ meterId, keyId, peer }: PeerCounterKey): number | undefined {
    return this.peers.get(meterId)?.get(peerName(keyId, peer))?.counter;
  }

  loadUsedKeys(meterId: string, clientId: number, instanceId: string): ReadonlySet<string> {
    return this.usedKeys.get(meterId)?.get(`${clientId} ${instanceId}`) ?? new Set();
  }

  /** Adds a used key. Removes the oldest keys above the limit. */
  saveUsedKey({ meterId, clientId, instanceId, digest }: UsedKey): void {
    const associations = this.usedKeys.get(meterId) ?? new Map<string, Set<string>>();
    this.usedKeys.set(meterId, associations);
    const used = associations.get(`${clientId} ${instanceId}`) ?? new Set<string>();
    associations.set(`${clientId} ${instanceId}`, used);
    used.add(digest);
    for (const oldest of used) {
      if (used.size <= usedKeysKept) break;
      used.delete(oldest);
    }
  }

  /** Acts as if all processes that have the state open had died now: their meters are free, and their leases are lost. */
  endProcesses(): void {
    for (const process of this.processes.keys()) this.ended.add(process);
    this.processes.clear();
  }

  /** The state contains keys. They are not shown when it is printed or converted to JSON. */
  toJSON(): string {
    return "memory";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "MemoryState";
  }
}

/** The common context of the contracts of one memory store. */
export interface MemoryContext {
  readonly state: MemoryState;
  /** Fault `store-closed`. */
  use(): MemoryState;
  instant(): number;
}

/** A copy that shares no octets and no lists with the row. */
export function copied<R extends object>(row: R): R {
  const copy: { [name: string]: unknown } = {};
  for (const [name, value] of Object.entries(row)) {
    copy[name] =
      value instanceof Uint8Array ? new Uint8Array(value) : typeof value === "object" ? structuredClone(value) : value;
  }
  return copy as R;
}

export function duplicate(what: string): Fault {
  return new Fault("duplicate", `${what} already exists`, { layer: "storage" });
}

export function unknownReference(what: string): Fault {
  return new Fault("unknown-reference", `${what} does not exist`, { layer: "storage" });
}

/** Fault `unknown-reference` if there is no such meter. */
export function knownMeter(state: MemoryState, meterId: string): void {
  if (!state.meters.has(meterId)) throw unknownReference(`meter "${meterId}"`);
}
