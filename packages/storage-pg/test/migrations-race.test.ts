import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong, patience } from "../../../test/campaign.ts";
import { Process } from "../../../test/crash/process.ts";
import { childPrograms } from "../../../test/programs.ts";
import { type Migration, migrations, openPostgres } from "../src/index.ts";
import { type Server, startServer } from "./harness.ts";

const known = await migrations();
const processes = 3;

/** A database as the program left it that knew the first so many migrations, with a row of its own. */
async function earlier(url: string, applied: readonly Migration[]): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(`CREATE TABLE schema_migrations (
      version INTEGER PRIMARY KEY, name VARCHAR(200) NOT NULL, checksum CHAR(64) NOT NULL, applied_at TIMESTAMP NOT NULL)`);
    for (const { version, name, sql, checksum } of applied) {
      await client.query(sql);
      const row = "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, now())";
      await client.query(row, [version, name, checksum]);
    }
    await client.query("INSERT INTO communication_ports (port_type, port_number) VALUES ('TCP', 4059)");
  } finally {
    await client.end();
  }
}

describe.skipIf(!isLong)("a database of an earlier version, opened by several processes at once", () => {
  let server: Server;
  let program: string;
  beforeAll(async () => {
    [program = ""] = await childPrograms("open");
    server = await startServer();
  }, 120_000);
  afterAll(() => server?.stop());

  it.each(known.map(({ name }, at) => [name, at + 1] as const))(
    "after %s: each process can use it, each migration was applied once, and the rows are there",
    async (_, count) => {
      const url = await server.bare();
      await earlier(url, known.slice(0, count));
      const all = Array.from({ length: processes }, () => new Process([program, url]));
      const lines = await Promise.all(all.map((one) => one.line()));
      const applied = lines.map((line) => Number(line.split(" ")[0]));
      expect(applied.reduce((sum, one) => sum + one, 0)).toBe(known.length - count);
      await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
      const store = await openPostgres(url, { connections: 1 });
      expect((await store.communicationPorts.list()).map(({ portNumber }) => portNumber)).toContain(4059);
      const { rows } = await store.database.query("SELECT version FROM schema_migrations ORDER BY version");
      expect(rows.map(({ version }) => version)).toEqual(known.map(({ version }) => version));
      await store.close();
    },
    patience,
  );
});
