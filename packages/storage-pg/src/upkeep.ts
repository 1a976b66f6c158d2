import type { SqlRow } from "./driver.ts";

// The number of statements between two runs of the upkeep.
const statements = 1000;
// Tables with more dead rows than this, and with more dead rows than a fifth of their live rows.
const dead = 200;
const worth = `
  SELECT format('%I', relname) AS name FROM pg_stat_user_tables
  WHERE schemaname = 'public' AND n_dead_tup > ${dead} AND n_dead_tup > n_live_tup / 5`;

/**
 * Maintenance that a server does by itself and PGlite does not: PGlite has no autovacuum, and no checkpoints that shorten its log.
 * After a thousand statements the tables that need it are vacuumed and a checkpoint is made, in the background.
 */
export class Upkeep {
  readonly #query: (sql: string) => Promise<{ readonly rows: readonly SqlRow[] }>;
  #count = 0;
  #running: Promise<void> | undefined;

  constructor(query: (sql: string) => Promise<{ readonly rows: readonly SqlRow[] }>) {
    this.#query = query;
  }

  /** Called when a statement has ended. */
  noticed(): void {
    if (++this.#count < statements || this.#running !== undefined) return;
    this.#count = 0;
    // An error here also occurs in a statement whose caller waits for it.
    this.#running = this.#run()
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #run(): Promise<void> {
    // Otherwise the changes of the last second would not be counted.
    await this.#query("SELECT pg_stat_force_next_flush()");
    const { rows } = await this.#query(worth);
    // One statement for each table, so that other statements can run in between.
    for (const { name } of rows) await this.#query(`VACUUM ${String(name)}`);
    await this.#query("CHECKPOINT");
  }

  /** Resolves when no upkeep is in progress. */
  async settled(): Promise<void> {
    await this.#running;
  }
}
