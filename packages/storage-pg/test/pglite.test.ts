import { storageSuite } from "@dlmskit/storage/testing";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, expect } from "vitest";
import { asFault } from "../src/database.ts";
import { pgliteDriver } from "../src/pglite.ts";
import { openStore } from "../src/store.ts";

// Starting PGlite takes seconds, emptying it none: one is enough for all.
let db: PGlite;
beforeAll(async () => {
  db = await PGlite.create();
}, 120_000);
afterAll(async () => {
  await db?.close();
  // A PGlite that was closed is a database that cannot be used, as a server that is gone.
  const caught = await db?.query("SELECT 1").catch((error: unknown) => error);
  if (db !== undefined) expect(asFault(caught).code).toBe("store-unavailable");
});

storageSuite("PGlite in memory", async (options) => {
  await db.exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public; SET TimeZone = 'Asia/Kolkata'");
  const driver = { ...pgliteDriver(db), close: async () => undefined };
  return {
    store: await openStore(driver, "dlmskit first", options),
    reopen: (again) => openStore(driver, "dlmskit again", again),
  };
});
