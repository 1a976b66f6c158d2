import { boolean, integer, logicalNameText, octets, octetsOf, text } from "../fields.ts";
import { type RowOf, table } from "../shape.ts";

/** A key pair of a Security setup of a meter: raw keys on P-256 (suite 1) or P-384 (suite 2). */
export const KeyPair = table(
  "key_pairs",
  {
    meterId: text(100, 1),
    /** Logical name of the Security setup. */
    instanceId: logicalNameText,
    /** As in the Security setup: 0 digital signature, 1 key agreement, 2 TLS. */
    usage: integer(0, 2),
    /** Created, but not in use yet. It replaces the other key pair when its certificate is imported. */
    pending: boolean,
    /** The scalar. It is sealed like the other keys. */
    privateKey: octetsOf(32, 48),
    /** x ‖ y. */
    publicKey: octets(64, 96),
  },
  { key: ["meterId", "instanceId", "usage", "pending"], references: { meterId: "meters" } },
);
export type KeyPair = RowOf<typeof KeyPair>;

/**
 * Key pairs: one for each usage of a Security setup, and one that will replace it. Faults: `bad-value`, `unknown-reference` (no such
 * meter), `wrong-key-encryption-key`, `key-encryption-key-needed`.
 */
export interface KeyPairs {
  /** Ordered by instanceId and usage. Key pairs in use come first. */
  of(meterId: string): Promise<readonly KeyPair[]>;
  /** Adds or replaces key pairs: all or none. */
  put(pairs: readonly KeyPair[]): Promise<void>;
  /** Adds the key pairs that are not stored yet. Returns the number added. */
  putIfAbsent(pairs: readonly KeyPair[]): Promise<number>;
  /** Makes the pending key pair the one in use. Returns whether there was a pending one. */
  promote(pair: Pick<KeyPair, "meterId" | "instanceId" | "usage">): Promise<boolean>;
}
