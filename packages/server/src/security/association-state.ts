import { securityPolicy } from "@dlmskit/association";
import { sameOctets } from "@dlmskit/core";
import {
  type CounterGuard,
  type CounterLedger,
  type CounterSource,
  type KeySet,
  MemoryKeyGuards,
} from "@dlmskit/security";
import { dedicatedKeysKept, type MeterScope, type MeterSecrets, type SecuritySetting } from "@dlmskit/storage";
import type { Association } from "../meter/association-spec.ts";
import type { Work } from "../runtime/unit-of-work.ts";
import type { MeterStore } from "../store-port.ts";
import { Credentials, type CredentialsOwner } from "./credentials.ts";
import type { CounterBook, KeyCounters, PeerCounter } from "./key-counters.ts";
import type { Secrets } from "./security-spec.ts";
import { checkKeysOf } from "./stored-keys.ts";
import { remembersKeys, type UnsavedKeys, UsedKeys } from "./used-keys.ts";

/** New keys, named after the keys that they replace. */
export interface NewKeys {
  encryptionKey?: Uint8Array;
  authenticationKey?: Uint8Array;
  broadcastKey?: Uint8Array;
  masterKey?: Uint8Array;
}

/** The meter that an association state belongs to. */
export interface StateOwner extends CredentialsOwner {
  readonly counters: CounterBook;
  /** The store for keys and counters; undefined: they are kept in memory only. */
  readonly store: MeterStore | undefined;
  /** All associations with the same Security setup that this process has loaded. */
  sharing(securitySetup: string): Iterable<AssociationState>;
}

/** Data of a client that a commit keeps in addition to the changes of its request. */
export interface Unsaved {
  readonly peers: readonly PeerCounter[];
  readonly usedKeys: UnsavedKeys;
  /** Called when the data is kept. */
  saved(): void;
  /** Called when the commit failed. */
  failed(): void;
}

const noKey = new Uint8Array(0);

/**
 * The secrets of one association of one meter, and the invocation counters of its encryption key. All connections of the client
 * share them, so that no counter is used twice. With a store, counters are reserved in the store before they are used.
 */
export class AssociationState {
  readonly association: Association;
  /** The security of the association when this state was created. A different security gets a new state. */
  readonly security: Association["security"];
  /** Guards for the keys that APDUs contain. They last longer than one association. */
  readonly guards: MemoryKeyGuards;
  /** Keys that were used earlier, for the guards; undefined if the association takes no such keys. */
  readonly usedKeys: UsedKeys | undefined;
  readonly credentials: Credentials;
  /** Whether all data that the association needs is loaded. */
  loaded = false;
  readonly #owner: StateOwner;
  #secrets: Secrets;
  #policy: number;
  #changes = 0;
  #version = 0;
  #unicast: KeyCounters;
  #broadcast: KeyCounters | undefined;
  /** The dedicated keys whose counters have changed and are not kept yet. */
  #dedicated: Set<KeyCounters> | undefined;

  constructor(association: Association, owner: StateOwner, secrets: Secrets) {
    this.association = association;
    this.security = association.security;
    this.#owner = owner;
    this.#secrets = secrets;
    this.#policy = association.security.policy;
    this.credentials = new Credentials(owner, association, secrets);
    this.usedKeys = remembersKeys(association) ? new UsedKeys(association) : undefined;
    this.guards = new MemoryKeyGuards(this.usedKeys === undefined ? {} : { memory: this.usedKeys });
    this.#unicast = owner.counters.of(this.keys.encryptionKey);
    this.#broadcast = this.#broadcastCounters();
  }

  get secret(): Uint8Array | undefined {
    return this.#secrets.secret;
  }

  get masterKey(): Uint8Array | undefined {
    return this.#secrets.masterKey;
  }

  /** The security policy, attribute 2 of the Security setup. */
  get policy(): number {
    return this.#policy;
  }

