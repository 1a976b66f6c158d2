import { integer, logicalNameText, optional, text } from "../fields.ts";
import type { Rows } from "../rows.ts";
import { type RowOf, table } from "../shape.ts";

/** An association that a client may open. */
export const ClientAssociation = table(
  "client_associations",
  {
    /** The template of the meters that offer it. Absent: all meters. */
    template: optional(text(200, 1)),
    /** The logical device (server SAP) that offers it. */
    logicalDevice: integer(0, 0xffff),
    /** Logical name of the Association object, such as 0.0.40.0.3.255. */
    instanceId: logicalNameText,
    /** The client's SAP: 16 public, 32 meter reader, 48 utility in IS 15959. */
    clientId: integer(0, 0xffff),
    /** Authentication mechanism 0 to 7 (Green Book 9.4.2.2.3). */
    authenticationLevel: integer(0, 7),
    /** The name of the application context in the standard: `logical-name`, `logical-name-with-ciphering` … */
    contextName: text(100, 1),
    /**
     * The conformance block as an integer of its 24 bits. Bit 0 of the standard is the most significant bit: get is 0x10, set 0x08,
     * action 0x01.
     */
    conformance: integer(0, 0xffffff),
    /** The maximum APDU size that the meter accepts, octets. 0: no limit. */
    maxReceivePduSize: integer(0, 0xffff),
    /** The maximum APDU size that the meter sends, octets. 0: the maximum size that the client accepts. */
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
