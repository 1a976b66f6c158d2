import { Certificate, type Certificates, checkRow } from "@dlmskit/storage";
import { msOf, parametersOf, storedRowOf, utcNow } from "../columns.ts";
import type { Database } from "../database.ts";
import { PgRows } from "../rows.ts";

const select = `
  SELECT t.id, t.entity_id, t.certificate_type, t.certificate_data, ${msOf("t.valid_from")}, ${msOf("t.valid_until")},
    t.status, ${msOf("t.created_at")}
  FROM certificates t`;

const insert = `
  INSERT INTO certificates (entity_id, certificate_type, certificate_data, valid_from, valid_until, status, created_at)
  VALUES ($1::int, $2::text, $3::bytea, $4::text::timestamp, $5::text::timestamp, $6::text, ${utcNow})
  RETURNING id`;

const replace = `
  UPDATE certificates
  SET entity_id = $1::int, certificate_type = $2::text, certificate_data = $3::bytea, valid_from = $4::text::timestamp,
    valid_until = $5::text::timestamp, status = $6::text
  WHERE id = $7::int
  RETURNING id`;

export function pgCertificates(db: Database): Certificates {
  return new PgRows<Certificate>(db, {
    table: "certificates",
    select,
    insert,
    replace,
    groups: "SELECT DISTINCT 'all' AS key FROM certificates",
    check: (row) => checkRow(Certificate, row),
    read: (row) => storedRowOf(Certificate, row),
    parameters: (row) => parametersOf(Certificate, row),
  });
}
