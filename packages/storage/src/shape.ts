import { Fault, stepped } from "@dlmskit/core";
import type { Field } from "./fields.ts";

// biome-ignore lint/suspicious/noExplicitAny: a shape holds fields of any type; inference gives each its own
type Fields = { readonly [name: string]: Field<any> };
type ValueOf<F> = F extends Field<infer V> ? V : never;
type OptionalKeys<F> = { [K in keyof F]: undefined extends ValueOf<F[K]> ? K : never }[keyof F];

/** The fields of a table and the type of each column. Declared once, for every store. */
export interface Shape<F extends Fields> {
  /** The name of the table in SQL. */
  readonly table: string;
  readonly fields: F;
  /** Checks conditions between columns. Throws a Fault `bad-value` whose path is the column. */
  together?(row: { readonly [K in keyof F]: ValueOf<F[K]> }): void;
}

/** The row type of a shape. */
export type RowOf<S> =
  S extends Shape<infer F>
    ? { readonly [K in keyof Omit<F, OptionalKeys<F>>]: ValueOf<F[K]> } & {
        readonly [K in keyof Pick<F, OptionalKeys<F>>]?: Exclude<ValueOf<F[K]>, undefined>;
      }
    : never;

/** A stored row with its id and its time of creation (ms since 1970 UTC; absent if a user removed it by hand). */
export type Stored<R> = R & { readonly id: number; readonly createdAt?: number };

/** The properties of a database table other than its columns. */
export interface TableTraits<F extends Fields> {
  /** The primary key of a table without numbered rows. Absent: `id`, with `created_at`. */
  readonly key?: readonly (keyof F & string)[];
  /**
   * No two rows of a numbered table have the same values in all of these columns. A row that lacks one of the values equals no other
   * row.
   */
  readonly unique?: readonly (keyof F & string)[];
  /** A numbered table without `created_at`. */
  readonly createdAt?: false;
  /** `Rows.addIfEmpty` checks the rows that have the same value in this column. */
  readonly group?: keyof F & string;
  /** The table that must contain a row with this value: by `meter_id` in meters, by `id` in the other tables. */
  readonly references?: { readonly [K in keyof F]?: "meters" | "obis_codes" | "client_associations" };
  /** Fields in a second table. The primary key of that table refers to the primary key of the first table. */
  readonly details?: {
    readonly table: string;
    readonly key: string;
    readonly fields: readonly (keyof F & string)[];
    /** A row without details is not read, because its owner is unknown. */
    readonly required?: true;
    /** The values of a row without details. */
    readonly defaults?: { readonly [K in keyof F]?: number | string };
  };
  /** Checks conditions between columns. Throws a Fault `bad-value` whose path is the column. */
  together?(row: { readonly [K in keyof F]: ValueOf<F[K]> }): void;
}

/** A table. SQL, the rows in memory, checks and tests are derived from this declaration. */
export interface Table<F extends Fields> extends Shape<F> {
  readonly traits: TableTraits<F>;
}

export function table<const F extends Fields>(name: string, fields: F, traits: TableTraits<F> = {}): Table<F> {
  return { table: name, fields, traits, ...(traits.together === undefined ? {} : { together: traits.together }) };
}

export function shape<const F extends Fields>(
  table: string,
  fields: F,
  together?: (row: { readonly [K in keyof F]: ValueOf<F[K]> }) => void,
): Shape<F> {
  return { table, fields, ...(together === undefined ? {} : { together }) };
}

/** The column name of a field: `windowSizeTransmit` is `window_size_transmit`. */
export function columnOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Checks a row. The result has only the fields of the shape, and no key for absent values. Fault `bad-value` with the path table,
 * `id N` (if `id` is given), column. `what` replaces the code: `bad-row` for a row that was read.
 */
export function checkRow<F extends Fields>(
  of: Shape<F>,
  row: unknown,
  id?: number | string,
  what?: "bad-row",
): RowOf<Shape<F>> {
  const from = row as { [name: string]: unknown };
  const checked: { [name: string]: unknown } = {};
  const placed = (caught: unknown): unknown => {
    const fault = what === undefined ? caught : asBadRow(caught);
    return stepped(id === undefined ? fault : stepped(fault, `id ${id}`), of.table);
  };
  for (const [name, field] of Object.entries(of.fields)) {
    try {
      const value = field.check(from[name]);
      if (value !== undefined) checked[name] = value;
    } catch (caught) {
      throw placed(stepped(caught, columnOf(name)));
    }
  }
  try {
    of.together?.(checked as Parameters<NonNullable<typeof of.together>>[0]);
  } catch (caught) {
    throw placed(caught);
  }
  return checked as RowOf<Shape<F>>;
}

function asBadRow(caught: unknown): unknown {
  if (!(caught instanceof Fault)) return caught;
  const fault = new Fault("bad-row", caught.message, {
    layer: "storage",
    hint: "the row was left as it is: correct it in the database, or delete it",
  });
  fault.path.push(...caught.path);
  return fault;
}
