import { readFile } from "node:fs/promises";
import { Fault } from "@dlmskit/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Migration, migrate, migrations } from "../src/index.ts";
import { type Bench, startBench } from "./pglite-schemas.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
}, 120_000);
afterAll(() => bench?.close());

const asked = await readFile(new URL("./simulator-tables.sql", import.meta.url), "utf8");
const statements = asked.match(/CREATE TABLE [\s\S]*?\n\);/g) ?? [];
const tables = statements.map((statement) => /CREATE TABLE (\w+)/.exec(statement)?.[1] as string);

async function described(schema: string): Promise<unknown[]> {
  const { rows: columns } = await bench.db.query(
    `SELECT table_name, ordinal_position, column_name, data_type, udt_name, character_maximum_length, numeric_precision,
      numeric_scale, is_nullable, replace(column_default, $1 || '.', '') AS column_default
    FROM information_schema.columns WHERE table_schema = $1 AND table_name = ANY($2::text[])
    ORDER BY table_name, ordinal_position`,
    [schema, tables],
  );
  const { rows: constraints } = await bench.db.query(
    `SELECT c.relname, k.conname, k.contype, replace(pg_get_constraintdef(k.oid), $1 || '.', '') AS definition
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = ANY($2::text[])
    ORDER BY c.relname, k.conname`,
    [schema, tables],
  );
  return [...columns, ...constraints];
}

describe("the schema", () => {
  it("has the tables that were asked for: columns, types, constraints", async () => {
    const database = await bench.bare();
    await migrate(database, await migrations());
    await bench.db.exec(
      `DROP SCHEMA IF EXISTS asked CASCADE; CREATE SCHEMA asked; SET search_path TO asked;
      CREATE TABLE obis_codes (id SERIAL PRIMARY KEY); ${asked}; RESET search_path`,
    );
    expect(tables).toHaveLength(10);
    const there = await described("public");
    expect(there.length).toBeGreaterThan(80);
    expect(there).toEqual(await described("asked"));
  });

  it("says them in the words in which they were asked for", async () => {
    const [first] = await migrations();
    for (const statement of statements) expect(first?.sql).toContain(statement);
  });

  it("is the same after a second time, and says what it does", async () => {
    const database = await bench.bare();
    const said: string[] = [];
    const known = await migrations();
    expect(await migrate(database, known, (message) => said.push(message))).toEqual(
      known.map(({ version }) => version),
    );
    expect(said).toEqual(known.map(({ name }) => `applying migration ${name}`));
    expect(await migrate(database, known)).toEqual([]);
  });

  const later: Migration = {
    version: 9999,
    name: "9999-later.sql",
    sql: "CREATE TABLE later (id INTEGER)",
    checksum: "0",
  };

  it("refuses a database that is newer than the program", async () => {
    const database = await bench.bare();
    await migrate(database, [...(await migrations()), later]);
    await expect(bench.store()).rejects.toMatchObject({ code: "newer-database", layer: "storage" });
  });

  it("refuses a migration that was edited after it was applied", async () => {
    const database = await bench.bare();
    await migrate(database, [later]);
    const edited = migrate(database, [{ ...later, checksum: "1" }]);
    await expect(edited).rejects.toMatchObject({ code: "changed-migration" });
    await expect(edited).rejects.toBeInstanceOf(Fault);
  });

  it("applies all or nothing", async () => {
    const database = await bench.bare();
    const broken = { ...later, version: 10000, sql: "CREATE TABLE later_still (id INTEGER); SELECT nonsense" };
    await expect(migrate(database, [later, broken])).rejects.toMatchObject({ code: "query-failed" });
    expect((await database.query("SELECT to_regclass('later')::text AS later")).rows).toEqual([{ later: null }]);
    expect(await migrate(database, [later])).toEqual([9999]);
  });
});
