import type { LogicalName } from "@dlmskit/core";

export type KeyName = "encryptionKey" | "authenticationKey" | "masterKey" | "broadcastKey";

/** Keys of a Security setup, by name. */
export type KeysInUse = { readonly [K in KeyName]?: Uint8Array };

/** The stored data of one Security setup of a meter. */
export interface KeyRecord extends KeysInUse {
  readonly instanceId: LogicalName;
  readonly securitySuite: number;
}

/** The store of the keys in use, for example `SecuritySettings` of @dlmskit/storage. */
export interface KeyRecords {
  of(meterId: string): Promise<readonly KeyRecord[]>;
}

/**
 * The store of keys that are being transferred to a meter, for example `KeyRotations` of @dlmskit/storage. Instants are ms since 1970
 * UTC.
 */
export interface PendingKeyRecords {
  /** The Security setups whose keys must be changed, and those with an unfinished change. */
  due(at: number): Promise<readonly { readonly meterId: string; readonly instanceId: LogicalName }[]>;
  pending(meterId: string, instanceId: LogicalName): Promise<{ readonly keys: KeysInUse } | undefined>;
  /** Stores new keys durably, unless keys are already pending; returns the pending keys. */
  propose(meterId: string, instanceId: LogicalName, keys: KeysInUse, at: number): Promise<{ readonly keys: KeysInUse }>;
  /**
   * Makes the pending keys those of the record in one step; returns how many times the keys were changed. A second call changes
   * nothing.
   */
  confirm(meterId: string, instanceId: LogicalName, at: number): Promise<number>;
}
