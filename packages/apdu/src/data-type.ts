import type { CosemDate, CosemDateTime, CosemTime } from "@dlmskit/core";
import type { DataAccessResultName } from "./enumerations.ts";

/** The tag of each type of the Data CHOICE (IEC 62056-5-3, COSEM ASN.1). */
export const DataTag = {
  "null-data": 0,
  array: 1,
  structure: 2,
  boolean: 3,
  "bit-string": 4,
  "double-long": 5,
  "double-long-unsigned": 6,
  "octet-string": 9,
  "visible-string": 10,
  "utf8-string": 12,
  bcd: 13,
  integer: 15,
  long: 16,
  unsigned: 17,
  "long-unsigned": 18,
  "compact-array": 19,
  long64: 20,
  "long64-unsigned": 21,
  enum: 22,
  float32: 23,
  float64: 24,
  "date-time": 25,
  date: 26,
  time: 27,
  "delta-integer": 28,
  "delta-long": 29,
  "delta-double-long": 30,
  "delta-unsigned": 31,
  "delta-long-unsigned": 32,
  "delta-double-long-unsigned": 33,
  "dont-care": 255,
} as const;

/** The name of a type of Data. */
export type DataTypeName = keyof typeof DataTag;

/** The types whose value is an integer that a `number` represents exactly. */
export type IntegerTypeName =
  | "integer"
  | "long"
  | "double-long"
  | "unsigned"
  | "long-unsigned"
  | "double-long-unsigned"
  | "enum"
  | "bcd"
  | "delta-integer"
  | "delta-long"
  | "delta-double-long"
  | "delta-unsigned"
  | "delta-long-unsigned"
  | "delta-double-long-unsigned";

/** The types that a compact-array can hold, except array and structure. */
export type SimpleTypeName = Exclude<DataTypeName, "array" | "structure" | "compact-array">;

/** The type of the items of a compact-array. */
export type TypeDescription =
  | { readonly type: SimpleTypeName }
  | { readonly type: "array"; readonly count: number; readonly element: TypeDescription }
  | { readonly type: "structure"; readonly elements: readonly TypeDescription[] };

/**
 * A COSEM Data value. Octets are a `Uint8Array`, a 64-bit integer is a `bigint`, a bit-string is a string of 0 and 1 (first bit
 * first), a visible-string has one character (U+0000 to U+00FF) per octet, and bcd is its octet as a number 0 to 255.
 */
export type Data =
  | { readonly type: "null-data" }
  | { readonly type: "dont-care" }
  | { readonly type: "array"; readonly value: readonly Data[] }
  | { readonly type: "structure"; readonly value: readonly Data[] }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "bit-string"; readonly value: string }
  | { readonly type: "octet-string"; readonly value: Uint8Array }
  | { readonly type: "visible-string"; readonly value: string }
  | { readonly type: "utf8-string"; readonly value: string }
  | { readonly type: IntegerTypeName; readonly value: number }
  | { readonly type: "long64"; readonly value: bigint }
  | { readonly type: "long64-unsigned"; readonly value: bigint }
  | { readonly type: "float32"; readonly value: number }
  | { readonly type: "float64"; readonly value: number }
  | { readonly type: "date-time"; readonly value: CosemDateTime }
  | { readonly type: "date"; readonly value: CosemDate }
  | { readonly type: "time"; readonly value: CosemTime }
  | { readonly type: "compact-array"; readonly contents: TypeDescription; readonly value: readonly Data[] };

/** The octets of an encoded Data. They are written without a change, and are never the result of reading a Data tree. */
export interface EncodedData {
  readonly type: "encoded";
  readonly octets: Uint8Array;
}

/**
 * A result of a stream: octets; `"later"` if there are none yet, so that other work can run; an error, which ends the stream;
 * undefined at the end.
 */
export type StreamPart = Uint8Array | "later" | { readonly error: DataAccessResultName } | undefined;

/**
 * The octets of one encoded Data with its tag, in parts that are made on request. A long value is therefore never completely in
 * memory. It is read once. All parts must have the values of the same point in time; the creator of the stream ensures this.
 */
export interface StreamedData {
  readonly type: "streamed";
  /** Gives the next part. About `wanted` octets are needed; more or fewer are allowed. Not called again after an error or the end. */
  next(wanted: number): StreamPart;
  /** Called once if the rest of the value is not needed. */
  close?(): void;
}

/** A Data tree, an encoded Data, or a Data that is encoded while it is sent. */
export type DataLike = Data | EncodedData | StreamedData;

/** The value of null-data that decoders return. */
export const nullData: Data = Object.freeze({ type: "null-data" });
/** The value of dont-care that decoders return. */
export const dontCare: Data = Object.freeze({ type: "dont-care" });

/** The type name of each tag; undefined if no type has the tag. */
export const typeOfTag: readonly (DataTypeName | undefined)[] = Object.entries(DataTag).reduce((names, [name, tag]) => {
  names[tag] = name as DataTypeName;
  return names;
}, new Array<DataTypeName | undefined>(256).fill(undefined));

/** The text of a tag in Faults: `0x0b`. */
export function tagText(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}
