import { checkRow, Meter, type Meters, type Stored } from "@dlmskit/storage";
import { recordsOf, storedRowOf } from "../columns.ts";
import { addAbsent, type Database } from "../database.ts";
import type { SqlRow } from "../driver.ts";
import { putIfAbsentOf, selectOf } from "../table-sql.ts";

const select = selectOf(Meter);
const selectMany = `${select} WHERE t.meter_id = ANY($1::text[])`;
const insertAbsent = putIfAbsentOf(Meter);

// Rows that refer to the meter are removed with it, except the rows of security_settings and certificates, which do not refer to a
// meter, and the lease, because its epoch must continue.
const remove = `
  WITH settings AS (
    DELETE FROM security_settings s USING meter_security m WHERE m.security_settings_id = s.id AND m.meter_id = $1::text
  ), certificates_of AS (
    DELETE FROM certificates c USING certificate_details d WHERE d.certificate_id = c.id AND d.meter_id = $1::text
  ), lease AS (
    UPDATE meter_leases SET process = NULL, commits = commits + 1, clock_offset_ms = 0, ran_up_to = NULL
    WHERE meter_id = $1::text
  )
  DELETE FROM meters WHERE meter_id = $1::text RETURNING id`;

const read = (row: SqlRow): Stored<Meter> => storedRowOf(Meter, row);

export function pgMeters(db: Database): Meters {
  return {
    async putIfAbsent(meters) {
      const checked = meters.map((meter) => checkRow(Meter, meter));
      const ids = checked.map((meter) => meter.meterId);
      const put = () =>
        db.transaction(async (tx) => {
          await tx.query(insertAbsent, [recordsOf(Meter, checked)]);
          const { rows } = await tx.query(selectMany, [ids]);
          const there = new Map(rows.map(read).map((meter) => [meter.meterId, meter]));
          return ids.map((id) => ({ ...(there.get(id) as Stored<Meter>) }));
        });
      return addAbsent(put);
    },
    async get(meterId) {
      const { rows } = await db.query(`${select} WHERE t.meter_id = $1::text`, [meterId]);
      return rows[0] === undefined ? undefined : read(rows[0]);
    },
    async getMany(meterIds) {
      return (await db.query(selectMany, [meterIds])).rows.map(read);
    },
    async list({ after, limit = 1000 } = {}) {
      const { rows } = await db.query(
        `${select} WHERE $1::text IS NULL OR t.meter_id COLLATE "C" > $1::text ORDER BY t.meter_id COLLATE "C" LIMIT $2::int`,
        [after ?? null, limit],
      );
      return rows.map(read);
    },
    async count() {
      const { rows } = await db.query("SELECT count(*)::int AS count FROM meters");
      return Number(rows[0]?.count);
    },
    async remove(meterId) {
      const { rows } = await db.query(remove, [meterId]);
      return rows.length > 0;
    },
  };
}
