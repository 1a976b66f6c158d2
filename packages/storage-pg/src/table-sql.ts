import { fromHex } from "@dlmskit/core";
import { columnOf, type Field, type RowOf, type Table } from "@dlmskit/storage";
import { msOf, rowOf, utcNow } from "./columns.ts";
import type { SqlRow } from "./driver.ts";

// SQL that is derived from the declaration of a table. Special queries are written by hand in other files.

// biome-ignore lint/suspicious/noExplicitAny: a table of any row; inference gives each its own
export type AnyTable = Table<any>;
type AnyField = Field<unknown>;
interface Column {
  readonly name: string;
  readonly field: AnyField;
  /** The column name in SQL. */
  readonly column: string;
  /** `t`, or `d` for a column of the second table. */
  readonly in: "t" | "d";
  /** Its number among the parameters that `parametersOf` returns. */
  readonly parameter: number;
}

function allColumns(of: AnyTable): readonly Column[] {
  const inDetails = new Set<string>(of.traits.details?.fields);
  return Object.entries(of.fields as { readonly [name: string]: AnyField }).map(([name, field], at) => ({
    ...{ name, field, column: columnOf(name), parameter: at + 1 },
    in: inDetails.has(name) ? "d" : "t",
  }));
}

const columnsIn = (of: AnyTable, where: "t" | "d"): readonly Column[] =>
  allColumns(of).filter((column) => column.in === where);
const isNumbered = (of: AnyTable): boolean => of.traits.key === undefined;
const hasCreatedAt = (of: AnyTable): boolean => isNumbered(of) && of.traits.createdAt !== false;
const keyOf = (of: AnyTable): readonly string[] => (of.traits.key ?? of.traits.unique ?? []).map(columnOf);
const namesOf = (columns: readonly Column[]): string[] => columns.map(({ column }) => column);

/** The SQL that reads a column. See `rowOf`. */
function read({ column, field, name, in: alias }: Column, of: AnyTable): string {
  const sql = `${alias}.${column}`;
  const given = of.traits.details?.defaults?.[name];
  if (given !== undefined) return `COALESCE(${sql}, ${typeof given === "string" ? `'${given}'` : given}) AS ${column}`;
  switch (field.kind) {
    case "instant":
      return msOf(sql);
    case "decimal":
      return `${sql}::float8 AS ${column}`;
    case "integer":
      return field.wide ? `${sql}::float8 AS ${column}` : sql;
    case "bits":
    case "json":
      return `${sql}::text AS ${column}`;
    case "list":
      return `array_to_json(${sql})::text AS ${column}`;
    default:
      return sql;
  }
}

/** The SQL of a parameter in the form that `parametersOf` returns. */
function given({ field, parameter }: Column): string {
  const sql = `$${parameter}`;
  switch (field.kind) {
    case "instant":
      return `${sql}::text::timestamp`;
    case "decimal":
      return `${sql}::text::numeric`;
    case "integer":
      return field.wide ? `${sql}::bigint` : `${sql}::int`;
    case "bits":
      return `${sql}::text::bigint`;
    case "json":
      return `${sql}::text::jsonb`;
    case "list":
      return `ARRAY(SELECT jsonb_array_elements_text(${sql}::text::jsonb))`;
    case "octets":
      return `${sql}::bytea`;
    case "boolean":
      return `${sql}::boolean`;
    case "text":
      return `${sql}::text`;
  }
}

/** SELECT … FROM, without WHERE. The alias of the table is `t`, of its details `d`. */
export function selectOf(of: AnyTable): string {
  const { details } = of.traits;
  const columns = allColumns(of).map((column) => read(column, of));
  if (isNumbered(of)) columns.push("t.id");
  if (hasCreatedAt(of)) columns.push(msOf("t.created_at"));
  const kind = details?.required === true ? "JOIN" : "LEFT JOIN";
  const join = details === undefined ? "" : ` ${kind} ${details.table} d ON d.${details.key} = t.id`;
  return `SELECT ${columns.join(", ")} FROM ${of.table} t${join}`;
}