  get securityPolicy(): ReturnType<typeof securityPolicy> {
    return securityPolicy(this.#policy, this.association.security.setupVersion);
  }

  /** A number that changes each time a key is replaced. */
  get keyVersion(): number {
    return this.#changes;
  }

  get counters(): CounterLedger {
    return this.#unicast.ledger;
  }

  get replay(): CounterGuard {
    return this.#unicast.guard(this.#client);
  }

  /** The counter guard for the broadcast key, if there is one. */
  get broadcast(): { readonly replay: CounterGuard } | undefined {
    return this.#broadcast && { replay: this.#broadcast.guard(this.#client) };
  }

  /** The counters of a dedicated key. They are reserved before the next APDU of the client is accepted (`ready`). */
  dedicated(key: Uint8Array): { readonly counters: CounterSource; readonly replay: CounterGuard } {
    const { counters } = this.#owner;
    const accepted = counters.ofDedicated(key);
    this.#dedicated ??= new Set();
    const kept = this.#dedicated;
    kept.delete(accepted);
    kept.add(accepted);
    for (const oldest of kept) {
      if (kept.size <= dedicatedKeysKept) break;
      kept.delete(oldest);
    }
    const own = counters.dedicated;
    return {
      // The ledger changes when the store has reserved counters.
      counters: {
        get remaining() {
          return own.ledger.remaining;
        },
        next: () => own.ledger.next(),
      },
      replay: accepted.guard(this.#client),
    };
  }

  /** The last counter accepted from the client; 0: none. The next counter of the client must be higher. */
  get lastPeerCounter(): number {
    return Math.max(0, this.replay.lowest - 1);
  }

  /** The keys; empty if the association needs none. In all other cases `checkSecrets` has already checked them. */
  get keys(): KeySet {
    const { encryptionKey = noKey, authenticationKey = noKey, broadcastKey } = this.#secrets;
    return {
      encryptionKey,
      authenticationKey,
      ...(broadcastKey === undefined ? {} : { broadcastKey }),
    };
  }

  get #client(): number {
    return this.association.client;
  }

  /** Whether counters are used: GMAC uses them in every application context. */
  get #counts(): boolean {
    const { ciphered, mechanism } = this.association.security;
    return ciphered || mechanism === 5;
  }

