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
 * The right to act for one meter. Only one process has it at a time. The epoch increases each time that another process takes the
 * meter. Every commit contains the epoch: a commit of a process that has lost the meter is refused.
 */
export interface Lease {
  readonly meterId: string;
  readonly epoch: number;
  /**
   * True if the meter is known to be lost: another process has taken it, or this store could not renew its leases for the duration
   * of a lease. A holder that sees `lost` must stop answering for the meter.
   */
  readonly lost: boolean;
}

/** A meter that another process has. */
export interface HeldMeter {
  readonly taken: false;
  /** The address of that process, from `StoreOptions.address`. Undefined if it was opened without one. */
  readonly address: string | undefined;
}

/** The parts of a meter's data that are needed before an association can be opened. */
export interface MeterScope {
  /** The clients whose secrets are needed. */
  readonly clients: readonly { readonly clientId: number; readonly instanceId: string }[];
  /** The Security setups whose keys, key pairs and certificates are needed. */
  readonly setups: readonly string[];
  /** The associations whose used keys are needed. Absent: none. */
  readonly usedKeys?: readonly { readonly clientId: number; readonly instanceId: string }[];
}

/** The keys, secrets and counters of one scope. A row that was never written is absent: then the given or derived value is used. */
export interface MeterSecrets {
  readonly settings: readonly Stored<SecuritySetting>[];
  readonly secrets: readonly ClientSecret[];
  readonly keyPairs: readonly KeyPair[];
  readonly certificates: readonly Stored<Certificate>[];
  /** The highest counter accepted from each peer, under each key of the meter. */
  readonly peers: readonly { readonly keyId: string; readonly peer: string; readonly counter: number }[];
  /** Used keys of one APDU, for the associations of the scope. For each association they are in the order of use. */
  readonly usedKeys: readonly Omit<UsedKey, "meterId">[];
}

/** A meter that this process has taken, with everything that was written to it. */
export interface TakenMeter extends MeterSecrets {
  readonly taken: true;
  readonly lease: Lease;
  readonly meter: Stored<Meter>;
  /** The difference between the meter's clock and the simulated time of day, in ms. 0 if the clock was never set. */
  readonly clockOffset: number;
  /** The instant (of the meter's clock) up to which the meter's own actions were run. Undefined: never. */
  readonly ranUpTo: number | undefined;
  /** All attributes that were written. */
  readonly values: readonly AttributeValue[];
}

/** A change of keys, policy, secrets or certificates. `initial`: the row to add first if the Security setup has none yet. */
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
  /** The pending key pair replaces the one in use. */
  | { readonly change: "promote-key-pair"; readonly instanceId: string; readonly usage: number }
  | { readonly change: "add-certificate"; readonly certificate: Omit<Certificate, "meterId"> }
  /** By serial number and issuer. */
  | {
      readonly change: "remove-certificate";
      readonly instanceId: string;
      readonly serialNumber: Uint8Array;
      readonly issuer: Uint8Array;
    };

/**
 * Rows of one profile. If `clear` is set, the profile is cleared first. Then the rows are appended in order, and the oldest rows
 * above `keep` are removed.
 */
export interface CapturedRows {
  readonly logicalDevice: number;
  readonly instanceId: string;
  readonly clear?: true;
  readonly rows: readonly { readonly at: number; readonly encoded: Uint8Array }[];
  readonly keep: number;
}

/** The changes of one request, or of one action of the meter itself. All of them are stored, or none. */
export interface Commit {
  readonly lease: Lease;
  readonly values?: readonly Omit<AttributeValue, "meterId">[];
  readonly rows?: readonly CapturedRows[];
  /** `keep`: the maximum number of rows in the log. */
  readonly events?: readonly (Omit<EventRecord, "meterId"> & { readonly keep?: number })[];
  readonly messages?: readonly Message[];
  readonly security?: readonly SecurityChange[];
  /**
   * Counters of peers. Each is stored only if it is higher than the stored one. `again`: the counter may already be stored, from a
   * commit that was reported as failed.
   */
  readonly peers?: readonly {
    readonly keyId: string;
    readonly peer: string;
    readonly counter: number;
    readonly again?: true;
  }[];
  /** Used keys of one APDU, in the order of use. The latest 16,384 for each (client, association) are kept. `again` as in `peers`. */
  readonly usedKeys?: readonly (Omit<UsedKey, "meterId"> & { readonly again?: true })[];
  readonly clockOffset?: number;
  readonly ranUpTo?: number;
}

/** The data that meters write while they run. A meter has one owner at a time. Each change is one transaction. */
export interface Keeping {
  /**
   * Takes a meter for this store and returns its data, in one query. If the meter has no row, `identity` is stored as its row. A
   * meter is free if its holder has closed its store, died, or not renewed its leases. A meter that this store already has is
   * returned again with the same epoch. Fault `unknown-reference`: there is no such meter, and no identity was given.
   */
  take(meterId: string, scope: MeterScope, identity?: Meter): Promise<TakenMeter | HeldMeter>;
  /** The keys, secrets and counters of a further scope of a meter, in one query. */
  secrets(meterId: string, scope: MeterScope): Promise<MeterSecrets>;
  /**
   * Stores a change, in one transaction. Faults: `lease-lost` (another process has the meter), `counter-replayed` (a peer's counter
   * that is not higher than the stored one, or a key that was used before: the request was executed before). After a Fault nothing
   * is stored.
   */
  commit(commit: Commit): Promise<void>;
  /** Releases meters. A meter that was lost in the meantime is ignored. */
  release(leases: readonly Lease[]): Promise<void>;
  /** Rows `first` to `last` (from 1, the oldest) of a captured profile, oldest first. */
  entries(of: ProfileOf, first: number, last: number): Promise<readonly Uint8Array[]>;
  /** Rows from one instant to another, both inclusive. Undefined: no bound. Oldest first. */
  range(of: ProfileOf, from: number | undefined, to: number | undefined): Promise<readonly Uint8Array[]>;
  count(of: ProfileOf): Promise<number>;
  /** How far the clocks of meters are ahead of the time, ms, without taking the meters. Meters whose clock was never set may be left out. */
  clockOffsets(meterIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/** Identifies a captured profile. */
export interface ProfileOf {
  readonly meterId: string;
  readonly logicalDevice: number;
  readonly instanceId: string;
}
