import { instant, octets, text } from "../fields.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/** The identity of a meter. It is set once, when the meter is commissioned. */
export const Meter = table(
  "meters",
  {
    /** The name of the meter in the other tables. The user chooses it. */
    meterId: text(100, 1),
    /** The serial number on the plate. */
    serial: text(100, 1),
    /** COSEM logical device name of the management logical device, 1 to 16 characters. It is unique among the meters. */
    logicalDeviceName: text(16, 1),
    /** 8 octets. Unique among the meters. */
    systemTitle: octets(8),
    /** The seed of its simulated data. */
    seed: text(200),
    /** The name of its template. */
    template: text(200, 1),
    /** When its registers began to count, ms since 1970 UTC. */
    commissionedAt: instant,
  },
  { unique: ["meterId"] },
);
export type Meter = RowOf<typeof Meter>;

export interface Meters {
  /**
   * Adds the meters whose meterId is not stored yet, and returns all of them as they are stored: an existing meter keeps its
   * identity. Fault `duplicate`: a new meter has the system title or the logical device name of another meter. Then nothing is
   * added.
   */
  putIfAbsent(meters: readonly Meter[]): Promise<readonly Stored<Meter>[]>;
  get(meterId: string): Promise<Stored<Meter> | undefined>;
  /** The meters with these ids that are stored, in any order, in one query. */
  getMany(meterIds: readonly string[]): Promise<readonly Stored<Meter>[]>;
  /** Ordered by meterId (in the order of UTF-8 octets): the meters after `after`, at most `limit` (1000 by default). */
  list(page?: { readonly after?: string; readonly limit?: number }): Promise<readonly Stored<Meter>[]>;
  count(): Promise<number>;
  /**
   * Removes the meter and all its data, except its counter reservations: an invocation counter is never used twice. Returns whether
   * there was such a meter.
   */
  remove(meterId: string): Promise<boolean>;
}
