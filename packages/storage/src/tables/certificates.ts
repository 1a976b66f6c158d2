import { instant, integer, logicalNameText, octets, oneOf, optional, text } from "../fields.ts";
import type { Rows } from "../rows.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/** An X.509 certificate that a meter or a client holds, or that it trusts. */
export const Certificate = table(
  "certificates",
  {
    /** The meter that holds it; absent: what a hand added for all to see. */
    meterId: optional(text(100, 1)),
    /** The Security setup that it belongs to. */
    instanceId: optional(logicalNameText),
    /** Whose it is, as the Security setup numbers it: 0 server, 1 client, 2 certification authority, 3 other. */
    certificateEntity: optional(integer(0, 3)),
    /** What for, likewise: 0 digital signature, 1 key agreement, 2 TLS, 3 other. */
    certificateUsage: optional(integer(0, 3)),
    /** The INTEGER's octets, as the certificate has them. */
    serialNumber: optional(octets(1, 32)),
    /** The issuer's Name in DER. */
    issuer: optional(octets(1, 2048)),
    /** The system title that the subject has. */
    systemTitle: optional(octets(8)),
    /** Whose: the id of the row in meters (DEVICE), the client's SAP (CLIENT), or 0 (AUTHORITY). */
    entityId: integer(0),
    certificateType: oneOf("DEVICE", "AUTHORITY", "CLIENT"),
    /** DER. */
    certificateData: octets(1, 0x10000),
    validFrom: instant,
    validUntil: instant,
    /** As the user's tools name it: `VALID`, `REVOKED` … */
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

/** Certificates of one meter; absent keys match all. */
export interface CertificateQuery {
  readonly meterId: string;
  readonly instanceId?: string;
  readonly certificateEntity?: number;
  readonly certificateUsage?: number;
  readonly systemTitle?: Uint8Array;
  /** Together these name one certificate of a Security setup. */
  readonly serialNumber?: Uint8Array;
  readonly issuer?: Uint8Array;
}

/** A meter's Security setup has a certificate once, by serial number and issuer: Fault `duplicate`. */
export interface Certificates extends Rows<Certificate> {
  /** What fits, by id. */
  find(query: CertificateQuery): Promise<readonly Stored<Certificate>[]>;
}
