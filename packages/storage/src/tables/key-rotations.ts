import type { NewKeys } from "./security-settings.ts";

/** Keys that are on their way to a meter: whether it has them already is not known yet. */
export interface PendingKeys {
  readonly keys: NewKeys;
  /** When they were proposed, ms since 1970 UTC. */
  readonly since: number;
}

/** A Security setup whose keys are to be changed. */
export interface DueKeys {
  readonly meterId: string;
  readonly instanceId: string;
}

/**
 * Key changes in two steps, so that a crash between them loses no key: new keys are noted as pending before the meter hears of
 * them, and become its keys once it was seen to use them. Sealed as all keys are. Faults: `bad-value`, `unknown-reference` (no
 * such Security setup), `wrong-key-encryption-key`, `key-encryption-key-needed`.
 */
export interface KeyRotations {
  /**
   * The Security setups whose keys are to be changed at that instant (ms since 1970 UTC): the interval has passed since the last
   * change (since the row was made, where there was none), or a change is pending. By meterId and instanceId.
   */
  due(at: number): Promise<readonly DueKeys[]>;
  /** What is pending; undefined for nothing. */
  pending(meterId: string, instanceId: string): Promise<PendingKeys | undefined>;
  /** Notes new keys, unless some are pending already: those stay. Gives what is pending now, and it is durable. */
  propose(meterId: string, instanceId: string, keys: NewKeys, at: number): Promise<PendingKeys>;
  /** What is pending are the keys from now on, and the former ones are kept. Gives the keyVersion; where nothing is pending, nothing changes. */
  confirm(meterId: string, instanceId: string, at: number): Promise<number>;
}
