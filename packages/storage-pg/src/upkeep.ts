import type { SqlRow } from "./driver.ts";

// How many statements pass before the database is looked after.
const statements = 1000;
// Tables with more dead rows than this, and more than a fifth of those that live.
const dead = 200;
const worth = `
  SELECT format('%I', relname) AS name FROM pg_stat_user_tables
  WHERE schemaname = 'public' AND n_dead_tup > ${dead} AND n_dead_tup > n_live_tup / 5`;

/**
 * What a server does by itself and PGlite does not: it has no autovacuum, and no checkpoints that let go of its log. After some
 * thousand statements the tables that need it are vacuumed and a checkpoint is made, while nobody waits for an answer.
 */
export class Upkeep {
  readonly #query: (sql: string) => Promise<{ readonly rows: readonly SqlRow[] }>;
  #count = 0;
  #running: Promise<void> | undefined;

  constructor(query: (sql: string) => Promise<{ readonly rows: readonly SqlRow[] }>) {
    this.#query = query;
  }

  /** A statement has ended. */
  noticed(): void {
    if (++this.#count < statements || this.#running !== undefined) return;
    this.#count = 0;
    // What fails here fails where somebody waits for it too.
    this.#running = this.#run()
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
  }

  async #run(): Promise<void> {
    // What was counted in the last second would not be seen.
    await this.#query("SELECT pg_stat_force_next_flush()");
    const { rows } = await this.#query(worth);
    // One by one: what is asked meanwhile comes in between.
    for (const { name } of rows) await this.#query(`VACUUM ${String(name)}`);
    await this.#query("CHECKPOINT");
  }

  /** Resolves when nothing is in progress. */
  async settled(): Promise<void> {
    await this.#running;
  }
}
