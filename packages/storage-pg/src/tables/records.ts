import { toHex } from "@dlmskit/core";
import {
  CaptureRecord,
  type CaptureRecords,
  checkRow,
  EventRecord,
  type EventRecords,
  fields,
  type RecordQuery,
} from "@dlmskit/storage";
import { recordsOf, rowOf, timestampOf } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable, SqlRow, SqlValue } from "../driver.ts";
import { appendOf, selectOf } from "../table-sql.ts";

const appendEvents = appendOf(EventRecord);
const appendCaptures = appendOf(CaptureRecord, { logical_device: "1" });
const listEvents = selectOf(EventRecord);
const listCaptures = selectOf(CaptureRecord);

// This contract uses only the profiles of logical device 1. `keeping` uses those of all logical devices.
const oneLog = {
  event_records: "meter_id = $1::text AND instance_id = $2::text",
  capture_records: "meter_id = $1::text AND logical_device = 1 AND instance_id = $2::text",
} as const;

// The latest $5 rows. Their order is reversed afterwards.
const range = `
    AND ($3::text IS NULL OR t.at >= $3::text::timestamp) AND ($4::text IS NULL OR t.at <= $4::text::timestamp)
  ORDER BY t.at DESC, t.id DESC
  LIMIT $5::int`;

function rangeOf({ meterId, instanceId, from, to, limit = 10000 }: RecordQuery): SqlValue[] {
  const text = (at: number | undefined) => (at === undefined ? null : timestampOf(fields.instant.check(at)));
  return [meterId, instanceId, text(from), text(to), limit];
}

async function listed(db: Database, table: LogTable, select: string, query: RecordQuery): Promise<SqlRow[]> {
  const { rows } = await db.query(`${select} WHERE ${oneLog[table]} ${range}`, rangeOf(query));
  return rows.toReversed();
}

type Logs = readonly { readonly meterId: string; readonly instanceId: string }[];
type LogTable = "event_records" | "capture_records";

/** Keeps the latest `keep` rows of each log to which rows were appended. */
async function trim(tx: Queryable, table: LogTable, appended: Logs, keep: number): Promise<void> {
  const logs = new Map(
    appended.map(({ meterId, instanceId }) => [JSON.stringify([meterId, instanceId]), [meterId, instanceId]]),
  );
  for (const [meterId, instanceId] of logs.values()) {
    await tx.query(
      `DELETE FROM ${table} WHERE id IN (
        SELECT id FROM ${table} WHERE ${oneLog[table]} ORDER BY at DESC, id DESC OFFSET $3::int
      )`,
      [meterId as string, instanceId as string, keep],
    );
  }
}

async function append(
  db: Database,
  table: LogTable,
  sql: string,
  records: string,
  logs: Logs,
  keep?: number,
): Promise<void> {
  if (logs.length === 0) return;
  if (keep === undefined) {
    await db.query(sql, [records]);
    return;
  }
  await db.transaction(async (tx) => {
    await tx.query(sql, [records]);
    await trim(tx, table, logs, keep);
  });
}

async function count(db: Database, table: LogTable, meterId: string, instanceId: string): Promise<number> {
  const { rows } = await db.query(`SELECT count(*)::int AS count FROM ${table} WHERE ${oneLog[table]}`, [
    meterId,
    instanceId,
  ]);
  return Number(rows[0]?.count);
}

async function clear(db: Database, table: LogTable, meterId: string, instanceId: string): Promise<number> {
  const { rows } = await db.query(
    `WITH gone AS (DELETE FROM ${table} WHERE ${oneLog[table]} RETURNING 1)
    SELECT count(*)::int AS count FROM gone`,
    [meterId, instanceId],
  );
  return Number(rows[0]?.count);
}

export function pgEvents(db: Database): EventRecords {
  return {
    async append(records, keep) {
      const checked = records.map((record) => checkRow(EventRecord, record));
      await append(db, "event_records", appendEvents, recordsOf(EventRecord, checked), checked, keep);
    },
    async list(query) {
      return (await listed(db, "event_records", listEvents, query)).map((row) => rowOf(EventRecord, row));
    },
    count: (meterId, instanceId) => count(db, "event_records", meterId, instanceId),
    clear: (meterId, instanceId) => clear(db, "event_records", meterId, instanceId),
  };
}

