import { logicalName } from "@dlmskit/core";
import { Certificate, type CertificateQuery, type Certificates, type Stored } from "@dlmskit/storage";
import { parametersOf } from "../columns.ts";
import type { Database } from "../database.ts";
import type { Queryable } from "../driver.ts";
import { PgRows } from "../rows.ts";
import { insertOf } from "../table-sql.ts";

const insert = insertOf(Certificate);

const fitting = `
  WHERE d.meter_id = $1::text
    AND ($2::text IS NULL OR d.instance_id = $2::text)
    AND ($3::int IS NULL OR d.certificate_entity = $3::int)
    AND ($4::int IS NULL OR d.certificate_usage = $4::int)
    AND ($5::bytea IS NULL OR d.serial_number = $5::bytea)
    AND ($6::bytea IS NULL OR d.issuer = $6::bytea)
    AND ($7::bytea IS NULL OR d.system_title = $7::bytea)
  ORDER BY t.id`;

/** Adds a checked certificate. Fault `duplicate`. */
export async function addCertificateIn(tx: Queryable, row: Certificate): Promise<void> {
  await tx.query(insert, parametersOf(Certificate, row));
}

const remove = `
  DELETE FROM certificates t USING certificate_details d
  WHERE d.certificate_id = t.id AND d.meter_id = $1::text AND d.instance_id = $2::text
    AND d.serial_number = $3::bytea AND d.issuer = $4::bytea`;

/** Removes the certificate of a Security setup, if it exists. */
export async function removeCertificateIn(
  tx: Queryable,
  named: Required<Pick<Certificate, "meterId" | "instanceId" | "serialNumber" | "issuer">>,
): Promise<void> {
  await tx.query(remove, [named.meterId, named.instanceId, named.serialNumber, named.issuer]);
}

export class PgCertificates extends PgRows<typeof Certificate> implements Certificates {
  constructor(db: Database) {
    super(db, Certificate);
  }

  // A key that is absent matches all.
  async find(query: CertificateQuery): Promise<readonly Stored<Certificate>[]> {
    return this.listed(fitting, [
      query.meterId,
      query.instanceId === undefined ? null : logicalName(query.instanceId),
      query.certificateEntity ?? null,
      query.certificateUsage ?? null,
      query.serialNumber ?? null,
      query.issuer ?? null,
      query.systemTitle ?? null,
    ]);
  }
}
