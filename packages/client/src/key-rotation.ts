import { dataOf } from "@dlmskit/apdu";
import { Fault, type FaultCode, type LogicalName, logicalName, toHex } from "@dlmskit/core";
import { WrappedKeys } from "@dlmskit/cosem-objects";
import { type CryptoProvider, type KeySet, noble, type Random, securitySuite } from "@dlmskit/security";
import type { KeyName, KeyRecord, KeyRecords, KeysInUse, PendingKeyRecords } from "./key-records.ts";
import { isOfLine } from "./link-drops.ts";
import { hostRandom } from "./options.ts";
import type { Session } from "./session.ts";

/** The meter, client and keys for an association that must be opened. */
export interface KeyTarget {
  readonly meterId: string;
  /** The Security setup. */
  readonly instanceId: LogicalName;
  /** The keys of the association, and the other keys of the record. */
  readonly keys: KeySet & KeysInUse;
  /** Identifies the encryption key without revealing it. Store invocation counters under this id, because each key has its own counters. */
  readonly keyId: string;
}

export interface KeyRotationOptions {
  /** The head-end system's records of its meters' keys, such as `securitySettings` of a store of @dlmskit/storage. */
  readonly records: KeyRecords;
  /** The keys that are being changed, for example `keyRotations` of the same store. */
  readonly pending: PendingKeyRecords;
  /**
   * Opens a ciphered association with these keys, as a client that may transfer keys. It is called with new keys and with former keys:
   * use the counters of `keyId`; a key that was never used starts at its first counter.
   */
  open(target: KeyTarget): Promise<Session>;
  /** Which keys are changed; encryption and authentication key by default. One of these two must be among them. */
  readonly change?: readonly KeyName[];
  /** `noble` by default. */
  readonly provider?: CryptoProvider;
  /** Source of random octets for new keys; `crypto.getRandomValues` by default. */
  readonly random?: Random;
  /** Time of day, ms since 1970 UTC; that of the machine by default. */
  readonly instant?: () => number;
}

/** A key change that was completed. */
export interface Rotated {
  readonly meterId: string;
  readonly instanceId: LogicalName;
  readonly keyVersion: number;
  /** `"confirmed"`: an earlier change was unfinished, and the meter already had the new keys; `"resumed"`: the meter received them now. */
  readonly how: "changed" | "resumed" | "confirmed";
}

/** A key change that was not completed. Pending keys stay pending, and the next attempt continues with them. */
export interface NotRotated {
  readonly meterId: string;
  readonly instanceId: LogicalName;
  readonly error: unknown;
}

const keyIds = { encryptionKey: 0, broadcastKey: 1, authenticationKey: 2, masterKey: 3 } as const;
const keyTransfer = 2;

/**
 * Changes the keys of meters through their Security setup (class 64, key_transfer). New keys are stored durably before they are sent,
 * and they are sent wrapped under the master key. They replace the former keys in the records after an association with them was
 * opened. After an interruption on either side, the next attempt finds out which keys the meter has, and continues from there. The
 * constructor throws Fault `bad-value` for a change that cannot be verified by using the keys.
 */
export class KeyRotation {
  readonly #options: KeyRotationOptions;
  readonly #change: readonly KeyName[];
  readonly #provider: CryptoProvider;
  readonly #random: Random;
  readonly #instant: () => number;

  constructor(options: KeyRotationOptions) {
    this.#options = options;
    this.#change = options.change ?? ["encryptionKey", "authenticationKey"];
    if (!this.#change.includes("encryptionKey") && !this.#change.includes("authenticationKey")) {
      throw new Fault(
        "bad-value",
        "a change without the encryption key or the authentication key cannot be confirmed by opening an association",
        {
          layer: "client",
          hint: "change the encryption key too",
        },
      );
    }
    this.#provider = options.provider ?? noble;
    this.#random = options.random ?? hostRandom;
    this.#instant = options.instant ?? Date.now;
  }