  #broadcastCounters(): KeyCounters | undefined {
    const key = this.#secrets.broadcastKey;
    return key === undefined ? undefined : this.#owner.counters.of(key);
  }

  /** The data to read from a store before the association can be opened. */
  static scopeOf(association: Association): MeterScope {
    const { client, instance, securitySetup, security } = association;
    const { mechanism, ciphered } = security;
    const hasSecret = mechanism !== 0 && mechanism !== 5 && mechanism !== 7;
    return {
      clients: hasSecret ? [{ clientId: client, instanceId: instance }] : [],
      setups: ciphered && securitySetup !== undefined ? [securitySetup] : [],
      ...(remembersKeys(association) ? { usedKeys: [{ clientId: client, instanceId: instance }] } : {}),
    };
  }

  /** Takes the secrets, keys, policy and certificates of this association from the store. Faults of certificates. */
  load({ settings, secrets, keyPairs, certificates, usedKeys }: MeterSecrets): void {
    const { client, instance, securitySetup, security } = this.association;
    this.check({ settings });
    const secret = secrets.find((one) => one.clientId === client && one.instanceId === instance)?.secret;
    const policyBefore = this.#policy;
    if (secret !== undefined && !sameOctets(secret, this.#secrets.secret ?? noKey)) this.#version++;
    if (secret !== undefined) this.#secrets = { ...this.#secrets, secret };
    const before = this.keys;
    const kept = security.ciphered ? settings.find((one) => one.instanceId === securitySetup) : undefined;
    if (kept !== undefined) {
      this.#policy = security.setupVersion === 1 ? (kept.policyBits ?? this.#policy) : kept.securityPolicy;
      this.#secrets = {
        ...this.#secrets,
        ...(kept.encryptionKey && { encryptionKey: kept.encryptionKey }),
        ...(kept.authenticationKey && { authenticationKey: kept.authenticationKey }),
        ...(kept.masterKey && { masterKey: kept.masterKey }),
        ...(kept.broadcastKey && { broadcastKey: kept.broadcastKey }),
      };
    }
    if (!sameKeys(before, this.keys)) this.#changes++;
    if (this.#policy !== policyBefore) this.#version++;
    this.credentials.load(keyPairs, certificates);
    this.usedKeys?.load(usedKeys);
    this.#unicast = this.#owner.counters.of(this.keys.encryptionKey);
    this.#broadcast = this.#broadcastCounters();
  }

  /** Fault `bad-row` for a key that this association cannot use. */
  check({ settings }: Pick<MeterSecrets, "settings">): void {
    const { ciphered, suite } = this.security;
    const row = settings.find(({ instanceId }) => ciphered && instanceId === this.association.securitySetup);
    if (row !== undefined) checkKeysOf(row, suite);
  }

  /** A number that changes each time rows have changed a key, the policy or the secret. */
  get version(): number {
    return this.#changes + this.#version;
  }

  /** Reserves counters if a store keeps them; undefined: there is no need to wait. */
  open(): Promise<void> | undefined {
    const { store } = this.#owner;
    return store === undefined || !this.#counts ? undefined : this.#unicast.open(store);
  }

  /** The first row of a Security setup, with the given values. */
  #initialRow(instanceId: string): SecuritySetting {
    const { encryptionKey, authenticationKey, masterKey, broadcastKey } = this.#secrets;
    return {
      meterId: this.#owner.id,
      instanceId,
      ...this.#policyRow(this.#policy),
      securitySuite: this.association.security.suite,
      keyVersion: 1,
      ...(encryptionKey && { encryptionKey }),
      ...(authenticationKey && { authenticationKey }),
      ...(masterKey && { masterKey }),
      ...(broadcastKey && { broadcastKey }),
    };
  }

  #policyRow(policy: number): { securityPolicy: number; policyBits?: number } {
    if (this.association.security.setupVersion === 0) return { securityPolicy: policy };
    return { securityPolicy: (policy >> 2) & 3, policyBits: policy };
  }

  /** Undefined if a request can be accepted now; otherwise the promise to wait for. Reserves counters early, so that waits are rare. */
  ready(): Promise<void> | undefined {
    if (!this.#counts) return undefined;
    const ready = this.#unicast.ready();
    if (this.#dedicated === undefined) return ready;
    const { counters, store } = this.#owner;
    const own = counters.dedicated;
    const dedicated = (store === undefined ? undefined : own.open(store)) ?? own.ready();
    return ready === undefined ? dedicated : ready.then(() => dedicated);
  }

  /**
   * The counters of the client and the keys that it has used, if no store has them yet; undefined: there are none. `soon`: only if
   * there are enough to justify a commit.
   */
  unsaved(soon = false): Unsaved | undefined {
    if (!this.#counts) return undefined;
    const usedKeys = this.usedKeys?.unsaved(soon) ?? [];
    const found = [this.#unicast, this.#broadcast, ...(this.#dedicated ?? [])].flatMap((counters) => {
      const peer = counters?.unsaved(this.#client, soon);
      return counters === undefined || peer === undefined ? [] : [{ counters, peer }];
    });
    if (found.length === 0 && usedKeys.length === 0) return undefined;
    return {
      peers: found.map(({ peer }) => peer),
      usedKeys,
      saved: () => {
        for (const { counters, peer } of found) counters.saved(this.#client, peer);
        this.usedKeys?.saved(usedKeys);
      },
      failed: () => {
        for (const { counters, peer } of found) counters.failed(this.#client, peer);
        this.usedKeys?.failed(usedKeys);
      },
    };
  }

  /**
   * Replaces all keys or none, together with the work. The current answer uses the old keys; the next APDU uses the new keys.
   * A new key has new counters; a key that was used before continues with its counters. `at`: ms since 1970 UTC.
   */
  changeKeys(keys: NewKeys, at: number, work: Work): Promise<void> | undefined {
    const { securitySetup } = this.association;
    const { encryptionKey } = keys;
    const { counters, store } = this.#owner;
    const change = (): void => {
      work.secure(
        securitySetup === undefined
          ? undefined
          : {
              change: "keys",
              instanceId: securitySetup,
              keys,
              at: Math.floor(at),
              initial: this.#initialRow(securitySetup),
            },
        () => this.#takeAll(keys),
      );
    };
    // Before anything is changed: a key without counters cannot be used.
    const opening =
      encryptionKey === undefined || store === undefined ? undefined : counters.of(encryptionKey).open(store);
    if (opening === undefined) {
      change();
      return undefined;
    }
    return opening.then(change);
  }

  #takeAll(keys: NewKeys): void {
    const { securitySetup } = this.association;
    this.#take(keys);
    if (securitySetup === undefined) return;
    for (const other of this.#owner.sharing(securitySetup)) if (other !== this) other.#take(keys);
  }

  #take(keys: NewKeys): void {
    this.#secrets = { ...this.#secrets, ...keys };
    this.#unicast = this.#owner.counters.of(this.keys.encryptionKey);
    this.#broadcast = this.#broadcastCounters();
    this.#changes++;
  }

  changePolicy(policy: number, work: Work): void {
    const { securitySetup, security } = this.association;
    work.secure(
      securitySetup === undefined
        ? undefined
        : {
            change: "policy",
            instanceId: securitySetup,
            ...this.#policyRow(policy),
            securitySuite: security.suite,
            initial: this.#initialRow(securitySetup),
          },
      () => {
        this.#policy = policy;
        if (securitySetup === undefined) return;
        for (const other of this.#owner.sharing(securitySetup)) other.#policy = policy;
      },
    );
  }

  changeSecret(secret: Uint8Array, work: Work): void {
    const { client, instance } = this.association;
    work.secure({ change: "secret", clientId: client, instanceId: instance, secret }, () => {
      this.#secrets = { ...this.#secrets, secret };
    });
  }
}

function sameKeys(one: KeySet, other: KeySet): boolean {
  const names = ["encryptionKey", "authenticationKey", "broadcastKey"] as const;
  return names.every((name) => sameOctets(one[name] ?? noKey, other[name] ?? noKey));
}
