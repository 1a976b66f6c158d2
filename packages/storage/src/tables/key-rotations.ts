import type { NewKeys } from "./security-settings.ts";

/** New keys for a meter. It is not known yet whether the meter has them. */
export interface PendingKeys {
  readonly keys: NewKeys;
  /** When they were proposed, ms since 1970 UTC. */
  readonly since: number;
}

/** A Security setup whose keys must be changed. */
export interface DueKeys {
  readonly meterId: string;
  readonly instanceId: string;
}

/**
 * Key changes in two steps, so that no key is lost if the program crashes between them. First the new keys are stored as pending,
 * before they are sent to the meter. They become the meter's keys when the meter was seen to use them. They are sealed like all
 * keys. Faults: `bad-value`, `unknown-reference` (no such Security setup), `wrong-key-encryption-key`, `key-encryption-key-needed`.
 */
export interface KeyRotations {
  /**
   * The Security setups whose keys must be changed at that instant (ms since 1970 UTC): the interval has passed since the last
   * change (or since the row was created, if there was no change), or a change is pending. Ordered by meterId and instanceId.
   */
  due(at: number): Promise<readonly DueKeys[]>;
  /** The pending keys. Undefined if there are none. */
  pending(meterId: string, instanceId: string): Promise<PendingKeys | undefined>;
  /** Stores new keys as pending. If keys are pending already, those are kept. Returns the keys that are pending now. They are durable. */
  propose(meterId: string, instanceId: string, keys: NewKeys, at: number): Promise<PendingKeys>;
  /**
   * The pending keys become the keys in use, and the former keys are kept. Returns the keyVersion. If no keys are pending, nothing
   * changes.
   */
  confirm(meterId: string, instanceId: string, at: number): Promise<number>;
}
