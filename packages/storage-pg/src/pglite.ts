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

function queryable(db: PGlite | Transaction, upkeep?: Upkeep): Queryable {
  return {
    async query(sql: string, parameters?: readonly SqlValue[]) {
      upkeep?.noticed();
      if (parameters === undefined) return { rows: ((await db.exec(sql)).at(-1)?.rows ?? []) as SqlRow[] };
      return db.query<SqlRow>(sql, [...parameters]);
    },
  };
}

/** The port on a PGlite; `close` closes it, and lets go of the lock. */
export function pgliteDriver(db: PGlite, lock?: FolderLock, files?: string): Driver {
  const upkeep = new Upkeep(db);
  return {
    kind: "pglite",
    ...(files === undefined ? {} : { files }),
    ...queryable(db, upkeep),
    transaction(run) {
      upkeep.noticed();
      return db.transaction((tx) => run(queryable(tx)));
    },
    async close() {
      try {
        await upkeep.settled();
        await db.close();
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

/** Keys are in the folder: a mode that lets others in is narrowed. Fault `folder-permissions` where that is refused. */
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
 * A store on PGlite, PostgreSQL in the process: in `folder`, which it makes, or in memory without one. A new folder takes some seconds.
 * What is written survives the end of the process, however it ends; after a power failure only a server's data are sure.
 * The folder is for its owner alone (0700): a wider mode is narrowed.
 * Faults `folder-permissions`, `folder-in-use` (another process has it), `store-unavailable`, those of `migrate` and of `StoreOptions`.
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
    // PGlite never writes this file again: a copy of it is another file.
    const { ino, birthtimeMs } = await stat(join(data, "PG_VERSION"));
    const files = `file ${ino} of ${Math.floor(birthtimeMs)}`;
    return await openStore(pgliteDriver(db, lock, files), process, options);
  } catch (caught) {
    await lock.release();
    throw caught;
  }
}
