import { storageSuite } from "@dlmskit/storage/testing";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll } from "vitest";
import { pgliteDriver } from "../src/pglite.ts";
import { openStore } from "../src/store.ts";

// Starting PGlite takes seconds, emptying it none: one is enough for all.
let db: PGlite;
beforeAll(async () => {
  db = await PGlite.create();
}, 120_000);
afterAll(() => db?.close());

storageSuite("PGlite in memory", async (options) => {
  await db.exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public; SET TimeZone = 'Asia/Kolkata'");
  const driver = { ...pgliteDriver(db), close: async () => undefined };
  return {
    store: await openStore(driver, "dlmskit first", options),
    reopen: (again) => openStore(driver, "dlmskit again", again),
  };
});
