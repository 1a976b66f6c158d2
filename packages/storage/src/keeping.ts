import type { Stored } from "./shape.ts";
import type { Certificate } from "./tables/certificates.ts";
import type { KeyPair } from "./tables/key-pairs.ts";
import type { Message } from "./tables/message-queue.ts";
import type { Meter } from "./tables/meters.ts";
import type { EventRecord } from "./tables/records.ts";
import type { ClientSecret, NewKeys, SecuritySetting } from "./tables/security-settings.ts";
import type { UsedKey } from "./tables/used-keys.ts";
import type { AttributeValue } from "./tables/values.ts";

/**
 * The right to act for one meter. One process has it at a time. The epoch grows each time that another process takes the
 * meter, and every commit names it: the commit of a process that has lost the meter is refused.
 */
export interface Lease {
  readonly meterId: string;
  readonly epoch: number;
  /**
   * True when the meter is known to be lost: another process has taken it, or this store could not renew its leases for
   * as long as a lease lasts. A holder that sees `lost` stops answering for the meter.
   */
  readonly lost: boolean;
}

/** Another process has the meter. */
export interface HeldMeter {
  readonly taken: false;
  /** Where that process is reached, as it was opened with (`StoreOptions.address`); undefined: it did not say. */
  readonly address: string | undefined;
}

/** What an association needs of a meter before it can be opened. */
export interface MeterScope {
  /** The clients whose secrets are wanted. */
  readonly clients: readonly { readonly clientId: number; readonly instanceId: string }[];
  /** The Security setups whose keys, key pairs and certificates are wanted. */
  readonly setups: readonly string[];
  /** The associations whose used keys are wanted; absent: of none. */
  readonly usedKeys?: readonly { readonly clientId: number; readonly instanceId: string }[];
}

/** The keys, secrets and counters of one scope. Absent rows were never written: what was given or derived holds. */
export interface MeterSecrets {
  readonly settings: readonly Stored<SecuritySetting>[];
  readonly secrets: readonly ClientSecret[];
  readonly keyPairs: readonly KeyPair[];
  readonly certificates: readonly Stored<Certificate>[];
  /** The highest counter accepted from each peer, under each key of the meter. */
  readonly peers: readonly { readonly keyId: string; readonly peer: string; readonly counter: number }[];
  /** Keys of one APDU that were used, of the associations that the scope asks for; of each in the order in which they were used. */
  readonly usedKeys: readonly Omit<UsedKey, "meterId">[];
}

/** A meter that this process has now, with all that was written to it. */
export interface TakenMeter extends MeterSecrets {
  readonly taken: true;
  readonly lease: Lease;
  readonly meter: Stored<Meter>;
  /** What the meter's clock shows minus the simulated time of day, ms; 0 where it was never set. */
  readonly clockOffset: number;
  /** The instant (of the meter's clock) up to which the meter did what it does by itself; undefined: never. */
  readonly ranUpTo: number | undefined;
  /** All attributes that were written. */
  readonly values: readonly AttributeValue[];
}

/** A change of keys, policy, secrets or certificates. `initial`: the row to add first where the Security setup has none yet. */
export type SecurityChange =
  | {
      readonly change: "policy";
      readonly instanceId: string;
      readonly securityPolicy: number;
      readonly securitySuite: number;
      readonly policyBits?: number;
      readonly initial: SecuritySetting;
    }
  | {
      readonly change: "keys";
      readonly instanceId: string;
      readonly keys: NewKeys;
      /** ms since 1970 UTC. */
      readonly at: number;
      readonly initial: SecuritySetting;
    }
  | { readonly change: "secret"; readonly clientId: number; readonly instanceId: string; readonly secret: Uint8Array }
  | { readonly change: "key-pair"; readonly pair: Omit<KeyPair, "meterId"> }
  /** The pending key pair becomes the one in use. */
  | { readonly change: "promote-key-pair"; readonly instanceId: string; readonly usage: number }
  | { readonly change: "add-certificate"; readonly certificate: Omit<Certificate, "meterId"> }
  /** By serial number and issuer. */
  | {
      readonly change: "remove-certificate";
      readonly instanceId: string;
      readonly serialNumber: Uint8Array;
      readonly issuer: Uint8Array;
    };

/** Rows of one profile: cleared first where `clear` says so, then appended in order; the oldest beyond `keep` go. */
export interface CapturedRows {
  readonly logicalDevice: number;
  readonly instanceId: string;
  readonly clear?: true;
  readonly rows: readonly { readonly at: number; readonly encoded: Uint8Array }[];
  readonly keep: number;
}

/** What one request, or one action of the meter itself, changed: kept as a whole or not at all. */
export interface Commit {
  readonly lease: Lease;
  readonly values?: readonly Omit<AttributeValue, "meterId">[];
  readonly rows?: readonly CapturedRows[];
  /** `keep`: how many rows the log keeps. */
  readonly events?: readonly (Omit<EventRecord, "meterId"> & { readonly keep?: number })[];
  readonly messages?: readonly Message[];
  readonly security?: readonly SecurityChange[];
  /**
   * Counters of peers, each moved only if it is higher than what is kept. `again`: it may be kept already, from a commit that failed and
   * may have been kept all the same.
   */
  readonly peers?: readonly {
    readonly keyId: string;
    readonly peer: string;
    readonly counter: number;
    readonly again?: true;
  }[];
  /**
   * Keys of one APDU, in the order in which they were used; the latest 16,384 of each (client, association) are kept. `again` as in `peers`.
   */
  readonly usedKeys?: readonly (Omit<UsedKey, "meterId"> & { readonly again?: true })[];
  readonly clockOffset?: number;
  readonly ranUpTo?: number;
}

/** What meters keep while they run: one owner at a time, one transaction a change. */
export interface Keeping {
  /**
   * Takes a meter for this store and gives what it keeps, in one query. `identity` becomes its row where it has none.
   * A meter whose holder has closed its store, died, or not renewed its leases is free. One that this store has already
   * is given again under the same epoch. Fault `unknown-reference`: there is no such meter, and no identity was given.
   */
  take(meterId: string, scope: MeterScope, identity?: Meter): Promise<TakenMeter | HeldMeter>;
  /** Keys, secrets and counters of a further scope of a meter, in one query. */
  secrets(meterId: string, scope: MeterScope): Promise<MeterSecrets>;
  /**
   * Keeps a change, in one transaction. Faults: `lease-lost` (another process has the meter), `counter-replayed` (a peer's
   * counter that is not higher than the one kept, or a key that was used before: the request was executed before). After a Fault nothing of it is kept.
   */
  commit(commit: Commit): Promise<void>;
  /** Lets go of meters. One that was lost meanwhile is passed over. */
  release(leases: readonly Lease[]): Promise<void>;
  /** Rows `first` to `last` (from 1, the oldest) of a captured profile, oldest first. */
  entries(of: ProfileOf, first: number, last: number): Promise<readonly Uint8Array[]>;
  /** Rows from one instant to another, both included; undefined: no bound. Oldest first. */
  range(of: ProfileOf, from: number | undefined, to: number | undefined): Promise<readonly Uint8Array[]>;
  count(of: ProfileOf): Promise<number>;
}

/** Which captured profile. */
export interface ProfileOf {
  readonly meterId: string;
  readonly logicalDevice: number;
  readonly instanceId: string;
}
