import {
  afterFailure,
  checkRow,
  errorText,
  fields,
  Message,
  type MessageQueue,
  type MessageStatus,
  type QueuedMessage,
} from "@dlmskit/storage";
import { msOf, recordsOf, rowOf, timestampOf, utcNow } from "../columns.ts";
import type { Database } from "../database.ts";
import type { SqlRow } from "../driver.ts";
import { columnsOf, numberedRecordset, recordValues } from "../table-sql.ts";

// Defaults for columns that a user left out: priority 0, send at once, no failed attempts.
const columns = `
  q.id, q.message_type, COALESCE(q.priority, 0) AS priority, q.payload, q.destination, COALESCE(q.retry_count, 0) AS retry_count,
  q.status, ${msOf("COALESCE(q.scheduled_time, q.created_at, TIMESTAMP 'epoch')", "scheduled_time")}, ${msOf("q.completed_time")}`;
const sources = columnsOf(Message, "d");
const source = sources
  .split(", ")
  .map((column) => `s.${column}`)
  .join(", ");

// The columns of a new row in addition to those of the message.
const enqueued = { retry_count: "0", status: "'PENDING'", created_at: utcNow };

/** INSERT of the messages of a parameter, in order, as parts of a WITH. `from`: rows that must exist. `put_messages` returns the ids. */
export function enqueueParts(parameter: number, from?: string): string {
  const numbered = `SELECT nextval('message_queue_id_seq') AS id, m.* FROM (
      SELECT r.* FROM ${from === undefined ? "" : `${from}, `}${numberedRecordset(Message, parameter)} ORDER BY r.ordinality
    ) m`;
  return `new_messages AS MATERIALIZED (${numbered}), put_messages AS (
      INSERT INTO message_queue (id, ${[columnsOf(Message, "t"), ...Object.keys(enqueued)].join(", ")})
      SELECT r.id, ${[recordValues(Message, "t"), ...Object.values(enqueued)].join(", ")} FROM new_messages r
      RETURNING id
    ), put_sources AS (
      INSERT INTO message_sources (message_id, ${sources})
      SELECT r.id, ${recordValues(Message, "d")} FROM new_messages r WHERE r.meter_id IS NOT NULL
    )`;
}

const enqueue = `WITH ${enqueueParts(1)} SELECT id FROM put_messages ORDER BY id`;

// Rows that may have lost their worker: rows with an expired lease, and rows without a lease, left by a program that uses no leases.
const stale = `
  SELECT q.id
  FROM message_queue q
  LEFT JOIN message_leases l ON l.message_id = q.id
  WHERE q.status = 'PROCESSING' AND (l.lease_until IS NULL OR l.lease_until <= ${utcNow})`;

const lockStale = `${stale} FOR UPDATE OF q SKIP LOCKED`;

// A separate statement, after the lock: the row of message_leases that `lockStale` read may be older than the locked row.
const release = `
  UPDATE message_queue q SET status = 'PENDING', retry_count = COALESCE(q.retry_count, 0) + 1
  WHERE q.id IN (SELECT jsonb_array_elements_text($1::text::jsonb)::int) AND q.status = 'PROCESSING'
    AND NOT EXISTS (SELECT FROM message_leases l WHERE l.message_id = q.id AND l.lease_until > ${utcNow})`;

