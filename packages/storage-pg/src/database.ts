import { Fault } from "@dlmskit/core";
import type { Driver, Queryable, SqlRow, SqlValue } from "./driver.ts";

/** The SQLSTATE of a driver's error (five characters, PostgreSQL Appendix A). It is present if the database gave an answer. */
function sqlState(caught: unknown): string | undefined {
  const code = (caught as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !isSystemError(caught) ? code : undefined;
}

/** An error of the system instead of the database, such as EPIPE. Its code also has five characters, but it has an error number. */
function isSystemError(caught: unknown): boolean {
  return typeof (caught as { errno?: unknown } | undefined)?.errno === "number";
}

/** A programming error, not an error that a driver reports. */
function isMistake(caught: unknown): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => caught instanceof kind);
}

/**
 * Whether the database cannot be reached or does not work. If the database gave an answer, the SQLSTATE shows it: class 08
 * connection exceptions, 28 refused, 3D no such database, 53 no resources, 57P shut down or starting up. Without a SQLSTATE there
 * was no answer: the connection could not be made or was lost, the pool was closed, or PGlite has stopped.
 */
function isUnavailable(caught: unknown): boolean {
  const state = sqlState(caught);
  return state === undefined ? !isMistake(caught) : /^(08|28|3D|53|57P)/.test(state);
}

function detailOf(caught: unknown): string {
  const { constraint } = caught as { constraint?: unknown };
  return typeof constraint === "string" ? ` (${constraint})` : "";
}

/** The Fault for a driver's error. The message never contains the parameters, because they may be keys. */
export function asFault(caught: unknown): Fault {
  if (caught instanceof Fault) return caught;
  const state = sqlState(caught);
  const details = { layer: "storage", cause: caught } as const;
  switch (state) {
    case "23505":
      return new Fault("duplicate", `the row already exists${detailOf(caught)}`, details);
    case "23503":
      return new Fault("unknown-reference", `the row refers to a row that does not exist${detailOf(caught)}`, details);
    case "23502":
    case "23514":
    case "22001":
    case "22003":
    // A character that the database cannot hold, such as U+0000.
    case "22021":
    case "22P05":
      return new Fault("bad-value", `a column cannot hold the value${detailOf(caught)}`, details);
    default:
  }
  const message = caught instanceof Error ? caught.message : String(caught);
  if (isUnavailable(caught)) {
    return new Fault("store-unavailable", `the database cannot be used: ${message}`, details);
  }
  return new Fault("query-failed", message, details);
}

// A deadlock or a serialization failure undoes the whole transaction. It may be tried again.
function mayTryAgain(caught: unknown): boolean {
  const state = sqlState(caught);
  return state === "40P01" || state === "40001";
}

/**
 * Adds a row with `ON CONFLICT (its key) DO NOTHING`. If two processes add the same row at the same time, the later one may first
 * violate another unique constraint, which is a `duplicate`. The second attempt then finds the row. If another row really has the
 * same value, the second attempt throws the Fault again.
 */
export async function addAbsent<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (caught) {
    if (!(caught instanceof Fault) || caught.code !== "duplicate") throw caught;
    return run();
  }
}

/** A driver whose errors are converted to Faults. It tries again after a deadlock. */
export class Database implements Queryable {
  readonly #driver: Driver;
  #closed = false;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  get kind(): Driver["kind"] {
    return this.#driver.kind;
  }

  async query(sql: string, parameters?: readonly SqlValue[]): Promise<{ readonly rows: readonly SqlRow[] }> {
    return this.#tried(() => this.#driver.query(sql, parameters));
  }

  /** A connection for queries that do not wait for other queries. */
  get steady(): Queryable {
    const steady = this.#driver.steady ?? this.#driver;
    return { query: (sql, parameters) => this.#tried(() => steady.query(sql, parameters)) };
  }

  async transaction<T>(run: (db: Queryable) => Promise<T>): Promise<T> {
    return this.#tried(() => this.#driver.transaction(run));
  }

  async #tried<T>(run: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw new Fault("store-closed", "the store was closed", { layer: "storage" });
      try {
        return await run();
      } catch (caught) {
        if (attempt < 5 && mayTryAgain(caught)) continue;
        throw asFault(caught);
      }
    }
  }

  /** Whether it is still open. */
  get open(): boolean {
    return !this.#closed;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#driver.close();
  }
}
