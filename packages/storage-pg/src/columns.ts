import { Fault, toHex } from "@dlmskit/core";
import { checkRow, columnOf, type Field, type RowOf, type Shape, type Stored } from "@dlmskit/storage";
import type { SqlRow, SqlValue } from "./driver.ts";

// biome-ignore lint/suspicious/noExplicitAny: a shape of any row; inference gives each its own
type AnyShape = Shape<any>;

/**
 * The SQL that reads a TIMESTAMP as ms since 1970 UTC: EXTRACT(EPOCH) of a TIMESTAMP does not depend on a time zone. DECIMAL columns
 * are read as `::float8`, BIGINT as `::text`, JSONB and arrays as JSON text.
 */
export function msOf(column: string, as: string = column.replace(/^\w+\./, "")): string {
  return `(EXTRACT(EPOCH FROM ${column}) * 1000)::float8 AS ${as}`;
}

/** A TIMESTAMP in UTC as text, for `$n::text::timestamp`. */
export function timestampOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, -1);
}

/** `now()` of the database in UTC, for any time zone of the session. */
export const utcNow = "(clock_timestamp() AT TIME ZONE 'UTC')";

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return JSON.parse(value);
}

/** Converts a value from a driver. Drivers return different types for the same column. */
function fromSql(kind: Field<unknown>["kind"], value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  switch (kind) {
    case "octets":
      // A copy that is not a Buffer: the octets belong to the caller.
      return value instanceof Uint8Array ? new Uint8Array(value) : value;
    case "integer":
    case "decimal":
      return Number(value);
    case "instant":
      // A user may have written microseconds by hand.
      return Math.round(Number(value));
    case "bits":
      return BigInt(value as string | number | bigint);
    case "json":
    case "list":
      return parsed(value);
    default:
      return value;
  }
}

/** The octets of a column that is not part of a shape. */
export function octetsOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Fault("bad-row", "expected octets", { layer: "storage" });
  return new Uint8Array(value);
}

/** The row of a shape. Fault `bad-row` with the path table, id, column. */
export function rowOf<S extends AnyShape>(of: S, row: SqlRow, id: number | string = row.id as number): RowOf<S> {
  const values: { [name: string]: unknown } = {};
  for (const [name, field] of Object.entries(of.fields as { [name: string]: Field<unknown> })) {
    values[name] = fromSql(field.kind, row[columnOf(name)]);
  }
  return checkRow(of, values, id, "bad-row") as RowOf<S>;
}

/** The same, with id and created_at (read with `msOf`). */
export function storedRowOf<S extends AnyShape>(of: S, row: SqlRow): Stored<RowOf<S>> {
  const id = Number(row.id);
  const createdAt = row.created_at === null ? undefined : Math.round(Number(row.created_at));
  return { ...rowOf(of, row, id), id, ...(createdAt === undefined ? {} : { createdAt }) };
}

function toSql(kind: Field<unknown>["kind"], value: unknown): SqlValue {
  if (value === undefined) return null;
  switch (kind) {
    case "instant":
      return timestampOf(value as number);
    case "bits":
      return String(value);
    case "decimal":
      return String(value);
    case "json":
    case "list":
      return JSON.stringify(value);
    default:
      return value as SqlValue;
  }
}

/** The parameters of a checked row, in the order of the shape. Instants, bits, decimals, JSON and lists are text. */
export function parametersOf<S extends AnyShape>(of: S, row: RowOf<S>): SqlValue[] {
  return Object.entries(of.fields as { [name: string]: Field<unknown> }).map(([name, field]) =>
    toSql(field.kind, (row as { [name: string]: unknown })[name]),
  );
}

/** Checked rows as JSON text for `jsonb_to_recordset`. Octets are hex for `decode(…, 'hex')`, instants are text. */
export function recordsOf<S extends AnyShape>(of: S, rows: readonly RowOf<S>[]): string {
  const fields = Object.entries(of.fields as { [name: string]: Field<unknown> });
  return JSON.stringify(
    rows.map((row) => {
      const record: { [column: string]: unknown } = {};
      for (const [name, field] of fields) {
        const value = toSql(field.kind, (row as { [name: string]: unknown })[name]);
        record[columnOf(name)] = value instanceof Uint8Array ? toHex(value) : value;
      }
      return record;
    }),
  );
}