// A worker does not wait for rows that another worker is taking: it takes the next rows. The condition uses no other table, because
// after a lock only the locked row itself is read again.
const claim = `
  WITH due AS (
    SELECT q.id
    FROM message_queue q
    WHERE q.message_type IS NOT NULL AND q.payload IS NOT NULL AND q.destination IS NOT NULL
      AND q.status = 'PENDING' AND (q.scheduled_time IS NULL OR q.scheduled_time <= $1::text::timestamp)
    ORDER BY COALESCE(q.priority, 0) DESC, COALESCE(q.scheduled_time, q.created_at, TIMESTAMP 'epoch'), q.id
    LIMIT $2::int
    FOR UPDATE OF q SKIP LOCKED
  ), taken AS (
    UPDATE message_queue q
    SET status = 'PROCESSING'
    FROM due
    WHERE q.id = due.id
    RETURNING ${columns}
  ), leased AS (
    INSERT INTO message_leases AS l (message_id, lease, lease_until)
    SELECT id, nextval('message_lease'), ${utcNow} + $3::float8 * INTERVAL '1 millisecond' FROM taken
    ON CONFLICT (message_id) DO UPDATE SET lease = EXCLUDED.lease, lease_until = EXCLUDED.lease_until
    RETURNING l.message_id, l.lease::float8 AS lease, l.last_error
  )
  SELECT taken.*, leased.lease, leased.last_error, ${source}
  FROM taken JOIN leased ON leased.message_id = taken.id LEFT JOIN message_sources s ON s.message_id = taken.id
  ORDER BY taken.priority DESC, taken.scheduled_time, taken.id`;

// Locked before its lease is read: a row and its lease change together, under the lock of the row.
const lockRow = "SELECT 1 FROM message_queue WHERE id = $1::int FOR UPDATE";

// $1 id, $2 lease: the row, if this worker still has it.
const held = `
  FROM message_leases l
  WHERE l.message_id = q.id AND q.id = $1::int AND l.lease = $2::bigint AND q.status = 'PROCESSING'`;

const complete = `
  UPDATE message_queue q SET status = 'SENT', completed_time = $3::text::timestamp
  ${held}
  RETURNING q.id`;

// In the order of their ids, so that two workers never wait for each other.
const lockRows = `
  SELECT 1 FROM message_queue WHERE id IN (SELECT jsonb_array_elements_text($1::text::jsonb)::int) ORDER BY id FOR UPDATE`;

const completeAll = `
  UPDATE message_queue q SET status = 'SENT', completed_time = $2::text::timestamp
  FROM message_leases l, jsonb_to_recordset($1::text::jsonb) AS given (id int, lease bigint)
  WHERE l.message_id = q.id AND q.id = given.id AND l.lease = given.lease AND q.status = 'PROCESSING'
  RETURNING q.id`;

const retryCount = `
  SELECT COALESCE(q.retry_count, 0) AS retry_count
  FROM message_queue q JOIN message_leases l ON l.message_id = q.id
  WHERE q.id = $1::int AND l.lease = $2::bigint AND q.status = 'PROCESSING'`;

const again = `
  UPDATE message_queue q SET status = 'PENDING', retry_count = $3::int, scheduled_time = $4::text::timestamp
  ${held}`;

const postpone = `
  UPDATE message_queue q SET status = 'PENDING', scheduled_time = $3::text::timestamp
  ${held}
  RETURNING q.id`;

const hasten = `
  UPDATE message_queue SET scheduled_time = $2::text::timestamp
  WHERE id IN (SELECT jsonb_array_elements_text($1::text::jsonb)::int) AND status = 'PENDING' AND scheduled_time > $2::text::timestamp`;

const failed = `
  UPDATE message_queue q SET status = 'FAILED', retry_count = $3::int, completed_time = $4::text::timestamp
  ${held}`;

const noteError = "UPDATE message_leases SET last_error = $2::text WHERE message_id = $1::int";

const get = `
  SELECT ${columns}, l.last_error, ${source}
  FROM message_queue q LEFT JOIN message_leases l ON l.message_id = q.id LEFT JOIN message_sources s ON s.message_id = q.id
  WHERE q.id = $1::int`;

const counts = `
  SELECT status, count(*)::int AS count FROM message_queue WHERE status IS NOT NULL GROUP BY status`;

const nextDue = `
  SELECT ${msOf("MIN(COALESCE(scheduled_time, created_at, TIMESTAMP 'epoch'))", "due")} FROM message_queue WHERE status = 'PENDING'`;

