import { securityPolicy } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import { type CounterGuard, type CounterLedger, checkKey, type KeySet, MemoryKeyGuards } from "@dlmskit/security";
import type { Association } from "./association-spec.ts";
import { Credentials, type CredentialsOwner } from "./credentials.ts";
import type { CounterBook, KeyCounters } from "./key-counters.ts";
import type { Secrets } from "./security-spec.ts";
import type { MeterStore } from "./store-port.ts";

/** New keys, by what they replace. */
export interface NewKeys {
  encryptionKey?: Uint8Array;
  authenticationKey?: Uint8Array;
  broadcastKey?: Uint8Array;
  masterKey?: Uint8Array;
}

/** The meter that an association is of. */
export interface StateOwner extends CredentialsOwner {
  readonly counters: CounterBook;
  /** All associations that have the same Security setup, as far as they were asked for. */
  sharing(securitySetup: string): Iterable<AssociationState>;
}

const noKey = new Uint8Array(0);

/** Fault `missing-secret` where an association cannot work with these secrets, `bad-key-length` for a key of another length. */
export function checkSecrets({ name, security }: Association, secrets: Secrets): void {
  const { mechanism, ciphered, suite } = security;
  const missing = (what: keyof Secrets): void => {
    if (secrets[what] !== undefined) return;
    throw new Fault("missing-secret", `association "${name}" needs ${what}`, {
      layer: "server",
      hint: `give ${what} with the association's security, or with the meter's secrets`,
    });
  };
  if (mechanism === 7 && secrets.privateKeys?.digitalSignature === undefined) missing("signing");
  else if (mechanism !== 0 && mechanism !== 5 && mechanism !== 7) missing("secret");
  if (ciphered || mechanism === 5) {
    missing("encryptionKey");
    missing("authenticationKey");
  }
  const length = suite === 2 ? 32 : 16;
  for (const key of ["encryptionKey", "authenticationKey", "broadcastEncryptionKey", "masterKey"] as const) {
    if (secrets[key] !== undefined) checkKey(`${key} of association "${name}"`, secrets[key], length);
  }
}

/**
 * The secrets of one association of one meter, and the counters of its encryption key: shared by all connections of that
 * client, so that no counter is used twice. With a store, counters are reserved in it before they are used.
 */
export class AssociationState {
  readonly association: Association;
  /** Of the keys that APDUs bring: for longer than one association. */
  readonly guards = new MemoryKeyGuards();
  readonly credentials: Credentials;
  readonly #owner: StateOwner;
  #secrets: Secrets;
  #policy: number;
  #changes = 0;
  #store: MeterStore | undefined;
  #unicast: KeyCounters;
  #broadcast: KeyCounters | undefined;
  /** Failed authentications in a row, and until when (ms since 1970 UTC) every attempt is refused. */
  failures = 0;
  lockedUntil = 0;

  constructor(association: Association, owner: StateOwner, secrets: Secrets) {
    this.association = association;
    this.#owner = owner;
    this.#secrets = secrets;
    this.#policy = association.security.policy;
    this.credentials = new Credentials(owner, association, secrets);
    this.#unicast = owner.counters.of(this.keys.encryptionKey);
    this.#broadcast = this.#broadcastCounters();
  }

  get secret(): Uint8Array | undefined {
    return this.#secrets.secret;
  }

  get masterKey(): Uint8Array | undefined {
    return this.#secrets.masterKey;
  }

  /** As attribute 2 of the Security setup has it. */
  get policy(): number {
    return this.#policy;
  }

  get securityPolicy(): ReturnType<typeof securityPolicy> {
    return securityPolicy(this.#policy, this.association.security.setupVersion);
  }

  /** Another number each time that a key was replaced. */
  get keyVersion(): number {
    return this.#changes;
  }

  get counters(): CounterLedger {
    return this.#unicast.ledger;
  }

  get replay(): CounterGuard {
    return this.#unicast.guard(this.#client);
  }

  /** What is accepted under the broadcast key, where there is one. */
  get broadcast(): { readonly replay: CounterGuard } | undefined {
    return this.#broadcast && { replay: this.#broadcast.guard(this.#client) };
  }

  /** The last counter accepted from the client, 0 when there was none: the client goes on above it. */
  get lastPeerCounter(): number {
    return Math.max(0, this.replay.lowest - 1);
  }

  /** Empty where the association needs none: `checkSecrets` has seen to the others. */
  get keys(): KeySet {
    const { encryptionKey = noKey, authenticationKey = noKey, broadcastEncryptionKey } = this.#secrets;
    return {
      encryptionKey,
      authenticationKey,
      ...(broadcastEncryptionKey === undefined ? {} : { broadcastEncryptionKey }),
    };
  }

  get #client(): number {
    return this.association.client;
  }

