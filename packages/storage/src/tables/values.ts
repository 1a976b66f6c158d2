import { instant, integer, logicalNameText, octets, text } from "../fields.ts";
import { type RowOf, table } from "../shape.ts";

/** An attribute of a meter that was written: the overlay on its template. */
export const AttributeValue = table(
  "attribute_values",
  {
    meterId: text(100, 1),
    logicalDevice: integer(0, 0xffff),
    classId: integer(0, 0xffff),
    instanceId: logicalNameText,
    attributeId: integer(-128, 127),
    /** The A-XDR encoding of its Data. */
    encoded: octets(1, 0x1000000),
    /** ms since 1970 UTC. */
    updatedAt: instant,
  },
  { key: ["meterId", "logicalDevice", "classId", "instanceId", "attributeId"], references: { meterId: "meters" } },
);
export type AttributeValue = RowOf<typeof AttributeValue>;

export interface AttributeValues {
  /** All of one meter, by logical device, logical name, class and attribute. */
  of(meterId: string): Promise<readonly AttributeValue[]>;
  /** Sets them, all or none; durable when it resolves. Fault `unknown-reference`: there is no such meter. */
  put(values: readonly AttributeValue[]): Promise<void>;
  /** Back to what the template says; whether there was a value. */
  remove(value: Omit<AttributeValue, "encoded" | "updatedAt">): Promise<boolean>;
}
