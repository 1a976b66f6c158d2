import { leaseTimes } from "@dlmskit/storage";
import { utcNow } from "./columns.ts";
import type { Database } from "./database.ts";
import type { Queryable } from "./driver.ts";

const renew = `
  INSERT INTO processes (process, address, alive_until)
  VALUES ($1::text, $2::text, ${utcNow} + $3::float8 * INTERVAL '1 millisecond')
  ON CONFLICT (process) DO UPDATE SET address = EXCLUDED.address, alive_until = EXCLUDED.alive_until`;

const forgetDead = "DELETE FROM processes WHERE process <> $1::text AND NOT process_lives(process)";
const end = "DELETE FROM processes WHERE process = $1::text";

/** This process as the others see it: while its row is renewed, its meters are its own. */
export class OwnProcess {
  readonly name: string;
  readonly #db: Database;
  readonly #steady: Queryable;
  readonly #address: string | undefined;
  readonly #leaseMs: number;
  readonly #renewMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #renewing: Promise<void> | undefined;
  /** When the row was renewed last, of the machine's monotonic clock. */
  #renewed = -Infinity;
  #term = 0;

  constructor(
    db: Database,
    name: string,
    options: { readonly address?: string | undefined; readonly leaseMs?: number | undefined },
  ) {
    this.#db = db;
    this.#steady = db.steady;
    this.name = name;
    this.#address = options.address;
    const { leaseMs, renewMs } = leaseTimes(options.leaseMs);
    this.#leaseMs = leaseMs;
    this.#renewMs = renewMs;
  }

  /** Grows each time that the row was not renewed in time: leases of an earlier term may be another's. */
  get term(): number {
    return this.#term;
  }

  /** Whether the row was renewed in time. A PGlite has no other process: nobody waits for it to be renewed. */
  get lives(): boolean {
    return this.#db.kind === "pglite" || performance.now() - this.#renewed < this.#leaseMs;
  }

  async start(): Promise<void> {
    await this.renew();
    await this.#db.query(forgetDead, [this.name]);
    if (this.#db.kind === "pglite") return;
    this.#timer = setInterval(() => {
      // It failed: the next one tries again, and `lives` tells.
      this.renew().catch(() => undefined);
    }, this.#renewMs);
    this.#timer.unref();
  }

  /** Renews the row, once at a time. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renew(): Promise<void> {
    // From before it is asked: the database cannot count from earlier.
    const asked = performance.now();
    await this.#steady.query(renew, [this.name, this.#address ?? null, this.#leaseMs]);
    if (!this.lives) this.#term++;
    this.#renewed = asked;
  }

  /** The meters of this process are free. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing?.catch(() => undefined);
    await this.#db.query(end, [this.name]);
  }

  /** Nothing is renewed any more, and nothing said. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