  /** GMAC counts in every context. */
  get #counts(): boolean {
    const { ciphered, mechanism } = this.association.security;
    return ciphered || mechanism === 5;
  }

  #broadcastCounters(): KeyCounters | undefined {
    const key = this.#secrets.broadcastEncryptionKey;
    return key === undefined ? undefined : this.#owner.counters.of(key);
  }

  /** Takes what the store knows of this association's secrets, policy and counters, and from then on keeps it there. */
  async load(store: MeterStore): Promise<void> {
    const { client, instance, securitySetup, security } = this.association;
    const { mechanism, ciphered } = security;
    const meterId = this.#owner.id;
    if (mechanism !== 0 && mechanism !== 5 && mechanism !== 7) {
      const { secret } = this.#secrets;
      const own = { meterId, clientId: client, instanceId: instance };
      if (secret !== undefined) await store.securitySettings.putSecretsIfAbsent([{ ...own, secret }]);
      const kept = await store.securitySettings.secretsOf(meterId);
      const found = kept.find((one) => one.clientId === client && one.instanceId === instance);
      if (found !== undefined) this.#secrets = { ...this.#secrets, secret: found.secret };
    }
    if (ciphered && securitySetup !== undefined) await this.#loadKeys(store, securitySetup);
    this.#store = store;
    await this.credentials.load(store);
    this.#unicast = this.#owner.counters.of(this.keys.encryptionKey);
    this.#broadcast = this.#broadcastCounters();
    if (!this.#counts) return;
    await this.#unicast.open(store, client);
    await this.#broadcast?.openPeer(store, client);
  }

  async #loadKeys(store: MeterStore, instanceId: string): Promise<void> {
    const { setupVersion, suite } = this.association.security;
    const { encryptionKey, authenticationKey, masterKey, broadcastEncryptionKey: broadcastKey } = this.#secrets;
    const meterId = this.#owner.id;
    await store.securitySettings.putIfAbsent([
      {
        meterId,
        instanceId,
        ...this.#policyRow(this.#policy),
        securitySuite: suite,
        keyVersion: 1,
        ...(encryptionKey && { encryptionKey }),
        ...(authenticationKey && { authenticationKey }),
        ...(masterKey && { masterKey }),
        ...(broadcastKey && { broadcastKey }),
      },
    ]);
    const kept = (await store.securitySettings.of(meterId)).find((one) => one.instanceId === instanceId);
    if (kept === undefined) return;
    this.#policy = setupVersion === 1 ? (kept.policyBits ?? this.#policy) : kept.securityPolicy;
    this.#secrets = {
      ...this.#secrets,
      ...(kept.encryptionKey && { encryptionKey: kept.encryptionKey }),
      ...(kept.authenticationKey && { authenticationKey: kept.authenticationKey }),
      ...(kept.masterKey && { masterKey: kept.masterKey }),
      ...(kept.broadcastKey && { broadcastEncryptionKey: kept.broadcastKey }),
    };
  }

  #policyRow(policy: number): { securityPolicy: number; policyBits?: number } {
    if (this.association.security.setupVersion === 0) return { securityPolicy: policy };
    return { securityPolicy: (policy >> 2) & 3, policyBits: policy };
  }

  /** Undefined when a request can be taken now; else what to wait for first. Reserves ahead, so that waiting is rare. */
  ready(): Promise<void> | undefined {
    return this.#counts ? this.#unicast.ready() : undefined;
  }

  /** Keeps what the client has counted; resolves when it is durable. Undefined when there is nothing to keep. */
  savePeer(): Promise<unknown> | undefined {
    if (!this.#counts) return undefined;
    const unicast = this.#unicast.savePeer(this.#client);
    const broadcast = this.#broadcast?.savePeer(this.#client);
    return unicast === undefined || broadcast === undefined
      ? (unicast ?? broadcast)
      : Promise.all([unicast, broadcast]);
  }

  /** The same once the client has gone on a good deal: for what nobody waits for. */
  savePeerSoon(): Promise<void> | undefined {
    return this.#counts ? this.#unicast.savePeerSoon(this.#client) : undefined;
  }

  /**
   * Replaces keys, all or none. What is being answered goes out under the old ones; from the next APDU on the new ones hold.
   * A new key has counters of its own; one that was there before goes on with its. `at`: ms since 1970 UTC.
   */
  changeKeys(keys: NewKeys, at: number): Promise<void> | undefined {
    const store = this.#store;
    const { securitySetup, client } = this.association;
    if (store === undefined || securitySetup === undefined) {
      this.#takeAll(keys);
      return undefined;
    }
    const { encryptionKey, broadcastKey } = keys;
    const { counters } = this.#owner;
    return (async () => {
      // Before anything is changed: a key without counters would be of no use.
      if (encryptionKey !== undefined) await counters.of(encryptionKey).open(store, client);
      if (broadcastKey !== undefined) await counters.of(broadcastKey).openPeer(store, client);
      await store.securitySettings.changeKeys(this.#owner.id, securitySetup, keys, at);
      this.#takeAll(keys);
    })();
  }

  #takeAll(keys: NewKeys): void {
    const { securitySetup } = this.association;
    this.#take(keys);
    if (securitySetup === undefined) return;
    for (const other of this.#owner.sharing(securitySetup)) if (other !== this) other.#take(keys);
  }

  #take({ broadcastKey, ...keys }: NewKeys): void {
    this.#secrets = {
      ...this.#secrets,
      ...keys,
      ...(broadcastKey === undefined ? {} : { broadcastEncryptionKey: broadcastKey }),
    };
    this.#unicast = this.#owner.counters.of(this.keys.encryptionKey);
    this.#broadcast = this.#broadcastCounters();
    this.#changes++;
  }

  changePolicy(policy: number): Promise<void> | undefined {
    const { securitySetup, security } = this.association;
    const taken = (): void => {
      this.#policy = policy;
      if (securitySetup === undefined) return;
      for (const other of this.#owner.sharing(securitySetup)) other.#policy = policy;
    };
    if (this.#store === undefined || securitySetup === undefined) {
      taken();
      return undefined;
    }
    const row = { ...this.#policyRow(policy), securitySuite: security.suite };
    return this.#store.securitySettings.setPolicy(this.#owner.id, securitySetup, row).then(taken);
  }

  changeSecret(secret: Uint8Array): Promise<void> | undefined {
    const taken = (): void => {
      this.#secrets = { ...this.#secrets, secret };
    };
    if (this.#store === undefined) {
      taken();
      return undefined;
    }
    const { client, instance } = this.association;
    const row = { meterId: this.#owner.id, clientId: client, instanceId: instance, secret };
    return this.#store.securitySettings.setSecret(row).then(taken);
  }
}
