import { instant, integer, octets, oneOf, optional, text } from "./fields.ts";
import type { Rows } from "./rows.ts";
import { type RowOf, shape } from "./shape.ts";

/** An X.509 certificate that a meter or a client holds. */
export const Certificate = shape("certificates", {
  /** Whose: the id of the row in meters (DEVICE), the client's SAP (CLIENT), or 0 (AUTHORITY). */
  entityId: integer(0),
  certificateType: oneOf("DEVICE", "AUTHORITY", "CLIENT"),
  /** DER. */
  certificateData: octets(1, 0x10000),
  validFrom: instant,
  validUntil: instant,
  /** As the user's tools name it: `VALID`, `REVOKED` … */
  status: optional(text(10)),
});
export type Certificate = RowOf<typeof Certificate>;
export type Certificates = Rows<Certificate>;
