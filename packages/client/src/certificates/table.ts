import { Fault, sameOctets } from "@dlmskit/core";
import { CertificateEntity, CertificateType } from "@dlmskit/cosem-objects";
import { type Certificate, parseCertificate, usageOf } from "@dlmskit/security/certificates";

/** The status of a certificate. `PENDING`: it was issued, and the meter has not yet confirmed that it has it. */
export type CertificateStatus = "VALID" | "PENDING" | "REPLACED" | "REVOKED";

/** A row of the table `certificates`, in the form of `Certificate` of `@dlmskit/storage`. */
export interface CertificateRow {
  /** The meter that owns the row. The lifecycle ignores such rows: the operator need not trust what a meter was told to trust. */
  readonly meterId?: string;
  readonly instanceId?: string;
  readonly certificateEntity?: number;
  readonly certificateUsage?: number;
  readonly serialNumber?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly systemTitle?: Uint8Array;
  /** The holder: the id of the row in meters (DEVICE), the client's SAP (CLIENT), or 0 (AUTHORITY). */
  readonly entityId: number;
  readonly certificateType: "DEVICE" | "AUTHORITY" | "CLIENT";
  readonly certificateData: Uint8Array;
  readonly validFrom: number;
  readonly validUntil: number;
  /** A `CertificateStatus`; any other value, or none, counts as `VALID`. */
  readonly status?: string;
}
export type StoredCertificate = CertificateRow & { readonly id: number };

/** The store of certificates, for example `certificates` of a store of `@dlmskit/storage`. */
export interface CertificateTable {
  list(): Promise<readonly StoredCertificate[]>;
  get(id: number): Promise<StoredCertificate | undefined>;
  add(row: CertificateRow): Promise<number>;
  replace(id: number, row: CertificateRow): Promise<boolean>;
  remove(id: number): Promise<boolean>;
}

const entities = {
  DEVICE: CertificateEntity.server,
  CLIENT: CertificateEntity.client,
  AUTHORITY: CertificateEntity["certification-authority"],
} as const;

/** The row of a certificate with a holder. */
export function rowOf(
  certificate: Certificate,
  holder: Pick<CertificateRow, "certificateType" | "entityId">,
  status: CertificateStatus,
): CertificateRow {
  const { certificateType, entityId } = holder;
  const { systemTitle } = certificate;
  return {
    certificateType,
    entityId,
    certificateEntity: entities[certificateType],
    certificateUsage: CertificateType[usageOf(certificate) ?? "other"],
    serialNumber: certificate.serialNumber,
    issuer: certificate.issuer,
    ...(systemTitle && { systemTitle }),
    certificateData: certificate.der,
    validFrom: certificate.notBefore,
    validUntil: certificate.notAfter,
    status,
  };
}

const notInForce: readonly string[] = ["PENDING", "REPLACED", "REVOKED"] satisfies readonly CertificateStatus[];

/** Whether the status allows the use of the certificate. */
export function inForce({ status }: CertificateRow): boolean {
  return status === undefined || !notInForce.includes(status);
}

/** A row whose certificate can be read. */
export interface HeldCertificate {
  readonly id: number;
  readonly row: StoredCertificate;
  readonly certificate: Certificate;
}

/** Decodes a row. Faults `bad-certificate` and the others of `parseCertificate`; the path is the row. */
export function heldOf(row: StoredCertificate): HeldCertificate {
  try {
    return { id: row.id, row, certificate: parseCertificate(row.certificateData) };
  } catch (caught) {
    if (caught instanceof Fault) caught.path.unshift("certificates", `id ${row.id}`);
    throw caught;
  }
}

/** Whether both certificates have the same holder and the same use. */
export function sameUse(one: HeldCertificate, other: HeldCertificate): boolean {
  const { row, certificate } = one;
  if (holderOf(row) !== holderOf(other.row)) return false;
  return (
    sameOctets(certificate.subject, other.certificate.subject) &&
    usageOf(certificate) === usageOf(other.certificate) &&
    certificate.curve === other.certificate.curve
  );
}

/** The holder of the certificate, with the Security setup if the row belongs to a meter. */
export function holderOf({ certificateType, entityId, meterId = "", instanceId = "" }: CertificateRow): string {
  return JSON.stringify([certificateType, entityId, meterId, meterId === "" ? "" : instanceId]);
}
