import { integer, logicalNameText, optional, text } from "../fields.ts";
import type { Rows } from "../rows.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/** One COSEM object of a template. No two have the same template, logical device, class and logical name. */
export const ObisCode = table(
  "obis_codes",
  {
    template: text(200, 1),
    /** The logical device (server SAP) that holds it. */
    logicalDevice: integer(0, 0xffff),
    classId: integer(0, 0xffff),
    version: integer(0, 255),
    logicalName: logicalNameText,
    /** What people call it. */
    name: optional(text(200)),
  },
  { unique: ["template", "logicalDevice", "classId", "logicalName"], group: "template" },
);
export type ObisCode = RowOf<typeof ObisCode>;

export interface ObisCodes extends Rows<ObisCode> {
  of(template: string): Promise<readonly Stored<ObisCode>[]>;
  /** Adds the objects that are not there yet and gives all of them, in the order given, with their ids. */
  ensure(objects: readonly ObisCode[]): Promise<readonly Stored<ObisCode>[]>;
}
