import { AccessRight, type AccessRights, type Stored } from "@dlmskit/storage";
import type { Database } from "../database.ts";
import { PgRows } from "../rows.ts";

export class PgAccessRights extends PgRows<typeof AccessRight> implements AccessRights {
  constructor(db: Database) {
    super(db, AccessRight);
  }

  of(template: string): Promise<readonly Stored<AccessRight>[]> {
    return this.listed("JOIN obis_codes o ON o.id = t.object_id WHERE o.template = $1::text ORDER BY t.id", [template]);
  }
}