/** INSERT of one row with the parameters of `parametersOf`. Returns the id. `more`: further columns of the details. */
export function insertOf(of: AnyTable, more: { readonly [column: string]: string } = {}): string {
  const main = columnsIn(of, "t");
  const insert = `INSERT INTO ${of.table} (${[...namesOf(main), "created_at"].join(", ")})
    VALUES (${[...main.map(given), utcNow].join(", ")}) RETURNING id`;
  if (of.traits.details === undefined) return insert;
  return `WITH added AS (${insert}), details AS (${insertDetails(of, "added", more)}) SELECT id FROM added`;
}

function insertDetails(of: AnyTable, from: string, more: { readonly [column: string]: string } = {}): string {
  const { table, key } = of.traits.details as NonNullable<typeof of.traits.details>;
  const columns = columnsIn(of, "d");
  return `INSERT INTO ${table} (${[key, ...namesOf(columns), ...Object.keys(more)].join(", ")})
    SELECT ${["id", ...columns.map(given), ...Object.values(more)].join(", ")} FROM ${from}`;
}

/** UPDATE of one row with the parameters of `parametersOf`, then the id. Returns the id if there was such a row. */
export function replaceOf(of: AnyTable): string {
  const { details } = of.traits;
  const set = columnsIn(of, "t").map((column) => `${column.column} = ${given(column)}`);
  const update = `UPDATE ${of.table} SET ${set.join(", ")} WHERE id = $${allColumns(of).length + 1}::int RETURNING id`;
  if (details === undefined) return update;
  const excluded = columnsIn(of, "d").map(({ column }) => `${column} = EXCLUDED.${column}`);
  return `WITH changed AS (${update}), details AS (
      ${insertDetails(of, "changed")} ON CONFLICT (${details.key}) DO UPDATE SET ${excluded.join(", ")}
    )
    SELECT id FROM changed`;
}

/** The groups of `addIfEmpty` that already have rows, as `key`. */
export function groupsOf(of: AnyTable): string {
  const column = allColumns(of).find(({ name }) => name === of.traits.group);
  if (column === undefined) return `SELECT DISTINCT 'all' AS key FROM ${of.table}`;
  const { details } = of.traits;
  const join =
    column.in === "t" || details === undefined ? "" : ` LEFT JOIN ${details.table} d ON d.${details.key} = t.id`;
  return `SELECT DISTINCT ${column.in}.${column.column}::text AS key FROM ${of.table} t${join}`;
}

const recordTypes: { readonly [K in AnyField["kind"]]: string } = {
  ...{ integer: "bigint", decimal: "numeric", bits: "bigint", boolean: "boolean" },
  // Octets are in hex.
  ...{ text: "text", octets: "text", instant: "timestamp", json: "jsonb", list: "jsonb" },
};

/** `jsonb_to_recordset` of parameter `$n`, in the form that `recordsOf` returns, with the columns of the table, as `r`. */
export function recordset(of: AnyTable, parameter: number): string {
  const columns = allColumns(of).map(({ column, field }) => `${column} ${recordTypes[field.kind]}`);
  return `jsonb_to_recordset($${parameter}::text::jsonb) AS r(${columns.join(", ")})`;
}

/** The same, with the number of each record, so that numbered rows keep their order. */
export function numberedRecordset(of: AnyTable, parameter: number): string {
  const columns = allColumns(of);
  const typed = columns.map(({ column, field }) => `${column} ${recordTypes[field.kind]}`);
  return `ROWS FROM (jsonb_to_recordset($${parameter}::text::jsonb) AS (${typed.join(", ")}))
    WITH ORDINALITY AS r(${namesOf(columns).join(", ")}, ordinality)`;
}

/** The columns of the table, for INSERT. For a table with details: the columns of `t` or `d` only. */
export function columnsOf(of: AnyTable, where?: "t" | "d"): string {
  return namesOf(where === undefined ? allColumns(of) : columnsIn(of, where)).join(", ");
}

/** The values of one record of `recordset`, in the order of `columnsOf`. */
export function recordValues(of: AnyTable, where?: "t" | "d"): string {
  return (where === undefined ? allColumns(of) : columnsIn(of, where))
    .map(({ column, field }) => (field.kind === "octets" ? `decode(r.${column}, 'hex')` : `r.${column}`))
    .join(", ");
}

/** INSERT of the records of `$1`, in order. */
export function appendOf(of: AnyTable, more: { readonly [column: string]: string } = {}): string {
  return `INSERT INTO ${of.table} (${[columnsOf(of), ...Object.keys(more)].join(", ")})
    SELECT ${[recordValues(of), ...Object.values(more)].join(", ")} FROM ${numberedRecordset(of, 1)} ORDER BY r.ordinality`;
}

