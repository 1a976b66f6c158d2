import { checkRow, noSnapshot, Snapshot, type Snapshots, type Stored } from "@dlmskit/storage";
import { recordsOf, rowOf } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable, SqlRow } from "../driver.ts";
import { appendOf, selectOf } from "../table-sql.ts";

/** The meters of the template of a snapshot. */
const meters = "SELECT meter_id FROM meters WHERE template = (SELECT template FROM snapshots WHERE id = $1::int)";
const ofMeter = `t.meter_id IN (${meters})`;
const ofSetup = `t.security_settings_id IN (SELECT security_settings_id FROM meter_security WHERE meter_id IN (${meters}))`;
const setups = `t.id IN (SELECT security_settings_id FROM meter_security WHERE meter_id IN (${meters}))`;
const ofCertificate = `t.id IN (SELECT certificate_id FROM certificate_details WHERE meter_id IN (${meters}))`;
const messages = `t.status IN ('PENDING', 'PROCESSING') AND t.id IN (SELECT message_id FROM message_sources WHERE meter_id IN (${meters}))`;
const sources = `${ofMeter} AND t.message_id IN (SELECT id FROM message_queue WHERE status IN ('PENDING', 'PROCESSING'))`;

/** The tables of a snapshot, and which of their rows it contains. A table stands after the tables that it refers to. */
const parts: readonly { readonly table: string; readonly rows: string }[] = [
  { table: "attribute_values", rows: ofMeter },
  { table: "event_records", rows: ofMeter },
  { table: "capture_records", rows: ofMeter },
  { table: "client_secrets", rows: ofMeter },
  { table: "key_pairs", rows: ofMeter },
  { table: "security_settings", rows: setups },
  { table: "meter_security", rows: ofMeter },
  { table: "former_keys", rows: ofSetup },
  { table: "pending_keys", rows: ofSetup },
  { table: "certificates", rows: ofCertificate },
  { table: "certificate_details", rows: ofMeter },
  { table: "message_queue", rows: messages },
  { table: "message_sources", rows: sources },
  { table: "fleet_progress", rows: "t.template = (SELECT template FROM snapshots WHERE id = $1::int)" },
];

/** One statement: it reads all tables as of one instant. */
const copy = `INSERT INTO snapshot_rows (snapshot_id, of_table, contents)
  ${parts.map(({ table, rows }) => `SELECT $1::int, '${table}', to_jsonb(t) FROM ${table} t WHERE ${rows}`).join(" UNION ALL ")}
  UNION ALL SELECT $1::int, 'meter_leases', to_jsonb(t) FROM meter_leases t WHERE ${ofMeter}`;

const kept = (table: string): string =>
  `SELECT r.* FROM snapshot_rows s CROSS JOIN LATERAL jsonb_populate_record(NULL::${table}, s.contents) r
    WHERE s.snapshot_id = $1::int AND s.of_table = '${table}'`;

// No meter is taken and nothing is committed meanwhile. What waits then finds another epoch.
const lock = "LOCK TABLE meter_leases IN SHARE ROW EXCLUSIVE MODE";

const releaseLeases = `
  WITH released AS (
    UPDATE meter_leases l SET epoch = l.epoch + 1, commits = l.commits + 1, process = NULL,
      clock_offset_ms = COALESCE(k.clock_offset_ms, 0), ran_up_to = k.ran_up_to
    FROM meter_leases t LEFT JOIN (${kept("meter_leases")}) k ON k.meter_id = t.meter_id
    WHERE l.meter_id = t.meter_id AND ${ofMeter}
    RETURNING l.meter_id, t.process AS held_by
  )
  SELECT meter_id FROM released WHERE held_by = $2::text`;

// The rows that refer to the removed ones go with them. A message of the snapshot may have been sent since.
const removals: readonly string[] = [
  `DELETE FROM message_queue t WHERE (${messages})
    OR t.id IN (SELECT (contents ->> 'id')::int FROM snapshot_rows WHERE snapshot_id = $1::int AND of_table = 'message_queue')`,
  `DELETE FROM certificates t WHERE ${ofCertificate}`,
  `DELETE FROM security_settings t WHERE ${setups}`,
  ...["attribute_values", "event_records", "capture_records", "client_secrets", "key_pairs"].map(
    (table) => `DELETE FROM ${table} t WHERE ${ofMeter}`,
  ),
  "DELETE FROM fleet_progress t WHERE t.template = (SELECT template FROM snapshots WHERE id = $1::int)",
];

const wait = `UPDATE message_queue t SET status = 'PENDING' WHERE t.status = 'PROCESSING'
  AND t.id IN (SELECT (contents ->> 'id')::int FROM snapshot_rows WHERE snapshot_id = $1::int AND of_table = 'message_queue')`;

const select = selectOf(Snapshot);
const one = `${select} WHERE t.id = $1::int`;
const add = `${appendOf(Snapshot)} RETURNING id`;

const read = (row: SqlRow): Stored<Snapshot> => ({ ...rowOf(Snapshot, row), id: Number(row.id) });

/** Returns the meters that `process` had. */
async function restoreIn(tx: Queryable, id: number, process: string): Promise<readonly string[]> {
  await tx.query(lock);
  const { rows } = await tx.query(releaseLeases, [id, process]);
  for (const sql of removals) await tx.query(sql, [id]);
  for (const { table } of parts) await tx.query(`INSERT INTO ${table} ${kept(table)}`, [id]);
  await tx.query(wait, [id]);
  return rows.map(({ meter_id }) => String(meter_id));
}

/** `lost`: called with each meter of this process that a restore has taken away from it. */
export function pgSnapshots(db: Database, process: string, lost: (meterId: string) => void): Snapshots {
  return {
    async take(snapshot) {
      const checked = checkRow(Snapshot, snapshot);
      return db.transaction(async (tx) => {
        const id = Number((await tx.query(add, [recordsOf(Snapshot, [checked])])).rows[0]?.id);
        await tx.query(copy, [id]);
        return read((await tx.query(one, [id])).rows[0] as SqlRow);
      });
    },
    async list(template) {
      const { rows } = await db.query(`${select} WHERE t.template = $1::text ORDER BY t.id`, [template]);
      return rows.map(read);
    },
    async restore(id) {
      const { row, meters: own } = await db.transaction(async (tx) => {
        const found = (await tx.query(one, [id])).rows[0];
        if (found === undefined) throw noSnapshot(id);
        return { row: read(found), meters: await restoreIn(tx, id, process) };
      });
      for (const meterId of own) lost(meterId);
      return row;
    },
    async remove(id) {
      return (await db.query("DELETE FROM snapshots WHERE id = $1::int RETURNING 1", [id])).rows.length > 0;
    },
  };
}
