import { integer, logicalNameText, optional, text } from "../fields.ts";
import type { Rows } from "../rows.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/** One COSEM object of a template. The combination of template, logical device, class and logical name is unique. */
export const ObisCode = table(
  "obis_codes",
  {
    template: text(200, 1),
    /** The logical device (server SAP) that holds it. */
    logicalDevice: integer(0, 0xffff),
    classId: integer(0, 0xffff),
    version: integer(0, 255),
    logicalName: logicalNameText,
    /** A name for people. */
    name: optional(text(200)),
  },
  { unique: ["template", "logicalDevice", "classId", "logicalName"], group: "template" },
);
export type ObisCode = RowOf<typeof ObisCode>;

export interface ObisCodes extends Rows<ObisCode> {
  of(template: string): Promise<readonly Stored<ObisCode>[]>;
  /** Adds the objects that are not stored yet. Returns all of them, in the given order, with their ids. */
  ensure(objects: readonly ObisCode[]): Promise<readonly Stored<ObisCode>[]>;
}
