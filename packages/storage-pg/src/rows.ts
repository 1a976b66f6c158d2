import { Fault } from "@dlmskit/core";
import type { Rows, Stored } from "@dlmskit/storage";
import { asFault, type Database } from "./database.ts";
import type { Queryable, SqlRow, SqlValue } from "./driver.ts";

/** The queries of one table that a user edits. `$1` … are what `parameters` gives; `replace` has the id behind them. */
export interface RowsQueries<R> {
  readonly table: string;
  /** Without WHERE and ORDER BY; the id is `t.id`. */
  readonly select: string;
  /** Gives the id. */
  readonly insert: string;
  /** Gives the id, if there was such a row. */
  readonly replace: string;
  /** The groups that have rows, as `key` (see `group`). */
  readonly groups: string;
  /** The row, checked. */
  check(row: R): R;
  read(row: SqlRow): Stored<R>;
  parameters(row: R): readonly SqlValue[];
  /** What `addIfEmpty` looks at; one group for all unless given. */
  group?(row: R): string | null;
}

export class PgRows<R> implements Rows<R> {
  readonly db: Database;
  readonly queries: RowsQueries<R>;

  constructor(db: Database, queries: RowsQueries<R>) {
    this.db = db;
    this.queries = queries;
  }

  async list(): Promise<readonly Stored<R>[]> {
    const { rows } = await this.db.query(`${this.queries.select} ORDER BY t.id`);
    return rows.map((row) => this.queries.read(row));
  }

  async get(id: number): Promise<Stored<R> | undefined> {
    const { rows } = await this.db.query(`${this.queries.select} WHERE t.id = $1::int`, [id]);
    return rows[0] === undefined ? undefined : this.queries.read(rows[0]);
  }

  async add(row: R): Promise<number> {
    return this.#insert(this.db, this.queries.check(row));
  }

  async addAll(rows: readonly R[]): Promise<readonly number[]> {
    const checked = rows.map((row) => this.queries.check(row));
    return this.db.transaction((tx) => this.#insertAll(tx, checked));
  }

  async addIfEmpty(rows: readonly R[]): Promise<boolean> {
    const { table, groups, group = () => "all" } = this.queries;
    const checked = rows.map((row) => this.queries.check(row));
    return this.db.transaction(async (tx) => {
      await tx.query("SELECT pg_advisory_xact_lock(hashtext($1::text))", [`add if empty: ${table}`]);
      const there = new Set((await tx.query(groups)).rows.map(({ key }) => key));
      const fresh = checked.filter((row) => !there.has(group(row)));
      await this.#insertAll(tx, fresh);
      return fresh.length > 0;
    });
  }

  async replace(id: number, row: R): Promise<boolean> {
    const { rows } = await this.db.query(this.queries.replace, [
      ...this.queries.parameters(this.queries.check(row)),
      id,
    ]);
    return rows.length > 0;
  }

  async remove(id: number): Promise<boolean> {
    try {
      const { rows } = await this.db.query(`DELETE FROM ${this.queries.table} WHERE id = $1::int RETURNING id`, [id]);
      return rows.length > 0;
    } catch (caught) {
      const fault = asFault(caught);
      if (fault.code !== "unknown-reference") throw fault;
      throw new Fault("in-use", `another row names row ${id} of ${this.queries.table}`, {
        layer: "storage",
        cause: caught,
      });
    }
  }

  async #insertAll(tx: Queryable, rows: readonly R[]): Promise<number[]> {
    const ids: number[] = [];
    for (const row of rows) ids.push(await this.#insert(tx, row));
    return ids;
  }

  async #insert(db: Queryable, row: R): Promise<number> {
    const { rows } = await db.query(this.queries.insert, this.queries.parameters(row));
    return Number(rows[0]?.id);
  }
}
