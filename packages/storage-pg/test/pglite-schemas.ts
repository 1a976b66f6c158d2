import type { StoreOptions } from "@dlmskit/storage";
import type { PGlite } from "@electric-sql/pglite";
import { Database } from "../src/database.ts";
import type { Driver } from "../src/driver.ts";
import { pgliteDriver } from "../src/pglite.ts";
import { openStore, type PgStore, type PgStoreOptions } from "../src/store.ts";
import { emptyTables } from "./emptied.ts";
import { madeInMemory } from "./made-folder.ts";

/** One PGlite for a test file: starting it takes seconds, emptying it nothing. */
export interface Bench {
  readonly db: PGlite;
  /** It is not closed with a store on it. */
  readonly driver: Driver;
  /** Leaves the tables as they are after the migrations. */
  empty(): Promise<void>;
  /** A database without a table. */
  bare(): Promise<Database>;
  /** The store on what is there. */
  store(options?: PgStoreOptions & StoreOptions): Promise<PgStore>;
  close(): Promise<void>;
}

export async function startBench(): Promise<Bench> {
  const db = await madeInMemory();
  const driver = { ...pgliteDriver(db), close: async () => undefined };
  const store: Bench["store"] = (options) => openStore(driver, "dlmskit test", options);
  let migrated = true;
  return {
    db,
    driver,
    async empty() {
      if (!migrated) await (await store()).close();
      migrated = true;
      await db.exec(emptyTables);
    },
    async bare() {
      migrated = false;
      await db.exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
      return new Database(driver);
    },
    store,
    close: () => db.close(),
  };
}
