import { fromHex } from "@dlmskit/core";
import { columnOf, type Field, type RowOf, type Shape } from "@dlmskit/storage";
import { rowOf } from "./columns.ts";
import type { SqlRow } from "./driver.ts";

// biome-ignore lint/suspicious/noExplicitAny: a shape of any row; inference gives each its own
type AnyShape = Shape<any>;
type AnyFields = { readonly [name: string]: Field<unknown> };

const fieldsOf = (of: AnyShape): [string, Field<unknown>][] => Object.entries(of.fields as AnyFields);

const recordTypes: { readonly [K in Field<unknown>["kind"]]: string } = {
  integer: "bigint",
  decimal: "numeric",
  text: "text",
  octets: "text",
  instant: "timestamp",
  bits: "bigint",
  json: "jsonb",
  boolean: "boolean",
  list: "jsonb",
};

/** `jsonb_to_recordset` of parameter `$n`, as `recordsOf` writes it, with the columns of the shape; and what `more` names. */
export function recordset(of: AnyShape, parameter: number, as: string, more = ""): string {
  const columns = fieldsOf(of).map(([name, field]) => `${columnOf(name)} ${recordTypes[field.kind]}`);
  return `jsonb_to_recordset($${parameter}::text::jsonb) AS ${as}(${columns.join(", ")}${more})`;
}

/** The columns of the shape, for INSERT. */
export function columnsOf(of: AnyShape): string {
  return fieldsOf(of)
    .map(([name]) => columnOf(name))
    .join(", ");
}

/** The values of one record of `recordset`, in the order of `columnsOf`. */
export function recordValues(of: AnyShape, as: string): string {
  return fieldsOf(of)
    .map(([name, { kind }]) =>
      kind === "octets" ? `decode(${as}.${columnOf(name)}, 'hex')` : `${as}.${columnOf(name)}`,
    )
    .join(", ");
}

/** A row as a JSON object: octets in hex, instants in ms. `from` gives the SQL of a column; `more`: further keys and values. */
export function jsonObject(of: AnyShape, from: (column: string) => string, more: readonly string[] = []): string {
  const parts = fieldsOf(of).map(([name, { kind }]) => {
    const column = columnOf(name);
    const sql = from(column);
    if (kind === "octets") return `'${column}', encode(${sql}, 'hex')`;
    if (kind === "instant") return `'${column}', (EXTRACT(EPOCH FROM ${sql}) * 1000)::float8`;
    if (kind === "bits") return `'${column}', ${sql}::text`;
    return `'${column}', ${sql}`;
  });
  return `json_build_object(${[...parts, ...more].join(", ")})`;
}

/** What `jsonObject` wrote, as a driver gives a row: octets as octets. */
export function sqlRowOf(of: AnyShape, object: SqlRow): SqlRow {
  const row: { [column: string]: unknown } = { ...object };
  for (const [name, { kind }] of fieldsOf(of)) {
    const column = columnOf(name);
    if (kind === "octets" && typeof row[column] === "string") row[column] = fromHex(row[column]);
  }
  return row;
}

/** The row of a JSON object. Fault `bad-row`. */
export function rowOfJson<S extends AnyShape>(of: S, object: SqlRow, id: number | string): RowOf<S> {
  return rowOf(of, sqlRowOf(of, object), id);
}
