/** A row from a driver, by column name. */
export type SqlRow = { readonly [column: string]: unknown };

/** The value of a parameter. The SQL declares its type. */
export type SqlValue = null | boolean | number | string | Uint8Array | readonly number[] | readonly string[];

export interface Queryable {
  /** Runs one statement with `$1` …, or several statements without parameters. Returns the rows of the last one. */
  query(sql: string, parameters?: readonly SqlValue[]): Promise<{ readonly rows: readonly SqlRow[] }>;
}

/** The interface to a database driver. */
export interface Driver extends Queryable {
  readonly kind: "pglite" | "postgres";
  /** Runs the queries of `run` as one transaction. It is committed when the promise resolves, and undone when it is rejected. */
  transaction<T>(run: (db: Queryable) => Promise<T>): Promise<T>;
  /** A connection that no other query waits for. The process uses it to show that it is alive. Absent: the same as the driver. */
  readonly steady?: Queryable;
  /** A text that is different if the files of the database are a copy. Absent: the driver does not know it. */
  readonly files?: string;
  /**
   * Calls `heard` with the payload of each NOTIFY on a channel, and `again` after notifications may have been missed, until the
   * returned function is called. Absent: the driver cannot listen.
   */
  listen?(channel: string, heard: (payload: string) => void, again: () => void): () => Promise<void>;
  close(): Promise<void>;
}
