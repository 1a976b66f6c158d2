import {
  CaptureRecord,
  type CaptureRecords,
  checkRow,
  EventRecord,
  type EventRecords,
  fields,
  type RecordQuery,
} from "@dlmskit/storage";
import { msOf, recordsOf, rowOf, timestampOf } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable, SqlRow, SqlValue } from "../driver.ts";

const appendEvents = `
  INSERT INTO event_records (meter_id, instance_id, at, code, encoded)
  SELECT r.meter_id, r.instance_id, r.at, r.code, decode(r.encoded, 'hex')
  FROM ROWS FROM (jsonb_to_recordset($1::text::jsonb) AS (meter_id text, instance_id text, at timestamp, code int, encoded text))
    WITH ORDINALITY AS r(meter_id, instance_id, at, code, encoded, number)
  ORDER BY r.number`;

const appendCaptures = `
  INSERT INTO capture_records (meter_id, instance_id, at, encoded)
  SELECT r.meter_id, r.instance_id, r.at, decode(r.encoded, 'hex')
  FROM ROWS FROM (jsonb_to_recordset($1::text::jsonb) AS (meter_id text, instance_id text, at timestamp, encoded text))
    WITH ORDINALITY AS r(meter_id, instance_id, at, encoded, number)
  ORDER BY r.number`;

const listEvents = `
  SELECT t.id, t.meter_id, t.instance_id, ${msOf("t.at")}, t.code, t.encoded FROM event_records t`;

const listCaptures = `
  SELECT t.id, t.meter_id, t.instance_id, ${msOf("t.at")}, t.encoded FROM capture_records t`;

// The latest $5 rows; they are turned round afterwards.
const range = `
  WHERE t.meter_id = $1::text AND t.instance_id = $2::text
    AND ($3::text IS NULL OR t.at >= $3::text::timestamp) AND ($4::text IS NULL OR t.at <= $4::text::timestamp)
  ORDER BY t.at DESC, t.id DESC
  LIMIT $5::int`;

function rangeOf({ meterId, instanceId, from, to, limit = 10000 }: RecordQuery): SqlValue[] {
  const text = (at: number | undefined) => (at === undefined ? null : timestampOf(fields.instant.check(at)));
  return [meterId, instanceId, text(from), text(to), limit];
}

async function listed(db: Database, select: string, query: RecordQuery): Promise<SqlRow[]> {
  const { rows } = await db.query(`${select} ${range}`, rangeOf(query));
  return rows.toReversed();
}

type Logs = readonly { readonly meterId: string; readonly instanceId: string }[];
type LogTable = "event_records" | "capture_records";

/** Leaves the latest `keep` rows of each log that was appended to. */
async function trim(tx: Queryable, table: LogTable, appended: Logs, keep: number): Promise<void> {
  const logs = new Map(
    appended.map(({ meterId, instanceId }) => [JSON.stringify([meterId, instanceId]), [meterId, instanceId]]),
  );
  for (const [meterId, instanceId] of logs.values()) {
    await tx.query(
      `DELETE FROM ${table} WHERE id IN (
        SELECT id FROM ${table} WHERE meter_id = $1::text AND instance_id = $2::text ORDER BY at DESC, id DESC OFFSET $3::int
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
  const { rows } = await db.query(
    `SELECT count(*)::int AS count FROM ${table} WHERE meter_id = $1::text AND instance_id = $2::text`,
    [meterId, instanceId],
  );
  return Number(rows[0]?.count);
}

async function clear(db: Database, table: LogTable, meterId: string, instanceId: string): Promise<number> {
  const { rows } = await db.query(
    `WITH gone AS (DELETE FROM ${table} WHERE meter_id = $1::text AND instance_id = $2::text RETURNING 1)
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
      return (await listed(db, listEvents, query)).map((row) => rowOf(EventRecord, row));
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
      return (await listed(db, listCaptures, query)).map((row) => rowOf(CaptureRecord, row));
    },
    count: (meterId, instanceId) => count(db, "capture_records", meterId, instanceId),
    clear: (meterId, instanceId) => clear(db, "capture_records", meterId, instanceId),
  };
}
