import { integer, logicalNameText, optional, text } from "../fields.ts";
import type { Rows } from "../rows.ts";
import { type RowOf, table } from "../shape.ts";

/** What a client may open. */
export const ClientAssociation = table(
  "client_associations",
  {
    /** The template whose meters offer it; absent: all. */
    template: optional(text(200, 1)),
    /** The logical device (server SAP) that offers it. */
    logicalDevice: integer(0, 0xffff),
    /** Logical name of the Association object, such as 0.0.40.0.3.255. */
    instanceId: logicalNameText,
    /** The client's SAP: 16 public, 32 meter reader, 48 utility in IS 15959. */
    clientId: integer(0, 0xffff),
    /** Authentication mechanism 0 to 7 (Green Book 9.4.2.2.3). */
    authenticationLevel: integer(0, 7),
    /** Application context as the standard names it: `logical-name`, `logical-name-with-ciphering` … */
    contextName: text(100, 1),
    /** The conformance block as the integer of its 24 bits, bit 0 of the standard first: get is 0x10, set 0x08, action 0x01. */
    conformance: integer(0, 0xffffff),
    /** The largest APDU that the meter takes, octets; 0: no limit. */
    maxReceivePduSize: integer(0, 0xffff),
    /** The largest APDU that the meter sends, octets; 0: what the client takes. */
    maxSendPduSize: integer(0, 0xffff),
    dlmsVersion: integer(0, 255),
    qualityOfService: integer(-128, 127),
  },
  {
    group: "template",
    details: {
      table: "client_association_details",
      key: "association_id",
      fields: ["template", "logicalDevice", "instanceId"],
      defaults: { logicalDevice: 1, instanceId: "0.0.40.0.0.255" },
    },
  },
);
export type ClientAssociation = RowOf<typeof ClientAssociation>;
export type ClientAssociations = Rows<ClientAssociation>;
