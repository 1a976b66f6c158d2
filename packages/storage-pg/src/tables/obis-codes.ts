import { checkRow, ObisCode, type ObisCodes, type Stored } from "@dlmskit/storage";
import { recordsOf } from "../columns.ts";
import type { Database } from "../database.ts";
import { PgRows } from "../rows.ts";
import { putIfAbsentOf } from "../table-sql.ts";

const putIfAbsent = putIfAbsentOf(ObisCode);

const keyOf = (row: ObisCode): string =>
  JSON.stringify([row.template, row.logicalDevice, row.classId, row.logicalName]);

export class PgObisCodes extends PgRows<typeof ObisCode> implements ObisCodes {
  constructor(db: Database) {
    super(db, ObisCode);
  }

  of(template: string): Promise<readonly Stored<ObisCode>[]> {
    return this.listed("WHERE t.template = $1::text ORDER BY t.id", [template]);
  }

  async ensure(objects: readonly ObisCode[]): Promise<readonly Stored<ObisCode>[]> {
    const checked = objects.map((object) => checkRow(ObisCode, object));
    const templates = [...new Set(checked.map((row) => row.template))];
    return this.db.transaction(async (tx) => {
      await tx.query(putIfAbsent, [recordsOf(ObisCode, checked)]);
      const { rows } = await tx.query(`${this.select} WHERE t.template = ANY($1::text[])`, [templates]);
      const there = new Map(rows.map((row) => this.read(row)).map((row) => [keyOf(row), row]));
      return checked.map((row) => ({ ...(there.get(keyOf(row)) as Stored<ObisCode>) }));
    });
  }
}