export function pgCaptures(db: Database): CaptureRecords {
  return {
    async append(records, keep) {
      const checked = records.map((record) => checkRow(CaptureRecord, record));
      await append(db, "capture_records", appendCaptures, recordsOf(CaptureRecord, checked), checked, keep);
    },
    async list(query) {
      return (await listed(db, "capture_records", listCaptures, query)).map((row) => rowOf(CaptureRecord, row));
    },
    count: (meterId, instanceId) => count(db, "capture_records", meterId, instanceId),
    clear: (meterId, instanceId) => clear(db, "capture_records", meterId, instanceId),
  };
}

/** The rows that a commit appends to one log. If `keep` is undefined, all rows are kept. */
export interface AppendedLog {
  readonly logicalDevice?: number;
  readonly instanceId: string;
  readonly clear: boolean;
  readonly keep: number | undefined;
  readonly rows: readonly { readonly at: number; readonly encoded: Uint8Array; readonly code?: number }[];
}

const logTables = {
  captures: { table: "capture_records", log: ["logical_device", "instance_id"], row: "" },
  events: { table: "event_records", log: ["instance_id"], row: "code, " },
} as const;

/**
 * Parts of a statement (WITH) that append rows to logs of the meter `held`, and keep only the latest rows of each log. All parts of
 * a statement see the table as it was before. Therefore the new rows are counted separately from the existing ones. `give` adds a
 * parameter and returns its number.
 */
export function appendTrimmed(
  to: keyof typeof logTables,
  logs: readonly AppendedLog[],
  give: (value: string) => number,
): string {
  const { table, log, row } = logTables[to];
  const asked = give(
    JSON.stringify(
      logs.map(({ logicalDevice, instanceId, clear, keep, rows }) => ({
        ...{ logical_device: logicalDevice, instance_id: instanceId, clear, keep, fresh: rows.length },
      })),
    ),
  );
  const records = logs.flatMap(({ logicalDevice, instanceId, rows }) =>
    rows.map(({ at, encoded, code }) => ({
      ...{ logical_device: logicalDevice, instance_id: instanceId, code },
      ...{ at: timestampOf(at), encoded: toHex(encoded) },
    })),
  );
  const fresh = give(JSON.stringify(records.map((record, number) => ({ ...record, number }))));
  const same = (one: string, other: string): string =>
    log.map((column) => `${one}.${column} = ${other}.${column}`).join(" AND ");
  const logColumns = (as: string): string => log.map((column) => `${as}.${column}`).join(", ");
  const rowColumns = (as: string): string => (row === "" ? "" : `${as}.${row}`);
  return `${to}_logs AS (
      SELECT r.*, held.meter_id
      FROM held, jsonb_to_recordset($${asked}::text::jsonb)
        AS r(logical_device int, instance_id text, clear boolean, keep bigint, fresh bigint)
    ), ${to}_fresh AS (
      SELECT r.*, g.meter_id, g.clear, g.keep,
        row_number() OVER (PARTITION BY ${logColumns("r")} ORDER BY r.at DESC, r.number DESC) AS rank
      FROM jsonb_to_recordset($${fresh}::text::jsonb)
        AS r(logical_device int, instance_id text, at timestamp, code int, encoded text, number int)
      JOIN ${to}_logs g ON ${same("g", "r")}
    ), ${to}_gone AS (
      SELECT c.id
      FROM ${to}_logs g CROSS JOIN LATERAL (
        SELECT t.id, t.at, row_number() OVER (ORDER BY t.at DESC, t.id DESC) AS rank
        FROM ${table} t WHERE t.meter_id = g.meter_id AND ${same("t", "g")}
      ) c
      WHERE g.clear OR (c.rank > g.keep - g.fresh
        AND c.rank + (SELECT count(*) FROM ${to}_fresh f WHERE ${same("f", "g")} AND f.at >= c.at) > g.keep)
    ), ${to}_removed AS (
      DELETE FROM ${table} WHERE id IN (SELECT id FROM ${to}_gone)
    ), ${to}_added AS (
      INSERT INTO ${table} (meter_id, ${log.join(", ")}, ${row}at, encoded)
      SELECT f.meter_id, ${logColumns("f")}, ${rowColumns("f")}f.at, decode(f.encoded, 'hex')
      FROM ${to}_fresh f
      WHERE f.keep IS NULL OR f.rank + (CASE WHEN f.clear THEN 0 ELSE (
        SELECT count(*) FROM ${table} t WHERE t.meter_id = f.meter_id AND ${same("t", "f")} AND t.at > f.at
      ) END) <= f.keep
      ORDER BY f.number
    )`;
}
