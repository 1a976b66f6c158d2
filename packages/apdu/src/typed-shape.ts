import { type Codec, unspecifiedDate, unspecifiedDateTime, unspecifiedTime } from "@dlmskit/core";
import { type Data, type DataTypeName, nullData } from "./data-type.ts";

/** The content of an octet-string of a fixed length. */
export type Held = "logical-name" | "date-time" | "date" | "time";

/**
 * The structure of the values of a typed description, for code that uses the description without octets. An array without
 * `item`, a structure without `elements` and an undefined element have any type.
 */
export type DataShape =
  | {
      readonly type: Exclude<DataTypeName, "array" | "structure">;
      /** The number of octets of an octet-string or of bits of a bit-string, if it is fixed. */
      readonly length?: number;
      readonly holds?: Held;
      /** The named numbers of an enum. */
      readonly names?: Readonly<Record<string, number>>;
    }
  | { readonly type: "array"; readonly item?: DataShape | undefined }
  | { readonly type: "structure"; readonly elements?: Readonly<Record<string, DataShape | undefined>> }
  | { readonly type: "choice"; readonly among: readonly DataShape[] }
  | { readonly type: "any" };

/** The shape of a codec made by `T`; undefined for any other codec. */
// biome-ignore lint/suspicious/noExplicitAny: whatever a codec is for
export function shapeOf(codec: Codec<any>): DataShape | undefined {
  return (codec as { readonly shape?: DataShape }).shape;
}

/**
 * The simplest Data of a shape: 0, false, no octets, an empty array; a date and time that is not specified; the lowest named
 * number of an enum; the first type of a choice; null-data if any type is allowed.
 */
export function initialData(shape: DataShape | undefined): Data {
  if (shape === undefined) return nullData;
  switch (shape.type) {
    case "any":
      return nullData;
    case "array":
      return { type: "array", value: [] };
    case "structure":
      return { type: "structure", value: Object.values(shape.elements ?? {}).map(initialData) };
    case "choice":
      return initialData(shape.among[0]);
    case "null-data":
    case "dont-care":
      return { type: shape.type };
    case "boolean":
      return { type: "boolean", value: false };
    case "bit-string":
      return { type: "bit-string", value: "0".repeat(shape.length ?? 0) };
    case "octet-string": {
      const isTime = shape.holds !== undefined && shape.holds !== "logical-name";
      return { type: "octet-string", value: new Uint8Array(shape.length ?? 0).fill(isTime ? 0xff : 0) };
    }
    case "visible-string":
    case "utf8-string":
      return { type: shape.type, value: "" };
    case "long64":
    case "long64-unsigned":
      return { type: shape.type, value: 0n };
    case "enum":
      return { type: "enum", value: shape.names === undefined ? 0 : Math.min(...Object.values(shape.names)) };
    case "date-time":
      return { type: "date-time", value: unspecifiedDateTime };
    case "date":
      return { type: "date", value: unspecifiedDate };
    case "time":
      return { type: "time", value: unspecifiedTime };
    case "compact-array":
      return { type: "compact-array", contents: { type: "null-data" }, value: [] };
    default:
      return { type: shape.type, value: 0 };
  }
}
