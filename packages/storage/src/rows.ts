import type { Stored } from "./shape.ts";

/**
 * The operations of a table that a user edits. Faults, of layer `storage`: `bad-value` (a value that its column does not accept),
 * `duplicate`, `unknown-reference` (the row refers to a row that does not exist), `in-use` (another row refers to this one),
 * `bad-row` (a row in the database cannot be read: the path contains table, id and column, and the row is not changed).
 */
export interface Rows<R> {
  /** All rows, ordered by id. */
  list(): Promise<readonly Stored<R>[]>;
  get(id: number): Promise<Stored<R> | undefined>;
  /** Returns the id of the new row. */
  add(row: R): Promise<number>;
  /** Adds all rows or, after a Fault, none. Returns the ids in the order of the rows. */
  addAll(rows: readonly R[]): Promise<readonly number[]>;
  /**
   * Adds all rows if the table is empty, atomically: if two processes start together, only one of them fills it. Returns whether the
   * rows were added. (`ClientAssociation`: if there are no rows of the same template. `AccessRight`: of the same object. Each
   * template or object is handled separately.)
   */
  addIfEmpty(rows: readonly R[]): Promise<boolean>;
  /** Returns whether there was such a row. */
  replace(id: number, row: R): Promise<boolean>;
  /** Returns whether there was such a row. */
  remove(id: number): Promise<boolean>;
}
