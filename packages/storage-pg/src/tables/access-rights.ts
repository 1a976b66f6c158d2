import { AccessRight, type AccessRights, checkRow, type Stored } from "@dlmskit/storage";
import { msOf, parametersOf, storedRowOf, utcNow } from "../columns.ts";
import type { Database } from "../database.ts";
import { PgRows } from "../rows.ts";

const select = `
  SELECT t.id, t.object_id, t.client_id, t.access_level, t.attribute_mask::text AS attribute_mask,
    t.method_mask::text AS method_mask, ${msOf("t.created_at")}
  FROM access_rights t`;

const insert = `
  INSERT INTO access_rights (object_id, client_id, access_level, attribute_mask, method_mask, created_at)
  VALUES ($1::int, $2::int, $3::int, $4::text::bigint, $5::text::bigint, ${utcNow})
  RETURNING id`;

const replace = `
  UPDATE access_rights
  SET object_id = $1::int, client_id = $2::int, access_level = $3::int, attribute_mask = $4::text::bigint, method_mask = $5::text::bigint
  WHERE id = $6::int
  RETURNING id`;

export class PgAccessRights extends PgRows<AccessRight> implements AccessRights {
  constructor(db: Database) {
    super(db, {
      table: "access_rights",
      select,
      insert,
      replace,
      groups: "SELECT DISTINCT object_id::text AS key FROM access_rights",
      check: (row) => checkRow(AccessRight, row),
      read: (row) => storedRowOf(AccessRight, row),
      parameters: (row) => parametersOf(AccessRight, row),
      group: (row) => String(row.objectId),
    });
  }

  async of(template: string): Promise<readonly Stored<AccessRight>[]> {
    const { rows } = await this.db.query(
      `${select} JOIN obis_codes o ON o.id = t.object_id WHERE o.template = $1::text ORDER BY t.id`,
      [template],
    );
    return rows.map(this.queries.read);
  }
}
