import { readdir, readFile } from "node:fs/promises";
import { Fault, toHex } from "@dlmskit/core";
import { utcNow } from "./columns.ts";
import type { Database } from "./database.ts";

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text in hex, with line feeds only. */
  readonly checksum: string;
}

// The folder is the same from src and from dist.
const folder = new URL("../migrations/", import.meta.url);

/** The migrations of the package, in order. */
export async function migrations(): Promise<readonly Migration[]> {
  const files = (await readdir(folder)).filter((file) => /^\d{4}-.+\.sql$/.test(file)).sort();
  return Promise.all(
    files.map(async (file) => {
      const sql = (await readFile(new URL(file, folder), "utf8")).replaceAll("\r\n", "\n");
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(sql));
      return { version: Number(file.slice(0, 4)), name: file, sql, checksum: toHex(new Uint8Array(digest)) };
    }),
  );
}

// Any number that other programs on the database probably do not lock.
const advisoryLock = 0x646c6d73;

/**
 * Applies the migrations that the database does not have yet, in one transaction. Only one process does this at a time. Returns the
 * versions that it applied. Faults: `changed-migration` (the text of an applied migration has changed), `newer-database` (the
 * database has a migration that this program does not know).
 */
export async function migrate(
  db: Database,
  known: readonly Migration[],
  onProgress?: (message: string) => void,
): Promise<readonly number[]> {
  return db.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock($1::int)", [advisoryLock]);
    await tx.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
      version INTEGER PRIMARY KEY,
      name VARCHAR(200) NOT NULL,
      checksum CHAR(64) NOT NULL,
      applied_at TIMESTAMP NOT NULL
    )`);
    const { rows } = await tx.query("SELECT version, name, checksum FROM schema_migrations ORDER BY version");
    const applied = new Map(rows.map((row) => [Number(row.version), row]));
    for (const [version, { name }] of applied) {
      if (known.some((migration) => migration.version === version)) continue;
      throw new Fault("newer-database", `the database has migration ${name}, which this program does not know`, {
        layer: "storage",
        hint: "use the program that made it, or a later one",
      });
    }
    const fresh: number[] = [];
    for (const { version, name, sql, checksum } of known) {
      const before = applied.get(version);
      if (before !== undefined) {
        if (before.checksum === checksum) continue;
        throw new Fault("changed-migration", `migration ${name} is not what was applied to the database`, {
          layer: "storage",
          hint: "a migration is never edited: restore its file and add another",
        });
      }
      onProgress?.(`applying migration ${name}`);
      await tx.query(sql);
      await tx.query(
        `INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1::int, $2::text, $3::text, ${utcNow})`,
        [version, name, checksum],
      );
      fresh.push(version);
    }
    return fresh;
  });
}
