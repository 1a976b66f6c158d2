import { instant, integer, octets, text } from "../fields.ts";
import { type RowOf, table } from "../shape.ts";

/** The meters of one template, of which each is an index: what their identities and data are computed from. */
export const Fleet = table(
  "fleets",
  {
    /** The name of the template; a store has one fleet of each. */
    template: text(200, 1),
    /** 32 octets: serial numbers, titles, keys and passwords are derived from it. Sealed as keys are. */
    secret: octets(32),
    /** What the simulated data are computed from. */
    seed: text(200),
    /** Three letters. */
    manufacturer: text(3, 3),
    /** When the registers of its meters began to count, ms since 1970 UTC. */
    commissionedAt: instant,
    /** 1: how identities follow from the secret. */
    derivation: integer(1),
  },
  { key: ["template"] },
);
export type Fleet = RowOf<typeof Fleet>;

export interface Fleets {
  /** Adds the fleet unless the store has one of that template, and gives the one that is kept. */
  putIfAbsent(fleet: Fleet): Promise<Fleet>;
  get(template: string): Promise<Fleet | undefined>;
  /** The instant up to which the meters of one part of a fleet did what they do by themselves (those that nobody changed). */
  ranUpTo(template: string, shard: string): Promise<number | undefined>;
  /** Fault `unknown-reference`: there is no fleet of that template. */
  setRanUpTo(template: string, shard: string, at: number): Promise<void>;
}

/** Which part of a fleet a process runs, as the processes have agreed on it: a name of 1 to 100 characters. Fault `bad-value`. */
export function checkShard(shard: string): string {
  return shards.check(shard);
}

const shards = text(100, 1);
