import { AttributeValue, type AttributeValues, checkRow } from "@dlmskit/storage";
import { msOf, recordsOf, rowOf } from "../columns.ts";
import type { Database } from "../database.ts";

const select = `
  SELECT t.meter_id, t.logical_device, t.class_id, t.instance_id, t.attribute_id, t.encoded, ${msOf("t.updated_at")}
  FROM attribute_values t
  WHERE t.meter_id = $1::text
  ORDER BY t.logical_device, t.instance_id COLLATE "C", t.class_id, t.attribute_id`;

// In one order, so that two processes do not wait for each other. One statement cannot set a row twice: see `latest`.
const put = `
  INSERT INTO attribute_values (meter_id, logical_device, class_id, instance_id, attribute_id, encoded, updated_at)
  SELECT r.meter_id, r.logical_device, r.class_id, r.instance_id, r.attribute_id, decode(r.encoded, 'hex'), r.updated_at
  FROM jsonb_to_recordset($1::text::jsonb) AS r(meter_id text, logical_device int, class_id int, instance_id text,
    attribute_id int, encoded text, updated_at timestamp)
  ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (meter_id, logical_device, class_id, instance_id, attribute_id) DO UPDATE
  SET encoded = EXCLUDED.encoded, updated_at = EXCLUDED.updated_at`;

const remove = `
  DELETE FROM attribute_values
  WHERE meter_id = $1::text AND logical_device = $2::int AND class_id = $3::int AND instance_id = $4::text AND attribute_id = $5::int
  RETURNING attribute_id`;

type Key = Omit<AttributeValue, "encoded" | "updatedAt">;
const partsOf = (of: Key) => [of.meterId, of.logicalDevice, of.classId, of.instanceId, of.attributeId];

/** Of several values of one attribute, the last. */
function latest(values: readonly AttributeValue[]): AttributeValue[] {
  return [...new Map(values.map((value) => [JSON.stringify(partsOf(value)), value])).values()];
}

export function pgValues(db: Database): AttributeValues {
  return {
    async of(meterId) {
      const { rows } = await db.query(select, [meterId]);
      return rows.map((row) =>
        rowOf(
          AttributeValue,
          row,
          `${row.meter_id} ${row.logical_device} ${row.class_id} ${row.instance_id} ${row.attribute_id}`,
        ),
      );
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
