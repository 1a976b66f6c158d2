export { Database } from "./database.ts";
export type { Driver, Queryable, SqlRow, SqlValue } from "./driver.ts";
export type { Fenced, FenceOptions } from "./fence.ts";
export { type Migration, migrate, migrations } from "./migrate.ts";
export { openPglite } from "./pglite.ts";
export { openPostgres, type PostgresOptions } from "./postgres.ts";
export { openStore, type PgStore, type PgStoreOptions } from "./store.ts";
