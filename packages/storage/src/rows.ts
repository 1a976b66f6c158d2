import type { Stored } from "./shape.ts";

/**
 * A table of rows that a user edits: what they all do.
 * Faults, of layer `storage`: `bad-value` (a value that its column cannot hold), `duplicate`, `unknown-reference`
 * (the row names another that is not there), `in-use` (another row names this one), `bad-row` (what is in the
 * database cannot be read: its path names table, id and column, and the row stays as it is).
 */
export interface Rows<R> {
  /** All rows, by id. */
  list(): Promise<readonly Stored<R>[]>;
  get(id: number): Promise<Stored<R> | undefined>;
  /** Gives the id of the new row. */
  add(row: R): Promise<number>;
  /** Adds all rows or, after a Fault, none; the ids in the order of the rows. */
  addAll(rows: readonly R[]): Promise<readonly number[]>;
  /**
   * Adds all rows unless the table holds any, atomically: two processes that start together do not both fill it.
   * Whether it did. (`ClientAssociation`: unless there are rows of the same template; `AccessRight`: of the same object;
   * each template or object for itself.)
   */
  addIfEmpty(rows: readonly R[]): Promise<boolean>;
  /** Whether there was such a row. */
  replace(id: number, row: R): Promise<boolean>;
  /** Whether there was such a row. */
  remove(id: number): Promise<boolean>;
}
