import type { LogicalName } from "@dlmskit/core";

export type KeyName = "encryptionKey" | "authenticationKey" | "masterKey" | "broadcastKey";

/** Keys of a Security setup, by name. */
export type KeysInUse = { readonly [K in KeyName]?: Uint8Array };

/** What is known of one Security setup of a meter. */
export interface KeyRecord extends KeysInUse {
  readonly instanceId: LogicalName;
  readonly securitySuite: number;
}

/** Where keys are kept. `SecuritySettings` of @dlmskit/storage is one. */
export interface KeyRecords {
  of(meterId: string): Promise<readonly KeyRecord[]>;
}

/** Where keys are kept that are on their way to a meter. `KeyRotations` of @dlmskit/storage is one. Instants are ms since 1970 UTC. */
export interface PendingKeyRecords {
  /** The Security setups whose keys are to be changed, and those with a change that was begun. */
  due(at: number): Promise<readonly { readonly meterId: string; readonly instanceId: LogicalName }[]>;
  pending(meterId: string, instanceId: LogicalName): Promise<{ readonly keys: KeysInUse } | undefined>;
  /** Notes new keys durably, unless some are pending already; gives those that are. */
  propose(meterId: string, instanceId: LogicalName, keys: KeysInUse, at: number): Promise<{ readonly keys: KeysInUse }>;
  /** The pending keys are those of the record from now on, in one step; gives how often the keys were changed. Twice is once. */
  confirm(meterId: string, instanceId: LogicalName, at: number): Promise<number>;
}