  /**
   * Changes the keys of all Security setups that are due, `parallel` at a time (8 by default). `signal` stops it before the next
   * Security setup. A failed change does not affect the others.
   */
  async rotateDue(
    options: { readonly parallel?: number; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly rotated: readonly Rotated[]; readonly failed: readonly NotRotated[] }> {
    const { parallel = 8, signal } = options;
    const due = [...(await this.#options.pending.due(Math.floor(this.#instant())))].reverse();
    const rotated: Rotated[] = [];
    const failed: NotRotated[] = [];
    const work = async (): Promise<void> => {
      for (let next = due.pop(); next !== undefined && signal?.aborted !== true; next = due.pop()) {
        const { meterId, instanceId } = next;
        try {
          rotated.push(await this.rotate(meterId, instanceId));
        } catch (error) {
          failed.push({ meterId, instanceId, error });
        }
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
    return { rotated, failed };
  }

  /**
   * Changes the keys of one Security setup, or continues an unfinished change. Faults: `unknown-meter`, `no-master-key`, `no-keys`
   * (the records lack required keys), `unprotected` (`open` returned an association without ciphering), `keys-unknown` (the meter
   * accepts neither the former nor the new keys), the action-result of a meter that refuses, those of `open` and of the records.
   */
  async rotate(meterId: string, instance: LogicalName): Promise<Rotated> {
    const { pending } = this.#options;
    const instanceId = logicalName(instance);
    const record = await this.#record(meterId, instanceId);
    const begun = await pending.pending(meterId, instanceId);
    if (begun !== undefined) {
      const session = await this.#reopened(record, meterId, begun.keys);
      if (session === undefined) return this.#confirm(meterId, instanceId, "confirmed");
      await this.#transfer(session, record, begun.keys);
      await this.#use(record, meterId, begun.keys);
      return this.#confirm(meterId, instanceId, "resumed");
    }
    // The association is opened first: if the meter cannot be reached, no new keys are stored.
    const session = await this.#open(record, meterId);
    let keys: KeysInUse;
    try {
      keys = (await pending.propose(meterId, instanceId, this.#newKeys(record), Math.floor(this.#instant()))).keys;
    } catch (caught) {
      await session.close();
      throw caught;
    }
    await this.#transfer(session, record, keys);
    await this.#use(record, meterId, keys);
    return this.#confirm(meterId, instanceId, "changed");
  }

  async #record(meterId: string, instanceId: LogicalName): Promise<KeyRecord> {
    const record = (await this.#options.records.of(meterId)).find((one) => one.instanceId === instanceId);
    const missing = (code: FaultCode<"client">, message: string): Fault =>
      new Fault(code, message, { layer: "client" });
    if (record === undefined)
      throw missing("unknown-meter", `the keys of ${instanceId} of meter "${meterId}" are not known`);
    if (record.masterKey === undefined) {
      throw missing(
        "no-master-key",
        `the master key of meter "${meterId}" is not known; it is needed to wrap new keys`,
      );
    }
    return record;
  }

  #newKeys({ securitySuite: suite }: KeyRecord): KeysInUse {
    const { keyLength } = securitySuite(suite);
    return Object.fromEntries(this.#change.map((name) => [name, this.#random(keyLength)]));
  }

  /** Opens an association with the keys of the record, or with the keys of `changed` in their place. */
  async #open(record: KeyRecord, meterId: string, changed: KeysInUse = {}): Promise<Session> {
    const { instanceId, encryptionKey, authenticationKey, broadcastKey, masterKey } = record;
    const known = { encryptionKey, authenticationKey, broadcastKey, masterKey };
    const keys: KeysInUse = Object.fromEntries(
      Object.entries({ ...known, ...changed }).filter(([, key]) => key !== undefined),
    );
    if (!hasBoth(keys)) throw new Fault("no-keys", `the keys of meter "${meterId}" are not known`, { layer: "client" });
    const keyId = keyIdOf(this.#provider, keys.encryptionKey);
    const session = await this.#options.open({ meterId, instanceId, keys, keyId });
    if (session.association.ciphered) return session;
    await session.close();
    throw new Fault(
      "unprotected",
      "the association is not ciphered, so opening it does not show which keys the meter uses",
      {
        layer: "client",
      },
    );
  }

  /** Undefined if the meter uses the new keys; else an association with the former keys, to transfer the new keys again. */
  async #reopened(record: KeyRecord, meterId: string, keys: KeysInUse): Promise<Session | undefined> {
    let first: unknown;
    try {
      await (await this.#open(record, meterId, keys)).release();
      return undefined;
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      first = caught;
    }
    try {
      return await this.#open(record, meterId);
    } catch (second) {
      if (!(second instanceof Fault)) throw second;
      // A Fault of the line does not show which keys the meter has.
      const line = [first, second].find((fault) => isOfLine(fault as Fault));
      if (line !== undefined) throw line;
      throw new Fault("keys-unknown", `meter "${meterId}" accepts neither its old keys nor the new ones`, {
        layer: "client",
        cause: second,
        hint: "somebody else may have changed its keys, security policy or secret",
      });
    }
  }

  /** Sends wrapped keys. The association is closed afterwards: some meters continue it with the former keys, others with the new keys. */
  async #transfer(session: Session, { instanceId, masterKey }: KeyRecord, keys: KeysInUse): Promise<void> {
    try {
      const wrapped = (Object.keys(keyIds) as KeyName[]).flatMap((name) => {
        const key = keys[name];
        if (key === undefined || masterKey === undefined) return [];
        return [{ keyId: keyIds[name], wrapped: this.#provider.wrapKey(masterKey, key) }];
      });
      await session.invoke({ classId: 64, instanceId, methodId: keyTransfer }, dataOf(WrappedKeys, wrapped));
    } finally {
      await session.close();
    }
  }

  /** An association that opens with the new keys proves that the meter has them: the meter's answer is ciphered with them. */
  async #use(record: KeyRecord, meterId: string, keys: KeysInUse): Promise<void> {
    await (await this.#open(record, meterId, keys)).release();
  }

  async #confirm(meterId: string, instanceId: LogicalName, how: Rotated["how"]): Promise<Rotated> {
    const keyVersion = await this.#options.pending.confirm(meterId, instanceId, Math.floor(this.#instant()));
    return { meterId, instanceId, keyVersion, how };
  }
}

const hasBoth = (keys: KeysInUse): keys is KeySet & KeysInUse =>
  keys.encryptionKey !== undefined && keys.authenticationKey !== undefined;

/** The id of a key. It does not reveal the key: equal keys have the same id, different keys have different ids. */
export function keyIdOf(provider: CryptoProvider, key: Uint8Array): string {
  return toHex(provider.hash("sha256", key).subarray(0, 16));
}
