import { instant, integer, octets, text } from "../fields.ts";
import { type RowOf, table } from "../shape.ts";

/** The meters of one template. Each meter has an index. Their identities and data are computed from this row. */
export const Fleet = table(
  "fleets",
  {
    /** The name of the template. A store has one fleet for each template. */
    template: text(200, 1),
    /** 32 octets. Serial numbers, titles, keys and passwords are derived from it. It is sealed like a key. */
    secret: octets(32),
    /** The seed of the simulated data. */
    seed: text(200),
    /** Three letters. */
    manufacturer: text(3, 3),
    /** When the registers of its meters began to count, ms since 1970 UTC. */
    commissionedAt: instant,
    /** 1: how identities are derived from the secret. */
    derivation: integer(1),
  },
  { key: ["template"] },
);
export type Fleet = RowOf<typeof Fleet>;

export interface Fleets {
  /** Adds the fleet, unless the store has one for that template. Returns the stored one. */
  putIfAbsent(fleet: Fleet): Promise<Fleet>;
  get(template: string): Promise<Fleet | undefined>;
  /** The instant up to which the own actions of the meters of one part of a fleet were run (the meters that nobody changed). */
  ranUpTo(template: string, shard: string): Promise<number | undefined>;
  /** That instant of every part whose progress was ever kept, in no order. */
  progress(template: string): Promise<readonly { readonly shard: string; readonly at: number }[]>;
  /** Fault `unknown-reference`: there is no fleet for that template. */
  setRanUpTo(template: string, shard: string, at: number): Promise<void>;
}

/**
 * Checks the name of the part of a fleet that a process runs: 1 to 100 characters. The processes must agree on the names. Fault
 * `bad-value`.
 */
export function checkShard(shard: string): string {
  return shards.check(shard);
}

const shards = text(100, 1);