const forget = `
  DELETE FROM message_queue WHERE status IN ('SENT', 'FAILED') AND completed_time < $1::text::timestamp RETURNING id`;

function read(row: SqlRow): QueuedMessage {
  return {
    ...rowOf(Message, row),
    id: Number(row.id),
    status: row.status as MessageStatus,
    retryCount: Number(row.retry_count),
    ...(row.completed_time === null ? {} : { completedTime: Math.round(Number(row.completed_time)) }),
    ...(typeof row.last_error === "string" ? { lastError: row.last_error } : {}),
  };
}

const at = (now: number): string => timestampOf(fields.instant.check(now));

/** Makes the PROCESSING messages of dead workers PENDING again. */
async function releaseStale(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    const { rows } = await tx.query(lockStale);
    await tx.query(release, [JSON.stringify(rows.map(({ id }) => Number(id)))]);
  });
}

export function pgMessageQueue(db: Database): MessageQueue {
  return {
    async enqueue(messages) {
      const checked = messages.map((message) => checkRow(Message, message));
      // Rows get their numbers in order.
      return (await db.query(enqueue, [recordsOf(Message, checked)])).rows.map(({ id }) => Number(id));
    },
    async claim({ now, limit = 1, leaseMs = 60000 }) {
      if ((await db.query(`${stale} LIMIT 1`)).rows.length > 0) await releaseStale(db);
      const { rows } = await db.query(claim, [at(now), limit, leaseMs]);
      return rows.map((row) => ({ ...read(row), lease: Number(row.lease) }));
    },
    async complete({ id, lease }, now) {
      return db.transaction(async (tx) => {
        await tx.query(lockRow, [id]);
        return (await tx.query(complete, [id, lease, at(now)])).rows.length > 0;
      });
    },
    async completeAll(messages, now) {
      const ids = JSON.stringify(messages.map(({ id }) => id));
      const given = JSON.stringify(messages.map(({ id, lease }) => ({ id, lease })));
      return db.transaction(async (tx) => {
        await tx.query(lockRows, [ids]);
        return (await tx.query(completeAll, [given, at(now)])).rows.map(({ id }) => Number(id));
      });
    },
    async fail({ id, lease }, failure) {
      return db.transaction(async (tx) => {
        await tx.query(lockRow, [id]);
        const { rows } = await tx.query(retryCount, [id, lease]);
        if (rows[0] === undefined) return undefined;
        const attempts = Number(rows[0].retry_count) + 1;
        const next = afterFailure(attempts, failure);
        const over = next.status === "FAILED";
        await tx.query(over ? failed : again, [id, lease, attempts, at(over ? failure.now : next.scheduledTime)]);
        await tx.query(noteError, [id, errorText(failure.error)]);
        return next.status;
      });
    },
    async postpone({ id, lease }, until) {
      return db.transaction(async (tx) => {
        await tx.query(lockRow, [id]);
        return (await tx.query(postpone, [id, lease, at(until)])).rows.length > 0;
      });
    },
    async hasten(ids, now) {
      await db.query(hasten, [JSON.stringify(ids), at(now)]);
    },
    async get(id) {
      const { rows } = await db.query(get, [id]);
      return rows[0] === undefined ? undefined : read(rows[0]);
    },
    async counts() {
      const { rows } = await db.query(counts);
      const of = { PENDING: 0, PROCESSING: 0, SENT: 0, FAILED: 0 };
      for (const { status, count } of rows) of[status as MessageStatus] = Number(count);
      return of;
    },
    async nextDue() {
      const { rows } = await db.query(nextDue);
      return rows[0]?.due === null || rows[0] === undefined ? undefined : Math.round(Number(rows[0].due));
    },
    async forget(before) {
      const { rows } = await db.query(forget, [at(before)]);
      return rows.length;
    },
  };
}
