import { securityPolicy } from "@dlmskit/association";
import { Fault } from "@dlmskit/core";
import { CounterGuard, CounterLedger, checkKey, type KeySet, lastCounter } from "@dlmskit/security";
import type { Association } from "./association-spec.ts";
import type { Secrets } from "./security-spec.ts";
import type { MeterStore } from "./store-port.ts";

/** New keys, by what they replace. */
export interface NewKeys {
  encryptionKey?: Uint8Array;
  authenticationKey?: Uint8Array;
  broadcastKey?: Uint8Array;
  masterKey?: Uint8Array;
}

// How many counters must be at hand before a request is taken: one is answered by one APDU, pass 3 takes one more.
const lowWater = 16;
const block = 1024;
// How far a client may go on reading before its counter is kept.
const peerStep = 64;

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
  if (mechanism === 7) missing("signing");
  else if (mechanism !== 0 && mechanism !== 5) missing("secret");
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
  readonly #meterId: string;
  readonly #firstCounter: () => number;
  #secrets: Secrets;
  #policy: number;
  #keyVersion = 1;
  #store: MeterStore | undefined;
  #ledger: CounterLedger;
  #guard = new CounterGuard();
  #saved = 0;
  #saving = false;
  #reserving: Promise<void> | undefined;
  /** Failed authentications in a row, and until when (ms since 1970 UTC) every attempt is refused. */
  failures = 0;
  lockedUntil = 0;

  constructor(association: Association, meterId: string, secrets: Secrets, firstCounter: () => number) {
    this.association = association;
    this.#meterId = meterId;
    this.#secrets = secrets;
    this.#policy = association.security.policy;
    this.#firstCounter = firstCounter;
    this.#ledger = new CounterLedger({ start: firstCounter(), block });
    this.#reserveInMemory();
  }

  get secret(): Uint8Array | undefined {
    return this.#secrets.secret;
  }

  get masterKey(): Uint8Array | undefined {
    return this.#secrets.masterKey;
  }

  get signing(): Secrets["signing"] {
    return this.#secrets.signing;
  }

  /** As attribute 2 of the Security setup has it. */
  get policy(): number {
    return this.#policy;
  }

  get securityPolicy(): ReturnType<typeof securityPolicy> {
    return securityPolicy(this.#policy, this.association.security.setupVersion);
  }

  get counters(): CounterLedger {
    return this.#ledger;
  }

  get replay(): CounterGuard {
    return this.#guard;
  }

  /** The last counter accepted from the client, 0 when there was none: the client goes on above it. */
  get lastPeerCounter(): number {
    return Math.max(0, this.#guard.lowest - 1);
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

  get #ciphered(): boolean {
    return this.association.security.ciphered;
  }

  get #counterKey(): { meterId: string; keyId: string } {
    return { meterId: this.#meterId, keyId: `${this.association.securitySetup} ${this.#keyVersion}` };
  }

  get #peerKey(): { meterId: string; keyId: string; peer: string } {
    return { ...this.#counterKey, peer: `client ${this.association.client}` };
  }

  #reserveInMemory(): void {
    const wanted = this.#store === undefined ? this.#ledger.wants : undefined;
    if (wanted !== undefined) this.#ledger.reserved(wanted);
  }

  /** Takes what the store knows of this association's secrets, policy and counters, and from then on keeps it there. */
  async load(store: MeterStore): Promise<void> {
    const { client, instance, securitySetup } = this.association;
    const { secret } = this.#secrets;
    if (secret !== undefined) {
      const own = { meterId: this.#meterId, clientId: client, instanceId: instance };
      await store.securitySettings.putSecretsIfAbsent([{ ...own, secret }]);
      const kept = await store.securitySettings.secretsOf(this.#meterId);
      const found = kept.find((one) => one.clientId === client && one.instanceId === instance);
      if (found !== undefined) this.#secrets = { ...this.#secrets, secret: found.secret };
    }
    if (this.#ciphered && securitySetup !== undefined) await this.#loadKeys(store, securitySetup);
    this.#store = store;
    if (this.#ciphered) await this.#startCounters(store);
  }

  async #loadKeys(store: MeterStore, instanceId: string): Promise<void> {
    const { setupVersion, suite } = this.association.security;
    const { encryptionKey, authenticationKey, masterKey, broadcastEncryptionKey: broadcastKey } = this.#secrets;
    await store.securitySettings.putIfAbsent([
      {
        meterId: this.#meterId,
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
    const kept = (await store.securitySettings.of(this.#meterId)).find((one) => one.instanceId === instanceId);
    if (kept === undefined) return;
    this.#keyVersion = kept.keyVersion;
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

  async #startCounters(store: MeterStore): Promise<void> {
    const { from, upTo } = await store.counters.reserve(this.#counterKey, 0, block);
    this.#ledger = new CounterLedger({ start: from, block });
    this.#ledger.reserved(upTo + 1);
    const peer = await store.counters.loadPeer(this.#peerKey);
    this.#guard = new CounterGuard(peer === undefined ? 0 : peer + 1);
    this.#saved = this.#guard.lowest;
  }

  /** Undefined when a request can be taken now; else what to wait for first. Reserves ahead, so that waiting is rare. */
  ready(): Promise<void> | undefined {
    this.#reserveInMemory();
    const store = this.#store;
    if (store === undefined || !this.#ciphered || this.#ledger.wants === undefined) return undefined;
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
    const ledger = this.#ledger;
    const { from, upTo } = await store.counters.reserve(this.#counterKey, 0, block);
    // A key that changed meanwhile has a ledger of its own.
    if (ledger === this.#ledger) ledger.reserved(Math.min(upTo, lastCounter) + 1, from);
  }

  /** Keeps the client's counter; resolves when it is durable. Undefined when there is nothing to keep. */
  savePeer(): Promise<void> | undefined {
    const store = this.#store;
    const lowest = this.#guard.lowest;
    if (store === undefined || !this.#ciphered || lowest === this.#saved || lowest === 0) return undefined;
    return store.counters.savePeer(this.#peerKey, lowest - 1).then(() => {
      this.#saved = Math.max(this.#saved, lowest);
    });
  }

  /** The same once the client has gone on a good deal: for what nobody waits for. */
  savePeerSoon(): Promise<void> | undefined {
    if (this.#saving || this.#guard.lowest - this.#saved < peerStep) return undefined;
    const saving = this.savePeer();
    this.#saving = saving !== undefined;
    return saving?.finally(() => {
      this.#saving = false;
    });
  }

  /** Replaces keys from the next association on: counters begin anew with a new encryption key. `at`: ms since 1970 UTC. */
  changeKeys(keys: NewKeys, at: number): Promise<void> | undefined {
    const store = this.#store;
    const { securitySetup } = this.association;
    if (store === undefined || securitySetup === undefined) {
      this.#take(keys, this.#keyVersion + 1);
      return undefined;
    }
    return store.securitySettings.changeKeys(this.#meterId, securitySetup, keys, at).then((version) => {
      this.#take(keys, version);
      return this.#startCounters(store);
    });
  }

  #take({ broadcastKey, ...keys }: NewKeys, version: number): void {
    this.#keyVersion = version;
    this.#secrets = {
      ...this.#secrets,
      ...keys,
      ...(broadcastKey === undefined ? {} : { broadcastEncryptionKey: broadcastKey }),
    };
    if (keys.encryptionKey === undefined || this.#store !== undefined) return;
    this.#ledger = new CounterLedger({ start: this.#firstCounter(), block });
    this.#guard = new CounterGuard();
    this.#reserveInMemory();
  }

  changePolicy(policy: number): Promise<void> | undefined {
    const { securitySetup, security } = this.association;
    const taken = (): void => {
      this.#policy = policy;
    };
    if (this.#store === undefined || securitySetup === undefined) {
      taken();
      return undefined;
    }
    const row = { ...this.#policyRow(policy), securitySuite: security.suite };
    return this.#store.securitySettings.setPolicy(this.#meterId, securitySetup, row).then(taken);
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
    const row = { meterId: this.#meterId, clientId: client, instanceId: instance, secret };
    return this.#store.securitySettings.setSecret(row).then(taken);
  }
}
