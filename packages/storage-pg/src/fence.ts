import { Fault, inRange } from "@dlmskit/core";
import { utcNow } from "./columns.ts";
import type { Database } from "./database.ts";
import type { Queryable } from "./driver.ts";
import { readWitness, type Seen, writeWitness } from "./witness.ts";

/** By how much counters are put ahead: more than a meter uses between two copies, and 256 times less than there are. */
export const fenceCounters = 0x1000000;
const last = 0xffffffff;
// Every epoch of the time that the copy does not know is below.
const epochs = 1_000_000;
// How often the witness is written, ms.
const witnessEvery = 5000;

export interface FenceOptions {
  /** How many invocation counters of each key are passed over; 16,777,216 by default. */
  readonly counters?: number;
  /**
   * Puts the clients' counters ahead, too: what was recorded since the copy cannot be replayed, and a client must go on above
   * the counter that its meter tells. False by default.
   */
  readonly clients?: boolean;
}

/** What was put ahead. */
export interface Fenced {
  /** Keys whose own counters go on further ahead. */
  readonly keys: number;
  /** Counters of clients that were put ahead. */
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
 * Puts all invocation counters of the database ahead, and makes every lease void: after it was restored from an older copy, or may have
 * been. In one transaction. Fault `out-of-range`.
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
  /** What is another when the files of the database are a copy, where the driver knows it. */
  readonly files: string | undefined;
  /** A file outside of the database, for what its own rows cannot tell. */
  readonly witness: string | undefined;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** Whether the database is an older copy of itself; it is fenced then. Keeps the witness up to date until `close`. */
export class Origin {
  readonly #db: Database;
  readonly #options: OriginOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  #writing: Promise<void> | undefined;
  /** What was written last. */
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
      // The next one tries again; an older witness notices less, and nothing wrongly.
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
      // A server may forbid it: then nothing tells.
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

  /** Before the database is closed. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing?.catch(() => undefined);
    // A check that failed leaves the file as it was.
    if (this.#timer !== undefined) await this.#keep().catch(() => undefined);
  }
}
