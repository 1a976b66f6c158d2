import { instant, integer, logicalNameText, octets, text } from "../fields.ts";
import { type RowOf, table } from "../shape.ts";

/** An attribute of a meter that was written. It overrides the value in the template. */
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
  /** All values of one meter, ordered by logical device, logical name, class and attribute. */
  of(meterId: string): Promise<readonly AttributeValue[]>;
  /** Stores all values or none. They are durable when the promise resolves. Fault `unknown-reference`: there is no such meter. */
  put(values: readonly AttributeValue[]): Promise<void>;
  /** Restores the value of the template. Returns whether there was a stored value. */
  remove(value: Omit<AttributeValue, "encoded" | "updatedAt">): Promise<boolean>;
}
