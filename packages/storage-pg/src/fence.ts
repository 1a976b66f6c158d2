import { Fault, inRange } from "@dlmskit/core";
import { utcNow } from "./columns.ts";
import type { Database } from "./database.ts";
import type { Queryable } from "./driver.ts";
import { readWitness, type Seen, writeWitness } from "./witness.ts";

/** By how much counters are increased: more than a meter uses between two copies, and a 256th of all counters. */
export const fenceCounters = 0x1000000;
const last = 0xffffffff;
// More than the epochs that the meters can have used since the copy.
const epochs = 1_000_000;
// The interval for writing the witness, ms.
const witnessEvery = 5000;

export interface FenceOptions {
  /** The number of invocation counters of each key that are skipped. 16,777,216 by default. */
  readonly counters?: number;
  /**
   * Increases the clients' counters too. Then APDUs that were recorded after the copy cannot be replayed, and a client must continue
   * above the counter that its meter reports. False by default.
   */
  readonly clients?: boolean;
}

/** The number of counters that were increased. */
export interface Fenced {
  /** The number of keys whose own counters were increased. */
  readonly keys: number;
  /** The number of clients' counters that were increased. */
  readonly clients: number;
}

const lock = "SELECT pg_advisory_xact_lock(1684828531)";

async function fenceIn(tx: Queryable, options: FenceOptions): Promise<Fenced> {
  const counters = inRange(options.counters ?? fenceCounters, 1, last);
  const count = async (sql: string, parameters: readonly number[] = []): Promise<number> =>
    Number(
      (await tx.query(`WITH changed AS (${sql} RETURNING 1) SELECT count(*) FROM changed`, parameters)).rows[0]?.count,
    );
  await tx.query(
    `INSERT INTO store_origin AS o (floor, fences) VALUES (LEAST($1::bigint, ${last}), 1)
    ON CONFLICT (only_row) DO UPDATE SET floor = LEAST(o.floor + $1::bigint, ${last}), fences = o.fences + 1`,
    [counters],
  );
  const keys = await count(
    `UPDATE invocation_counters SET reserved_from = LEAST(reserved_up_to + $1::bigint, ${last}),
      reserved_up_to = LEAST(reserved_up_to + $1::bigint, ${last}), updated_at = ${utcNow}`,
    [counters],
  );
  await tx.query("UPDATE meter_leases SET epoch = epoch + $1::bigint, process = NULL", [epochs]);
  const clients =
    options.clients === true
      ? await count(`UPDATE peer_counters SET counter = LEAST(counter + $1::bigint, ${last - 1})`, [counters])
      : 0;
  return { keys, clients };
}

/**
 * Increases all invocation counters of the database and invalidates every lease. For a database that was, or may have been, restored
 * from an older copy. Uses one transaction. Fault `out-of-range`.
 */
export function fence(db: Database, options: FenceOptions = {}): Promise<Fenced> {
  return db.transaction(async (tx) => {
    await tx.query(lock);
    return fenceIn(tx, options);
  });
}

const place = `
  SELECT (SELECT system_identifier::text FROM pg_control_system()) AS cluster,
    (SELECT timeline_id::text FROM pg_control_checkpoint()) AS timeline,
    (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database,
    (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::text AS written`;

export interface OriginOptions {
  /** A text that is different if the files of the database are a copy. Undefined if the driver does not know it. */
  readonly files: string | undefined;
  /** A file outside of the database, to detect what the rows of the database cannot show. */
  readonly witness: string | undefined;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** Detects whether the database is an older copy of itself, and fences it then. Keeps the witness up to date until `close`. */
export class Origin {
  readonly #db: Database;
  readonly #options: OriginOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  #writing: Promise<void> | undefined;
  /** The last value that was written to the witness. */
  #written: bigint | undefined;

  constructor(db: Database, options: OriginOptions) {
    this.#db = db;
    this.#options = options;
  }

  /** Faults `store-witness` and those of the database. */
  async check(): Promise<void> {
    const { witness, onProgress, files } = this.#options;
    const here = await this.#here();
    const seen = witness === undefined ? undefined : await readWitness(witness);
    const origin = here === undefined ? files : [here.database, here.timeline, ...(files ? [files] : [])].join(" ");
    const why = await this.#db.transaction(async (tx) => {
      await tx.query(lock);
      const kept = (await tx.query("SELECT origin FROM store_origin")).rows[0]?.origin;
      const older = here !== undefined && seen?.database === here.database && here.written < seen.written;
      const moved = typeof kept === "string" && origin !== undefined && kept !== origin;
      if (older || moved) await fenceIn(tx, {});
      await tx.query(
        `INSERT INTO store_origin (origin) VALUES ($1::text) ON CONFLICT (only_row) DO UPDATE SET origin = EXCLUDED.origin`,
        [origin ?? null],
      );
      if (older) return "it is older than its witness file";
      return moved ? "its files or its server are not those on which it was last used" : undefined;
    });
    if (why !== undefined) {
      onProgress?.(
        `the database was restored from a copy: ${why}. All invocation counters were raised by ${fenceCounters}; ` +
          "docs/guides/back-up.md describes what else to do",
      );
    }
    if (witness === undefined) return;
    await this.#keep();
    this.#timer = setInterval(() => {
      // The next attempt tries again. An older witness detects fewer copies, but never detects one wrongly.
      this.#keep().catch(() => undefined);
    }, witnessEvery);
    this.#timer.unref();
  }

  async #here(): Promise<(Seen & { readonly timeline: string }) | undefined> {
    try {
      const { cluster, timeline, database, written } = (await this.#db.query(place)).rows[0] ?? {};
      return {
        database: `${String(cluster)} ${String(database)}`,
        timeline: String(timeline),
        written: BigInt(String(written)),
      };
    } catch (caught) {
      // A server may forbid this query. Then the check is not possible.
      if (caught instanceof Fault && caught.code === "query-failed") return undefined;
      throw caught;
    }
  }

  #keep(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { witness } = this.#options;
    const here = witness === undefined ? undefined : await this.#here();
    if (witness === undefined || here === undefined || here.written === this.#written) return;
    await writeWitness(witness, here);
    this.#written = here.written;
  }

  /** Call it before the database is closed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing?.catch(() => undefined);
    // If the check failed, the file is not changed.
    if (this.#timer !== undefined) await this.#keep().catch(() => undefined);
  }
}
