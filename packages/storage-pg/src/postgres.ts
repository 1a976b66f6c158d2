import { leaseTimes } from "@dlmskit/storage";
import pg from "pg";
import type { Driver, Queryable, SqlRow, SqlValue } from "./driver.ts";
import { Listening } from "./listening.ts";
import { openStore, type PgStore, type PgStoreOptions } from "./store.ts";

export interface PostgresOptions extends PgStoreOptions {
  /** How many connections at most, beside the one that renews leases; 10 by default. */
  readonly connections?: number;
  /** How long to wait for a connection, ms; 10 000 by default. */
  readonly connectTimeoutMs?: number;
}

// A server takes longer to plan `take` and `commit` than to run them: each connection prepares a statement once. The store's
// own texts are fewer than these; of a program that makes its texts again each time the others are not kept.
const mostPrepared = 200;
const prepared = new Map<string, { readonly name: string }>();

function preparedAs(sql: string): { readonly name: string } | undefined {
  const known = prepared.get(sql);
  if (known !== undefined || prepared.size >= mostPrepared) return known;
  const made = { name: `dlmskit ${prepared.size + 1}` };
  prepared.set(sql, made);
  return made;
}

function queryable(client: pg.Pool | pg.PoolClient): Queryable {
  return {
    async query(sql: string, parameters?: readonly SqlValue[]) {
      const result = await (parameters === undefined
        ? client.query<SqlRow>(sql)
        : client.query<SqlRow>({ ...preparedAs(sql), text: sql, values: [...parameters] }));
      // Several statements give a list of results.
      return Array.isArray(result) ? (result.at(-1) as pg.QueryResult<SqlRow>) : result;
    },
  };
}

function driverOf(pool: pg.Pool, steady: pg.Pool, config: pg.ClientConfig): Driver {
  return {
    kind: "postgres",
    ...queryable(pool),
    async transaction(run) {
      const client = await pool.connect();
      let broken = true;
      try {
        await client.query("BEGIN");
        try {
          const value = await run(queryable(client));
          await client.query("COMMIT");
          broken = false;
          return value;
        } catch (caught) {
          await client.query("ROLLBACK");
          broken = false;
          throw caught;
        }
      } finally {
        // A connection on which not even ROLLBACK worked is not used again.
        client.release(broken);
      }
    },
    steady: queryable(steady),
    listen(channel, heard, again) {
      const listening = new Listening(config, channel, heard, again);
      return () => listening.stop();
    },
    async close() {
      await pool.end();
      await steady.end();
    },
  };
}

/**
 * A store on a PostgreSQL server, version 14 or later: `postgres://user:password@host:port/database`. Several processes may share it.
 * Faults `store-unavailable`, those of `migrate` and of `StoreOptions`.
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<PgStore> {
  const process = `dlmskit ${crypto.randomUUID()}`;
  const { leaseMs } = leaseTimes(options.leaseMs);
  const common = {
    connectionString: url,
    application_name: process,
    // TIMESTAMP columns hold UTC, and a counter that is reserved is on the disk, whatever the server is set to.
    options: "-c TimeZone=UTC -c synchronous_commit=on",
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10000,
  };
  const pool = new pg.Pool({ ...common, max: options.connections ?? 10 });
  // One connection stays: by its name others see that this process lives. An answer that comes after a lease helps nobody.
  const steady = new pg.Pool({ ...common, max: 1, min: 1, query_timeout: leaseMs });
  for (const each of [pool, steady]) {
    // A connection that breaks while it is idle: the next query opens another, and says so if it cannot.
    each.on("error", () => undefined);
  }
  return openStore(driverOf(pool, steady, common), process, options);
}
