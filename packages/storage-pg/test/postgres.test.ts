import { storageSuite } from "@dlmskit/storage/testing";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { openPostgres } from "../src/index.ts";
import { emptyTables } from "./emptied.ts";
import { type Server, startServer } from "./harness.ts";

// One database for all: making and migrating one takes a second.
let server: Server;
let url: string;
let client: pg.Client;
beforeAll(async () => {
  server = await startServer();
  url = await server.database();
  await (await openPostgres(url)).close();
  client = new pg.Client(url);
  await client.connect();
}, 120_000);
afterAll(async () => {
  await client?.end();
  await server?.stop();
});

storageSuite("PostgreSQL", async (options) => {
  await client.query(emptyTables);
  return {
    store: await openPostgres(url, options),
    reopen: (again) => openPostgres(url, again),
    another: (other) => openPostgres(url, other),
  };
});
