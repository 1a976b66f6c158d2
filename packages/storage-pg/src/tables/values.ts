import { AttributeValue, type AttributeValues, checkRow } from "@dlmskit/storage";
import { recordsOf } from "../columns.ts";
import type { Database } from "../database.ts";
import { keyedRowOf, removeOf, selectOf, upsertOf } from "../table-sql.ts";

const select = `${selectOf(AttributeValue)} WHERE t.meter_id = $1::text
  ORDER BY t.logical_device, t.instance_id COLLATE "C", t.class_id, t.attribute_id`;
// One statement cannot set a row twice. See `latest`.
const put = upsertOf(AttributeValue);
const remove = removeOf(AttributeValue);

type Key = Omit<AttributeValue, "encoded" | "updatedAt">;
const partsOf = (of: Key) => [of.meterId, of.logicalDevice, of.classId, of.instanceId, of.attributeId];

/** Of several values of one attribute, only the last. */
function latest(values: readonly AttributeValue[]): AttributeValue[] {
  return [...new Map(values.map((value) => [JSON.stringify(partsOf(value)), value])).values()];
}

export function pgValues(db: Database): AttributeValues {
  return {
    async of(meterId) {
      const { rows } = await db.query(select, [meterId]);
      return rows.map((row) => keyedRowOf(AttributeValue, row));
    },
    async put(values) {
      const checked = latest(values.map((value) => checkRow(AttributeValue, value)));
      if (checked.length > 0) await db.query(put, [recordsOf(AttributeValue, checked)]);
    },
    async remove(value) {
      const { rows } = await db.query(remove, partsOf(value));
      return rows.length > 0;
    },
  };
}
