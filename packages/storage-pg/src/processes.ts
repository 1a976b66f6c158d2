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

/** This process as other processes see it. While its row is renewed, its meters belong to it. */
export class OwnProcess {
  readonly name: string;
  readonly #db: Database;
  readonly #steady: Queryable;
  readonly #address: string | undefined;
  readonly #leaseMs: number;
  readonly #renewMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #renewing: Promise<void> | undefined;
  /** The time of the last renewal, from the machine's monotonic clock. */
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

  /** Increases each time that the row was not renewed in time: then leases of an earlier term may belong to another process. */
  get term(): number {
    return this.#term;
  }

  /** Whether the row was renewed in time. With PGlite there is no other process, so no renewal is needed. */
  get lives(): boolean {
    return this.#db.kind === "pglite" || performance.now() - this.#renewed < this.#leaseMs;
  }

  async start(): Promise<void> {
    await this.renew();
    await this.#db.query(forgetDead, [this.name]);
    if (this.#db.kind === "pglite") return;
    this.#timer = setInterval(() => {
      // The renewal failed: the next one tries again, and `lives` shows the result.
      this.renew().catch(() => undefined);
    }, this.#renewMs);
    this.#timer.unref();
  }

  /** Renews the row. Only one renewal runs at a time. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renew(): Promise<void> {
    // The time before the query: the lease in the database cannot begin earlier.
    const asked = performance.now();
    await this.#steady.query(renew, [this.name, this.#address ?? null, this.#leaseMs]);
    if (!this.lives) this.#term++;
    this.#renewed = asked;
  }

  /** Releases the meters of this process. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing?.catch(() => undefined);
    await this.#db.query(end, [this.name]);
  }

  /** Stops the renewal without a query. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
