import { checkRow, ObisCode, type ObisCodes, type Stored } from "@dlmskit/storage";
import { msOf, parametersOf, recordsOf, storedRowOf, utcNow } from "../columns.ts";
import type { Database } from "../database.ts";
import { PgRows } from "../rows.ts";

const select = `
  SELECT t.id, t.template, t.logical_device, t.class_id, t.version, t.logical_name, t.name, ${msOf("t.created_at")}
  FROM obis_codes t`;

const insert = `
  INSERT INTO obis_codes (template, logical_device, class_id, version, logical_name, name, created_at)
  VALUES ($1::text, $2::int, $3::int, $4::int, $5::text, $6::text, ${utcNow})
  RETURNING id`;

const replace = `
  UPDATE obis_codes
  SET template = $1::text, logical_device = $2::int, class_id = $3::int, version = $4::int, logical_name = $5::text, name = $6::text
  WHERE id = $7::int
  RETURNING id`;

// In one order, so that two processes do not wait for each other.
const insertAbsent = `
  INSERT INTO obis_codes (template, logical_device, class_id, version, logical_name, name, created_at)
  SELECT r.template, r.logical_device, r.class_id, r.version, r.logical_name, r.name, ${utcNow}
  FROM jsonb_to_recordset($1::text::jsonb)
    AS r(template text, logical_device int, class_id int, version int, logical_name text, name text)
  ORDER BY r.template, r.logical_device, r.class_id, r.logical_name
  ON CONFLICT (template, logical_device, class_id, logical_name) DO NOTHING`;

const keyOf = (row: ObisCode): string =>
  JSON.stringify([row.template, row.logicalDevice, row.classId, row.logicalName]);

export class PgObisCodes extends PgRows<ObisCode> implements ObisCodes {
  constructor(db: Database) {
    super(db, {
      table: "obis_codes",
      select,
      insert,
      replace,
      groups: "SELECT DISTINCT template AS key FROM obis_codes",
      check: (row) => checkRow(ObisCode, row),
      read: (row) => storedRowOf(ObisCode, row),
      parameters: (row) => parametersOf(ObisCode, row),
      group: (row) => row.template,
    });
  }

  async of(template: string): Promise<readonly Stored<ObisCode>[]> {
    const { rows } = await this.db.query(`${select} WHERE t.template = $1::text ORDER BY t.id`, [template]);
    return rows.map(this.queries.read);
  }

  async ensure(objects: readonly ObisCode[]): Promise<readonly Stored<ObisCode>[]> {
    const checked = objects.map(this.queries.check);
    const templates = [...new Set(checked.map((row) => row.template))];
    return this.db.transaction(async (tx) => {
      await tx.query(insertAbsent, [recordsOf(ObisCode, checked)]);
      const { rows } = await tx.query(`${select} WHERE t.template = ANY($1::text[])`, [templates]);
      const there = new Map(rows.map(this.queries.read).map((row) => [keyOf(row), row]));
      return checked.map((row) => ({ ...(there.get(keyOf(row)) as Stored<ObisCode>) }));
    });
  }
}
