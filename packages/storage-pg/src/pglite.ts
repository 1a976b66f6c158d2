import { existsSync } from "node:fs";
import { chmod, mkdir, stat } from "node:fs/promises";
import { platform } from "node:os";
import { join, resolve } from "node:path";
import { Fault } from "@dlmskit/core";
import { PGlite, type Transaction } from "@electric-sql/pglite";
import type { Driver, Queryable, SqlRow, SqlValue } from "./driver.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { openStore, type PgStore, type PgStoreOptions } from "./store.ts";
import { Upkeep } from "./upkeep.ts";

/**
 * A PGlite, and whether it has stopped. If the disk of its log is full, it stops without an error: the statement returns nothing at
 * all, and the next statement would never return. Therefore no more statements are sent to it.
 */
class Running {
  readonly db: PGlite;
  readonly upkeep: Upkeep;
  readonly #whenStopped: Promise<never>;
  #stop: (fault: Fault) => void = () => undefined;
  #stopped: Fault | undefined;

  constructor(db: PGlite) {
    this.db = db;
    this.upkeep = new Upkeep((sql) => this.query(db, sql));
    this.#whenStopped = new Promise((_, reject) => {
      this.#stop = reject;
    });
    this.#whenStopped.catch(() => undefined);
  }

  get stopped(): boolean {
    return this.#stopped !== undefined;
  }

  async query(on: PGlite | Transaction, sql: string, parameters?: readonly SqlValue[]): Promise<{ rows: SqlRow[] }> {
    if (this.#stopped !== undefined) throw this.#stopped;
    const last = parameters === undefined ? (await on.exec(sql)).at(-1) : await on.query<SqlRow>(sql, [...parameters]);
    const nothing = last === undefined || (givesColumns.test(sql) && last.fields.length === 0);
    if (nothing) throw this.#hasStopped();
    return { rows: last.rows as SqlRow[] };
  }

  /** A stopped PGlite answers neither COMMIT nor ROLLBACK. The transaction is then abandoned, and the caller gets a Fault. */
  transaction<T>(run: (db: Queryable) => Promise<T>): Promise<T> {
    const whole = this.db.transaction(async (tx) => {
      try {
        const done = await run({ query: (sql, parameters) => this.query(tx, sql, parameters) });
        // PGlite ignores the result of its own COMMIT, which then has nothing to do.
        await this.query(tx, "COMMIT");
        return done;
      } catch (caught) {
        if (this.stopped) await new Promise(() => undefined);
        throw caught;
      }
    });
    return Promise.race([whole, this.#whenStopped]);
  }

  #hasStopped(): Fault {
    this.#stopped = new Fault("store-unavailable", "PGlite has stopped and does not answer", {
      layer: "storage",
      hint: "free space on the disk of its folder, then start the program again",
    });
    this.#stop(this.#stopped);
    return this.#stopped;
  }
}

// Statements that begin like this always return a result, at least the names of columns.
const givesColumns = /^\s*(?:SELECT|WITH)\b/i;

/** The driver for a PGlite. `close` closes it and releases the lock. */
export function pgliteDriver(db: PGlite, lock?: FolderLock, files?: string): Driver {
  const running = new Running(db);
  const { upkeep } = running;
  return {
    kind: "pglite",
    ...(files === undefined ? {} : { files }),
    query(sql, parameters) {
      upkeep.noticed();
      return running.query(db, sql, parameters);
    },
    transaction(run) {
      upkeep.noticed();
      return running.transaction(run);
    },
    listen(channel, heard, again) {
      const stop = db.listen(channel, heard);
      // Notifications from before it listened were not received.
      stop.then(again, () => undefined);
      return async () => void (await (await stop)());
    },
    async close() {
      try {
        await upkeep.settled();
        if (!running.stopped) await db.close();
      } finally {
        await lock?.release();
      }
    },
  };
}

async function started(dataDir: string | undefined): Promise<PGlite> {
  try {
    const db = await PGlite.create(dataDir === undefined ? {} : { dataDir });
    await db.exec("SET TimeZone = 'UTC'");
    return db;
  } catch (caught) {
    throw new Fault("store-unavailable", `PGlite did not start on ${dataDir ?? "memory"}: ${String(caught)}`, {
      layer: "storage",
      cause: caught,
    });
  }
}

/** The folder contains keys: a mode that gives access to other users is restricted. Fault `folder-permissions` if that fails. */
async function narrow(path: string, { onProgress }: PgStoreOptions): Promise<void> {
  const { mode } = await stat(path);
  if (platform() === "win32" || (mode & 0o077) === 0) return;
  try {
    await chmod(path, 0o700);
  } catch (cause) {
    throw new Fault("folder-permissions", `others on this machine can look into ${path}, which holds keys`, {
      layer: "storage",
      hint: `chmod 700 '${path}', as its owner`,
      cause,
    });
  }
  onProgress?.(`others could look into ${path}, which holds keys: its mode is 0700 now`);
}

/**
 * A store on PGlite, which is PostgreSQL in the process: in `folder`, which is created if necessary, or in memory without a folder.
 * A new folder takes some seconds. Written data survive the end of the process in any case. After a power failure only the data of a
 * server are safe. Only the owner has access to the folder (0700): a wider mode is restricted. Faults `folder-permissions`,
 * `folder-in-use` (another process has it), `store-unavailable`, those of `migrate` and of `StoreOptions`.
 */
export async function openPglite(folder?: string, options: PgStoreOptions = {}): Promise<PgStore> {
  const process = `dlmskit ${crypto.randomUUID()}`;
  if (folder === undefined) return openStore(pgliteDriver(await started(undefined)), process, options);
  const path = resolve(folder);
  const exists = existsSync(path);
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (exists) await narrow(path, options);
  const lock = await lockFolder(path);
  try {
    const data = join(path, "data");
    if (!existsSync(join(data, "PG_VERSION"))) {
      options.onProgress?.(`making a database in ${path}, which takes some seconds`);
    }
    const db = await started(data);
    // PGlite never writes this file again. In a copy of the folder it is another file.
    const { ino, birthtimeMs } = await stat(join(data, "PG_VERSION"));
    const files = `file ${ino} of ${Math.floor(birthtimeMs)}`;
    return await openStore(pgliteDriver(db, lock, files), process, options);
  } catch (caught) {
    await lock.release();
    throw caught;
  }
}
