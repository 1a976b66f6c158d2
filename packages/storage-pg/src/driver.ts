/** A row as a driver gives it: by column name. */
export type SqlRow = { readonly [column: string]: unknown };

/** What a parameter may be; the SQL says which type it has there. */
export type SqlValue = null | boolean | number | string | Uint8Array | readonly number[] | readonly string[];

export interface Queryable {
  /** One statement with `$1` …; several statements when there are no parameters. Gives the rows of the last one. */
  query(sql: string, parameters?: readonly SqlValue[]): Promise<{ readonly rows: readonly SqlRow[] }>;
}

/** The port to a database driver. */
export interface Driver extends Queryable {
  readonly kind: "pglite" | "postgres";
  /** Runs what is asked of `Queryable` as one transaction: committed when the promise resolves, undone when it is rejected. */
  transaction<T>(run: (db: Queryable) => Promise<T>): Promise<T>;
  /**
   * A connection that nothing else waits for: the process shows by it that it lives.
   * Absent: the same as the driver.
   */
  readonly steady?: Queryable;
  /** What is another when the files of the database are a copy of others; absent: the driver cannot know. */
  readonly files?: string;
  /**
   * Calls `heard` with the payload of each NOTIFY on a channel, and `again` after notifications may have been missed, until what it
   * gives is called. Absent: the driver cannot listen.
   */
  listen?(channel: string, heard: (payload: string) => void, again: () => void): () => Promise<void>;
  close(): Promise<void>;
}
