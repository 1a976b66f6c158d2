import { boolean, integer, logicalNameText, octets, octetsOf, text } from "../fields.ts";
import { type RowOf, table } from "../shape.ts";

/** A key pair of a Security setup of a meter: raw keys on P-256 (suite 1) or P-384 (suite 2). */
export const KeyPair = table(
  "key_pairs",
  {
    meterId: text(100, 1),
    /** Logical name of the Security setup. */
    instanceId: logicalNameText,
    /** As the Security setup numbers it: 0 digital signature, 1 key agreement, 2 TLS. */
    usage: integer(0, 2),
    /** Made and not in use yet: it replaces the other one when its certificate is there. */
    pending: boolean,
    /** The scalar: sealed as the other keys are. */
    privateKey: octetsOf(32, 48),
    /** x ‖ y. */
    publicKey: octets(64, 96),
  },
  { key: ["meterId", "instanceId", "usage", "pending"], references: { meterId: "meters" } },
);
export type KeyPair = RowOf<typeof KeyPair>;

/**
 * Key pairs, one for each usage of a Security setup, and one that is to follow it. Faults: `bad-value`, `unknown-reference` (no such meter),
 * `wrong-key-encryption-key`, `key-encryption-key-needed`.
 */
export interface KeyPairs {
  /** By instanceId and usage, those in use first. */
  of(meterId: string): Promise<readonly KeyPair[]>;
  /** Sets a key pair, whether there was one or not: all or none. */
  put(pairs: readonly KeyPair[]): Promise<void>;
  /** Adds those that are not there yet; gives how many. */
  putIfAbsent(pairs: readonly KeyPair[]): Promise<number>;
  /** The pending key pair is the one in use from now on; whether there was one. */
  promote(pair: Pick<KeyPair, "meterId" | "instanceId" | "usage">): Promise<boolean>;
}
