import { Fault } from "@dlmskit/core";
import type { Driver, Queryable, SqlRow, SqlValue } from "./driver.ts";

/** SQLSTATE of a driver's error (five characters, PostgreSQL Appendix A), which it has when the database gave an answer. */
function sqlState(caught: unknown): string | undefined {
  const code = (caught as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !isSystemError(caught) ? code : undefined;
}

/** What the system says in place of a database, as EPIPE: five characters as well, but with the number of the error. */
function isSystemError(caught: unknown): boolean {
  return typeof (caught as { errno?: unknown } | undefined)?.errno === "number";
}

/** A mistake in a program, not something that a driver reports. */
function isMistake(caught: unknown): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => caught instanceof kind);
}

/**
 * Whether the database could not be reached or does not work. With an answer of the database the SQLSTATE says so: class 08
 * connection exceptions, 28 refused, 3D no such database, 53 no resources, 57P shut down or starting up. Without one there
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

/** The Fault of a driver's error. The message never repeats the parameters, which may be keys. */
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
      return new Fault("bad-value", `a column cannot hold the value${detailOf(caught)}`, details);
    default:
  }
  const message = caught instanceof Error ? caught.message : String(caught);
  if (isUnavailable(caught)) {
    return new Fault("store-unavailable", `the database cannot be used: ${message}`, details);
  }
  return new Fault("query-failed", message, details);
}

// A deadlock and a serialization failure undo the whole transaction, and it may be tried again.
function mayTryAgain(caught: unknown): boolean {
  const state = sqlState(caught);
  return state === "40P01" || state === "40001";
}

/**
 * Adds a row by `ON CONFLICT (its key) DO NOTHING`. When two processes add one row at the same time, the later one may come
 * upon another unique constraint of it first, which is a `duplicate`: once more, and it finds the row there. Of a row that
 * truly has what another has, the Fault comes again.
 */
export async function addAbsent<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (caught) {
    if (!(caught instanceof Fault) || caught.code !== "duplicate") throw caught;
    return run();
  }
}

/** A driver with our Faults, which tries again after a deadlock. */
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

  /** Queries that wait for no other. */
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

  /** Whether it was open until now. */
  get open(): boolean {
    return !this.#closed;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#driver.close();
  }
}
