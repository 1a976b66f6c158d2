import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { pgliteDriver } from "../src/pglite.ts";
import { makeTables, tablesName } from "./made-tables.ts";

/**
 * PostgreSQL fills its shared buffers (128 MB by default) with zeros each time it starts, and the files of its log are 16 MB each:
 * that took most of the time that a test needs to open a database. What is stored in it is the same.
 */
const small = ["--wal-segsize=1", "-c", "shared_buffers=4MB", "-c", "min_wal_size=2MB"];

/** Two of the three databases are patterns for others, which no store makes: without them there is half as much to copy. */
const alone = ["UPDATE pg_database SET datistemplate = false", "DROP DATABASE template0", "DROP DATABASE template1"];

const cache = resolve(import.meta.dirname, "../../../node_modules/.cache/dlmskit-pglite");

/** The version of PGlite: a database is of one. */
function version(): string {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite");
  return JSON.parse(readFileSync(join(dirname(entry), "../package.json"), "utf8")).version;
}

/** Where a database with empty tables is, as a folder and as a tar file. Making one takes seconds, so it is made once and copied. */
async function made(): Promise<string> {
  const folder = join(cache, `${version()}-alone-${await tablesName()}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const making = mkdtempSync(join(cache, "making-"));
  const db = await PGlite.create(join(making, "data"), { initDbStartParams: small });
  await db.exec("SET TimeZone = 'UTC'");
  await makeTables(pgliteDriver(db));
  // Twice: what the first leaves of the log, the second takes away.
  for (const statement of [...alone, "CHECKPOINT", "CHECKPOINT"]) await db.exec(statement);
  const dump = await db.dumpDataDir("none");
  await db.close();
  writeFileSync(join(making, "data.tar"), new Uint8Array(await dump.arrayBuffer()));
  try {
    renameSync(making, folder);
  } catch (caught) {
    // Another process was sooner, with the same.
    if (!existsSync(folder)) throw caught;
    rmSync(making, { recursive: true });
  }
  return folder;
}

/** Puts a database of PGlite that no store was opened on, its tables empty, at `path`, as if it had been made there. */
export async function madeFolder(path: string): Promise<void> {
  const from = await made();
  mkdirSync(path, { recursive: true, mode: 0o700 });
  cpSync(join(from, "data"), join(path, "data"), { recursive: true });
}

/** A PGlite in memory, its tables empty. */
export async function madeInMemory(): Promise<PGlite> {
  return PGlite.create({ loadDataDir: new Blob([readFileSync(join(await made(), "data.tar"))]) });
}