// In a fixed order, so that two processes do not wait for each other.
function insertRecords(of: AnyTable): string {
  const created = hasCreatedAt(of);
  const order = keyOf(of).map((column) => `r.${column}`);
  return `INSERT INTO ${of.table} (${columnsOf(of)}${created ? ", created_at" : ""})
    SELECT ${recordValues(of)}${created ? `, ${utcNow}` : ""} FROM ${recordset(of, 1)} ORDER BY ${order.join(", ")}
    ON CONFLICT (${keyOf(of).join(", ")})`;
}

/** INSERT of the records of `$1` whose key is not stored yet. Returns 1 for each of them. */
export function putIfAbsentOf(of: AnyTable): string {
  return `${insertRecords(of)} DO NOTHING RETURNING 1`;
}

/** INSERT of the records of `$1`, or UPDATE of the rows with the same key. No two records may have the same key. */
export function upsertOf(of: AnyTable): string {
  return `${insertRecords(of)} DO UPDATE SET ${excludedOf(of)} RETURNING 1`;
}

/** The columns that `upsertOf` sets: all columns that are not part of the key. */
export function excludedOf(of: AnyTable): string {
  const key = keyOf(of);
  return namesOf(allColumns(of))
    .filter((column) => !key.includes(column))
    .map((column) => `${column} = EXCLUDED.${column}`)
    .join(", ");
}

/** The columns of the key, for ON CONFLICT. */
export function conflictOf(of: AnyTable): string {
  return keyOf(of).join(", ");
}

/** DELETE by the key, whose columns are `$1` …. Returns 1 if there was such a row. */
export function removeOf(of: AnyTable): string {
  const key = of.traits.key ?? of.traits.unique ?? [];
  const columns = key.map((name) => allColumns(of).find((column) => column.name === name) as Column);
  const where = columns.map((column, at) => `${column.column} = ${given({ ...column, parameter: at + 1 })}`);
  return `DELETE FROM ${of.table} WHERE ${where.join(" AND ")} RETURNING 1`;
}

/** ORDER BY the key. Text is ordered by its octets, for any collation of the database. */
export function inOrderOf(of: AnyTable): string {
  const key = of.traits.key ?? of.traits.unique ?? [];
  return key
    .map((name) => {
      const { column, field, in: alias } = allColumns(of).find((each) => each.name === name) as Column;
      return `${alias}.${column}${field.kind === "text" ? ' COLLATE "C"' : ""}`;
    })
    .join(", ");
}

/** A row as a JSON object, from the table as `t` and its details as `d`. Octets are in hex, instants in ms. */
export function jsonObject(of: AnyTable): string {
  const parts = allColumns(of).map(({ column, field, in: alias }) => {
    const sql = `${alias}.${column}`;
    if (field.kind === "octets") return `'${column}', encode(${sql}, 'hex')`;
    if (field.kind === "instant") return `'${column}', ${milliseconds(sql)}`;
    return field.kind === "bits" ? `'${column}', ${sql}::text` : `'${column}', ${sql}`;
  });
  if (isNumbered(of)) parts.push("'id', t.id");
  if (hasCreatedAt(of)) parts.push(`'created_at', ${milliseconds("t.created_at")}`);
  return `json_build_object(${parts.join(", ")})`;
}

const milliseconds = (sql: string): string => `(EXTRACT(EPOCH FROM ${sql}) * 1000)::float8`;

/** Converts the result of `jsonObject` to a row as from a driver: octets are octets again. */
export function sqlRowOf(of: AnyTable, object: SqlRow): SqlRow {
  const row: { [column: string]: unknown } = { ...object };
  for (const { column, field } of allColumns(of)) {
    if (field.kind === "octets" && typeof row[column] === "string") row[column] = fromHex(row[column]);
  }
  return row;
}

/** The name of a row without a number in a Fault: its key. */
export function idOf(of: AnyTable, row: SqlRow): string {
  return keyOf(of)
    .map((column) => String(row[column]))
    .join(" ");
}

/** A row of `selectOf` of a table with a key. Fault `bad-row`. */
export function keyedRowOf<T extends AnyTable>(of: T, row: SqlRow): RowOf<T> {
  return rowOf(of, row, idOf(of, row));
}
