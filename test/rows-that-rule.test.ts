import { afterAll, beforeAll, describe } from "vitest";
import { rowsSuite } from "../packages/simulator/test/rows-suite.ts";
import { openPostgres } from "../packages/storage-pg/src/postgres.ts";
import { openStore, type PgStore } from "../packages/storage-pg/src/store.ts";
import { type Server, startServer } from "../packages/storage-pg/test/harness.ts";
import { type Bench, startBench } from "../packages/storage-pg/test/pglite-schemas.ts";
import { isLong } from "./campaign.ts";

// The rows rule on each database as they do in memory.

const open = new Set<PgStore>();

/** A simulator that is not closed follows its rows for ever. */
async function closeAll(): Promise<void> {
  for (const store of open) await store.close();
  open.clear();
}

async function two(make: () => Promise<PgStore>): Promise<{ store: PgStore; editor: PgStore }> {
  const [store, editor] = [await make(), await make()];
  open.add(store).add(editor);
  return { store, editor };
}

describe.skipIf(!isLong)("on databases", () => {
  let bench: Bench;
  let server: Server;
  beforeAll(async () => {
    bench = await startBench();
    server = await startServer();
  }, 120_000);
  afterAll(async () => {
    await closeAll();
    await server?.stop();
    await bench?.close();
  });

  rowsSuite("PGlite", async () => {
    await closeAll();
    await bench.empty();
    return two(() => openStore(bench.driver, "dlmskit test", {}));
  });

  rowsSuite("PostgreSQL", async () => {
    await closeAll();
    const url = await server.database();
    return two(() => openPostgres(url, { connections: 4 }));
  });
});
