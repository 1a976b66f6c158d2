import { Connection, type Connections, checkRow, connectionsAtATime, fields, forgottenBefore } from "@dlmskit/storage";
import { parametersOf, storedRowOf, timestampOf } from "../columns.ts";
import type { Database } from "../database.ts";
import { channel, endOf, type Notices } from "../notices.ts";
import { insertOf, selectOf } from "../table-sql.ts";

const select = selectOf(Connection);
const open = insertOf(Connection, { process: `$${Object.keys(Connection.fields).length + 1}::text` });

const mostId = 0x7fffffff;

/** A number that a column of type INTEGER can be compared with. */
const asId = (given: number): number => Math.floor(Math.min(Math.max(given, 0), mostId));

const change = `
  UPDATE active_connections SET last_activity = $2::text::timestamp, status = $3::text
  WHERE id IN (SELECT jsonb_array_elements_text($1::text::jsonb)::int)`;

const list = `
  ${select}
  WHERE t.status IN (SELECT jsonb_array_elements_text($1::text::jsonb)) AND ($2::text IS NULL OR d.meter_id = $2::text)
    AND t.id < $3::int
  ORDER BY t.id DESC LIMIT $4::int`;

const one = `
  ${select}
  WHERE t.id = $5::int AND t.id < $3::int AND ($2::text IS NULL OR d.meter_id = $2::text)
    AND t.status IN (SELECT jsonb_array_elements_text($1::text::jsonb))
  LIMIT $4::int`;

const forget = `
  DELETE FROM active_connections WHERE status = 'DISCONNECTED' AND last_activity < $1::text::timestamp RETURNING id`;

// Skips rows that another process is about to remove.
const forgetSome = `
  DELETE FROM active_connections WHERE id IN (
    SELECT id FROM active_connections WHERE status = 'DISCONNECTED' AND last_activity < $1::text::timestamp
    ORDER BY last_activity LIMIT ${2 * connectionsAtATime} FOR UPDATE SKIP LOCKED
  )`;

// A living process has sessions with its name. They end with the process in any case.
const disconnectDead = `
  UPDATE active_connections t SET status = 'DISCONNECTED'
  WHERE t.status IN ('ACTIVE', 'IDLE') AND NOT EXISTS (
    SELECT FROM connection_details d
    WHERE d.connection_id = t.id
      AND (d.process = $1::text OR d.process IN (SELECT application_name FROM pg_stat_activity WHERE application_name IS NOT NULL))
  )`;

const disconnectOwn = `
  UPDATE active_connections t SET status = 'DISCONNECTED'
  FROM connection_details d
  WHERE d.connection_id = t.id AND d.process = $1::text AND t.status IN ('ACTIVE', 'IDLE')`;

/** The connections of dead processes become DISCONNECTED. `process` is the application_name of the sessions of this process. */
export async function disconnectDeadProcesses(db: Database, process: string): Promise<void> {
  await db.query(disconnectDead, [process]);
}

/** The open connections of this process become DISCONNECTED. */
export async function disconnectProcess(db: Database, process: string): Promise<void> {
  await db.query(disconnectOwn, [process]);
}

const askEnd = `
  SELECT pg_notify('${channel}', '${endOf}' || id) FROM active_connections
  WHERE id = $1::int AND status IN ('ACTIVE', 'IDLE')`;

export function pgConnections(db: Database, process: string, keptFor: number, notices: Notices): Connections {
  let opened = 0;
  async function set(ids: readonly number[], at: number, status: string): Promise<void> {
    const lastActivity = timestampOf(fields.instant.check(at));
    if (ids.length > 0) await db.query(change, [JSON.stringify(ids), lastActivity, status]);
  }
  return {
    async open(connection) {
      const row = { ...connection, lastActivity: connection.connectionTime, status: "ACTIVE" };
      const { rows } = await db.query(open, [...parametersOf(Connection, checkRow(Connection, row)), process]);
      // Limits the work to a few rows, even if many closed connections have accumulated.
      if (++opened % connectionsAtATime === 0)
        await db.query(forgetSome, [timestampOf(forgottenBefore(connection, keptFor))]);
      return Number(rows[0]?.id);
    },
    async touch(ids, at, status = "ACTIVE") {
      await set(ids, at, Connection.fields.status.check(status));
    },
    async close(ids, at) {
      await set(ids, at, "DISCONNECTED");
    },
    async list({ status = ["ACTIVE", "IDLE"], meterId, id, before = mostId, latest } = {}) {
      const atMost = latest === undefined ? null : asId(latest);
      const parameters = [JSON.stringify(status), meterId ?? null, asId(before), atMost];
      if (id !== undefined && id !== asId(id)) return [];
      const { rows } = id === undefined ? await db.query(list, parameters) : await db.query(one, [...parameters, id]);
      return rows.map((row) => storedRowOf(Connection, row)).reverse();
    },
    async askEnd(id) {
      return (await db.query(askEnd, [id])).rows.length > 0;
    },
    onEnd: (listener) => notices.onEnd(listener),
    async forget(before) {
      const { rows } = await db.query(forget, [timestampOf(fields.instant.check(before))]);
      return rows.length;
    },
  };
}
