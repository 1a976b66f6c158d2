import { Fault } from "@dlmskit/core";
import { checkRow, type RowOf, type Rows, type Stored } from "@dlmskit/storage";
import { parametersOf, storedRowOf } from "./columns.ts";
import { asFault, type Database } from "./database.ts";
import type { Queryable, SqlRow } from "./driver.ts";
import { type AnyTable, groupsOf, insertOf, replaceOf, selectOf } from "./table-sql.ts";

/** A table that a user edits. Everything is derived from its declaration. */
export class PgRows<T extends AnyTable, R extends RowOf<T> = RowOf<T>> implements Rows<R> {
  readonly db: Database;
  readonly table: T;
  /** Without WHERE and ORDER BY. The id is `t.id`. */
  readonly select: string;
  readonly #insert: string;
  readonly #replace: string;

  constructor(db: Database, of: T) {
    this.db = db;
    this.table = of;
    this.select = selectOf(of);
    this.#insert = insertOf(of);
    this.#replace = replaceOf(of);
  }

  read(row: SqlRow): Stored<R> {
    return storedRowOf(this.table, row) as Stored<R>;
  }

  check(row: R): R {
    return checkRow(this.table, row) as R;
  }

  async list(): Promise<readonly Stored<R>[]> {
    return this.listed("ORDER BY t.id", []);
  }

  /** The rows of `select`, with `rest` added to the statement. */
  async listed(rest: string, parameters: Parameters<Queryable["query"]>[1]): Promise<Stored<R>[]> {
    const { rows } = await this.db.query(`${this.select} ${rest}`, parameters);
    return rows.map((row) => this.read(row));
  }

  async get(id: number): Promise<Stored<R> | undefined> {
    return (await this.listed("WHERE t.id = $1::int", [id]))[0];
  }

  async add(row: R): Promise<number> {
    return this.#add(this.db, this.check(row));
  }

  async addAll(rows: readonly R[]): Promise<readonly number[]> {
    const checked = rows.map((row) => this.check(row));
    return this.db.transaction((tx) => this.#addAll(tx, checked));
  }

  async addIfEmpty(rows: readonly R[]): Promise<boolean> {
    const checked = rows.map((row) => this.check(row));
    return this.db.transaction(async (tx) => {
      await tx.query("SELECT pg_advisory_xact_lock(hashtext($1::text))", [`add if empty: ${this.table.table}`]);
      const there = new Set((await tx.query(groupsOf(this.table))).rows.map(({ key }) => key));
      const fresh = checked.filter((row) => !there.has(this.#groupOf(row)));
      await this.#addAll(tx, fresh);
      return fresh.length > 0;
    });
  }

  async replace(id: number, row: R): Promise<boolean> {
    const { rows } = await this.db.query(this.#replace, [...parametersOf(this.table, this.check(row)), id]);
    return rows.length > 0;
  }

  async remove(id: number): Promise<boolean> {
    try {
      const { rows } = await this.db.query(`DELETE FROM ${this.table.table} WHERE id = $1::int RETURNING id`, [id]);
      return rows.length > 0;
    } catch (caught) {
      const fault = asFault(caught);
      if (fault.code !== "unknown-reference") throw fault;
      throw new Fault("in-use", `another row refers to row ${id} of ${this.table.table}`, {
        layer: "storage",
        cause: caught,
      });
    }
  }

  #groupOf(row: R): string | null {
    const { group } = this.table.traits;
    if (group === undefined) return "all";
    const value = (row as { readonly [name: string]: unknown })[group];
    return value === undefined ? null : String(value);
  }

  async #addAll(tx: Queryable, rows: readonly R[]): Promise<number[]> {
    const ids: number[] = [];
    for (const row of rows) ids.push(await this.#add(tx, row));
    return ids;
  }

  async #add(db: Queryable, row: R): Promise<number> {
    const { rows } = await db.query(this.#insert, parametersOf(this.table, row));
    return Number(rows[0]?.id);
  }
}
