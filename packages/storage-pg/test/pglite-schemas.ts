import type { StoreOptions } from "@dlmskit/storage";
import { PGlite } from "@electric-sql/pglite";
import { Database } from "../src/database.ts";
import { pgliteDriver } from "../src/pglite.ts";
import { openStore, type PgStore, type PgStoreOptions } from "../src/store.ts";

/** One PGlite for a test file: starting it takes seconds, a new schema none. */
export interface Bench {
  readonly db: PGlite;
  /** An empty database. */
  empty(): Promise<Database>;
  /** The store on what is there. */
  store(options?: PgStoreOptions & StoreOptions): Promise<PgStore>;
  close(): Promise<void>;
}

export async function startBench(): Promise<Bench> {
  const db = await PGlite.create();
  const driver = { ...pgliteDriver(db), close: async () => undefined };
  return {
    db,
    async empty() {
      await db.exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
      return new Database(driver);
    },
    store: (options) => openStore(driver, "dlmskit test", options),
    close: () => db.close(),
  };
}
