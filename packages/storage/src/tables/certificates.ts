import { instant, integer, logicalNameText, octets, oneOf, optional, text } from "../fields.ts";
import type { Rows } from "../rows.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/** An X.509 certificate that a meter or a client has, or that it trusts. */
export const Certificate = table(
  "certificates",
  {
    /** The meter that has it. Absent: added by a user for all meters. */
    meterId: optional(text(100, 1)),
    /** The Security setup of the certificate. */
    instanceId: optional(logicalNameText),
    /** The owner, as in the Security setup: 0 server, 1 client, 2 certification authority, 3 other. */
    certificateEntity: optional(integer(0, 3)),
    /** The usage, as in the Security setup: 0 digital signature, 1 key agreement, 2 TLS, 3 other. */
    certificateUsage: optional(integer(0, 3)),
    /** The octets of the INTEGER, as in the certificate. */
    serialNumber: optional(octets(1, 32)),
    /** The issuer's Name in DER. */
    issuer: optional(octets(1, 2048)),
    /** The system title of the subject. */
    systemTitle: optional(octets(8)),
    /** The owner: the id of the row in meters (DEVICE), the client's SAP (CLIENT), or 0 (AUTHORITY). */
    entityId: integer(0),
    certificateType: oneOf("DEVICE", "AUTHORITY", "CLIENT"),
    /** DER. */
    certificateData: octets(1, 0x10000),
    validFrom: instant,
    validUntil: instant,
    /** The name in the user's tools: `VALID`, `REVOKED` … */
    status: optional(text(10)),
  },
  {
    unique: ["meterId", "instanceId", "serialNumber", "issuer"],
    references: { meterId: "meters" },
    details: {
      table: "certificate_details",
      key: "certificate_id",
      fields: [
        "meterId",
        "instanceId",
        "certificateEntity",
        "certificateUsage",
        "serialNumber",
        "issuer",
        "systemTitle",
      ],
    },
  },
);
export type Certificate = RowOf<typeof Certificate>;

/** Selects certificates of one meter. A key that is absent matches all. */
export interface CertificateQuery {
  readonly meterId: string;
  readonly instanceId?: string;
  readonly certificateEntity?: number;
  readonly certificateUsage?: number;
  readonly systemTitle?: Uint8Array;
  /** Together with `issuer`, identifies one certificate of a Security setup. */
  readonly serialNumber?: Uint8Array;
  readonly issuer?: Uint8Array;
}

/** A Security setup of a meter has each certificate only once, by serial number and issuer: Fault `duplicate`. */
export interface Certificates extends Rows<Certificate> {
  /** The matching certificates, ordered by id. */
  find(query: CertificateQuery): Promise<readonly Stored<Certificate>[]>;
}
