import { instant, octets, text } from "../fields.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/** Who a meter is; given once, when it is commissioned. */
export const Meter = table(
  "meters",
  {
    /** The name that the other tables know the meter by; of the user's choice. */
    meterId: text(100, 1),
    /** The serial number on the plate. */
    serial: text(100, 1),
    /** COSEM logical device name of the management logical device, 1 to 16 characters; no two meters share one. */
    logicalDeviceName: text(16, 1),
    /** 8 octets; no two meters share one. */
    systemTitle: octets(8),
    /** What its simulated data are computed from. */
    seed: text(200),
    /** The name of its template. */
    template: text(200, 1),
    /** When it began to count, ms since 1970 UTC. */
    commissionedAt: instant,
  },
  { unique: ["meterId"] },
);
export type Meter = RowOf<typeof Meter>;

export interface Meters {
  /**
   * Adds those whose meterId is not known yet, and gives all of them as they are kept: a known meter stays who it was.
   * Fault `duplicate`: a new meter has the system title or the logical device name of another; then nothing is added.
   */
  putIfAbsent(meters: readonly Meter[]): Promise<readonly Stored<Meter>[]>;
  get(meterId: string): Promise<Stored<Meter> | undefined>;
  /** Those of these meters that are known, in no order, in one query. */
  getMany(meterIds: readonly string[]): Promise<readonly Stored<Meter>[]>;
  /** By meterId (in the order of UTF-8 octets), those after `after`, at most `limit` (1000 by default). */
  list(page?: { readonly after?: string; readonly limit?: number }): Promise<readonly Stored<Meter>[]>;
  count(): Promise<number>;
  /** The meter and all that it keeps, but not its counter reservations: an invocation counter is never used twice. Whether there was one. */
  remove(meterId: string): Promise<boolean>;
}
