import { storageSuite } from "@dlmskit/storage/testing";
import { afterAll, beforeAll } from "vitest";
import { openStore } from "../src/store.ts";
import { type Bench, startBench } from "./pglite-schemas.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
}, 120_000);
afterAll(() => bench?.close());

storageSuite("PGlite in memory", async (options) => {
  await bench.empty();
  await bench.db.exec("SET TimeZone = 'Asia/Kolkata'");
  return {
    store: await openStore(bench.driver, "dlmskit first", options),
    reopen: (again) => openStore(bench.driver, "dlmskit again", again),
  };
});
