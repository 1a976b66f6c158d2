import { logicalName } from "@dlmskit/core";
import { Certificate, type CertificateQuery, type Certificates, checkRow } from "@dlmskit/storage";
import { msOf, parametersOf, storedRowOf, utcNow } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable } from "../driver.ts";
import { PgRows } from "../rows.ts";

// A row that a hand added to certificates alone belongs to no meter.
const select = `
  SELECT t.id, d.meter_id, d.instance_id, d.certificate_entity, d.certificate_usage, d.serial_number, d.issuer,
    d.system_title, t.entity_id, t.certificate_type, t.certificate_data, ${msOf("t.valid_from")},
    ${msOf("t.valid_until")}, t.status, ${msOf("t.created_at")}
  FROM certificates t
  LEFT JOIN certificate_details d ON d.certificate_id = t.id`;

// $1 … $7 what certificate_details holds, $8 … what certificates holds.
const details = `
  INSERT INTO certificate_details (certificate_id, meter_id, instance_id, certificate_entity, certificate_usage,
    serial_number, issuer, system_title)
  SELECT id, $1::text, $2::text, $3::int, $4::int, $5::bytea, $6::bytea, $7::bytea FROM`;

const insert = `
  WITH added AS (
    INSERT INTO certificates (entity_id, certificate_type, certificate_data, valid_from, valid_until, status, created_at)
    VALUES ($8::int, $9::text, $10::bytea, $11::text::timestamp, $12::text::timestamp, $13::text, ${utcNow})
    RETURNING id
  ), details AS (${details} added)
  SELECT id FROM added`;

const replace = `
  WITH changed AS (
    UPDATE certificates
    SET entity_id = $8::int, certificate_type = $9::text, certificate_data = $10::bytea,
      valid_from = $11::text::timestamp, valid_until = $12::text::timestamp, status = $13::text
    WHERE id = $14::int
    RETURNING id
  ), details AS (${details} changed
    ON CONFLICT (certificate_id) DO UPDATE
    SET meter_id = EXCLUDED.meter_id, instance_id = EXCLUDED.instance_id,
      certificate_entity = EXCLUDED.certificate_entity, certificate_usage = EXCLUDED.certificate_usage,
      serial_number = EXCLUDED.serial_number, issuer = EXCLUDED.issuer, system_title = EXCLUDED.system_title
  )
  SELECT id FROM changed`;

const find = `
  ${select}
  WHERE d.meter_id = $1::text
    AND ($2::text IS NULL OR d.instance_id = $2::text)
    AND ($3::int IS NULL OR d.certificate_entity = $3::int)
    AND ($4::int IS NULL OR d.certificate_usage = $4::int)
    AND ($5::bytea IS NULL OR d.serial_number = $5::bytea)
    AND ($6::bytea IS NULL OR d.issuer = $6::bytea)
    AND ($7::bytea IS NULL OR d.system_title = $7::bytea)
  ORDER BY t.id`;

/** Adds a certificate that was checked. Fault `duplicate`. */
export async function addCertificateIn(tx: Queryable, row: Certificate): Promise<void> {
  await tx.query(insert, parametersOf(Certificate, row));
}

const remove = `
  DELETE FROM certificates t USING certificate_details d
  WHERE d.certificate_id = t.id AND d.meter_id = $1::text AND d.instance_id = $2::text
    AND d.serial_number = $3::bytea AND d.issuer = $4::bytea`;

/** Removes the certificate of a Security setup, if it is there. */
export async function removeCertificateIn(
  tx: Queryable,
  named: Required<Pick<Certificate, "meterId" | "instanceId" | "serialNumber" | "issuer">>,
): Promise<void> {
  await tx.query(remove, [named.meterId, named.instanceId, named.serialNumber, named.issuer]);
}

class PgCertificates extends PgRows<Certificate> implements Certificates {
  async find(query: CertificateQuery) {
    const { rows } = await this.db.query(find, [
      query.meterId,
      query.instanceId === undefined ? null : logicalName(query.instanceId),
      query.certificateEntity ?? null,
      query.certificateUsage ?? null,
      query.serialNumber ?? null,
      query.issuer ?? null,
      query.systemTitle ?? null,
    ]);
    return rows.map((row) => this.queries.read(row));
  }
}

export function pgCertificates(db: Database): Certificates {
  return new PgCertificates(db, {
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
