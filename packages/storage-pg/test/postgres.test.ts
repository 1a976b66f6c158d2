import { storageSuite } from "@dlmskit/storage/testing";
import { afterAll, beforeAll } from "vitest";
import { openPostgres } from "../src/index.ts";
import { type Server, startServer } from "./harness.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer();
}, 120_000);
afterAll(() => server?.stop());

storageSuite("PostgreSQL", async (options) => {
  const url = await server.database();
  return {
    store: await openPostgres(url, options),
    reopen: (again) => openPostgres(url, again),
    another: (other) => openPostgres(url, other),
  };
});
