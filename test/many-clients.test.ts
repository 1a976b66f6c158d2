import { openMemoryStore } from "@dlmskit/storage";
import { afterAll, beforeAll, it } from "vitest";
import { openPostgres } from "../packages/storage-pg/src/postgres.ts";
import { startServer } from "../packages/storage-pg/test/harness.ts";
import { startBench } from "../packages/storage-pg/test/pglite-schemas.ts";
import { isLong, patience, times } from "./campaign.ts";
import { campaign } from "./many-clients.ts";
import { childPrograms } from "./programs.ts";

// In CI 500 clients for a minute; for a newcomer fewer, for a moment.
const how = isLong ? { clients: 500, seconds: times(12) } : { clients: 40, seconds: 0.5 };
let program: string;
beforeAll(async () => {
  program = (await childPrograms("crowd"))[0] as string;
}, 120_000);
const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

it("many clients at once on one meter, on the memory store", { timeout: patience }, async () => {
  await using store = await openMemoryStore();
  await campaign(program, store, how);
});

it.skipIf(!isLong)("many clients at once on one meter, on PGlite", { timeout: patience }, async () => {
  const bench = await startBench();
  closing.push(() => bench.close());
  await using store = await bench.store();
  await campaign(program, store, how);
});

it.skipIf(!isLong)("many clients at once on one meter, on PostgreSQL", { timeout: patience }, async () => {
  const server = await startServer();
  closing.push(() => server.stop());
  await using store = await openPostgres(await server.database());
  await campaign(program, store, how);
});
