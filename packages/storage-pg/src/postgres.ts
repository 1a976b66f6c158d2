import { leaseTimes } from "@dlmskit/storage";
import pg from "pg";
import type { Driver, Queryable, SqlRow, SqlValue } from "./driver.ts";
import { Listening } from "./listening.ts";
import { openStore, type PgStore, type PgStoreOptions } from "./store.ts";

export interface PostgresOptions extends PgStoreOptions {
  /** The maximum number of connections, in addition to the one that renews leases. 10 by default. */
  readonly connections?: number;
  /** The maximum time to wait for a connection, ms. 10 000 by default. */
  readonly connectTimeoutMs?: number;
}

// Planning `take` and `commit` takes a server longer than running them, so each connection prepares a statement only once. The store
// has fewer statements than this limit. It stops a program with ever new statement texts from filling the memory.
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
      // Several statements give an array of results.
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
        // If even ROLLBACK failed on a connection, it is not used again.
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
 * A store on a PostgreSQL server, version 14 or later: `postgres://user:password@host:port/database`. Several processes may share
 * it. Faults `store-unavailable`, those of `migrate` and of `StoreOptions`.
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<PgStore> {
  const process = `dlmskit ${crypto.randomUUID()}`;
  const { leaseMs } = leaseTimes(options.leaseMs);
  const common = {
    connectionString: url,
    application_name: process,
    // TIMESTAMP columns are in UTC, and a reserved counter is on the disk, for any settings of the server.
    options: "-c TimeZone=UTC -c synchronous_commit=on",
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10000,
  };
  const pool = new pg.Pool({ ...common, max: options.connections ?? 10 });
  // One connection stays open: by its name other processes see that this process is alive. An answer after the lease has expired is
  // useless.
  const steady = new pg.Pool({ ...common, max: 1, min: 1, query_timeout: leaseMs });
  for (const each of [pool, steady]) {
    // A connection failed while it was idle: the next query opens another one, and reports an error if that fails.
    each.on("error", () => undefined);
  }
  return openStore(driverOf(pool, steady, common), process, options);
}
