import { createHash } from "node:crypto";
import { Database } from "../src/database.ts";
import type { Driver } from "../src/driver.ts";
import { migrate, migrations } from "../src/migrate.ts";

/** Names the tables that the migrations make: with other migrations it is another name. */
export async function tablesName(): Promise<string> {
  const checksums = (await migrations()).map(({ checksum }) => checksum);
  return createHash("sha256").update(checksums.join()).digest("hex").slice(0, 16);
}

/** Makes the tables in a database without any, as opening a store on it does. No store has been opened on it then. */
export async function makeTables(driver: Driver): Promise<void> {
  await migrate(new Database(driver), await migrations());
}
