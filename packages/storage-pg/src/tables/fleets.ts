import {
  checkRow,
  checkShard,
  Fleet,
  type Fleets,
  fields,
  type KeySealing,
  sealKey,
  unsealKey,
} from "@dlmskit/storage";
import { msOf, octetsOf, recordsOf, rowOf, timestampOf } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable } from "../driver.ts";
import { putIfAbsentOf, selectOf } from "../table-sql.ts";
import { expectSealing, unsealedColumn } from "./key-sealing.ts";

const select = `${selectOf(Fleet)} WHERE t.template = $1::text`;
const putIfAbsent = putIfAbsentOf(Fleet);

const ranUpTo = `SELECT ${msOf("ran_up_to")} FROM fleet_progress WHERE template = $1::text AND shard = $2::text`;
const progress = `SELECT shard, ${msOf("ran_up_to")} FROM fleet_progress WHERE template = $1::text`;
const setRanUpTo = `
  INSERT INTO fleet_progress (template, shard, ran_up_to) VALUES ($1::text, $2::text, $3::text::timestamp)
  ON CONFLICT (template, shard) DO UPDATE SET ran_up_to = EXCLUDED.ran_up_to`;

export function pgFleets(db: Database, sealing: KeySealing | undefined): Fleets {
  async function get(from: Queryable, template: string): Promise<Fleet | undefined> {
    const row = (await from.query(select, [template])).rows[0];
    if (row === undefined) return undefined;
    const at = { table: Fleet.table, id: template, column: "secret" };
    const secret = unsealedColumn(at, () => unsealKey(sealing, octetsOf(row.secret)));
    return rowOf(Fleet, { ...row, secret }, template);
  }
  return {
    async putIfAbsent(fleet) {
      const checked = checkRow(Fleet, fleet);
      const sealed = { ...checked, secret: sealKey(sealing, checked.secret) };
      return db.transaction(async (tx) => {
        await expectSealing(tx, sealing);
        await tx.query(putIfAbsent, [recordsOf(Fleet, [sealed])]);
        return (await get(tx, checked.template)) as Fleet;
      });
    },
    get: async (template) => get(db, Fleet.fields.template.check(template)),
    async ranUpTo(template, shard) {
      const { rows } = await db.query(ranUpTo, [template, checkShard(shard)]);
      return rows[0] === undefined ? undefined : Math.round(Number(rows[0].ran_up_to));
    },
    async progress(template) {
      const { rows } = await db.query(progress, [template]);
      return rows.map((row) => ({ shard: String(row.shard), at: Math.round(Number(row.ran_up_to)) }));
    },
    async setRanUpTo(template, shard, at) {
      await db.query(setRanUpTo, [template, checkShard(shard), timestampOf(fields.instant.check(at))]);
    },
  };
}
