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

/** The types whose value is an integer that a number holds exactly. */
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

/** The types that a compact-array can hold, without the array and structure around them. */
export type SimpleTypeName = Exclude<DataTypeName, "array" | "structure" | "compact-array">;

/** What the items of a compact-array are. */
export type TypeDescription =
  | { readonly type: SimpleTypeName }
  | { readonly type: "array"; readonly count: number; readonly element: TypeDescription }
  | { readonly type: "structure"; readonly elements: readonly TypeDescription[] };

/**
 * A COSEM Data value. Octets are `Uint8Array`, 64-bit integers `bigint`, a bit-string a text of 0 and 1 (first bit first),
 * a visible-string one character (U+0000 to U+00FF) an octet, bcd its octet as a number 0 to 255.
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

/** Octets that are already an encoded Data: written as they are, never produced by reading a Data tree. */
export interface EncodedData {
  readonly type: "encoded";
  readonly octets: Uint8Array;
}

/**
 * What a stream gives: octets; `"later"`, none yet, so that other work gets its turn; an error, which is its end; undefined at
 * its end.
 */
export type StreamPart = Uint8Array | "later" | { readonly error: DataAccessResultName } | undefined;

/**
 * The octets of one encoded Data, tag and all, given in parts as they are asked for: a long value that never is in memory
 * whole. It is read once. All parts must show the state of one moment; the maker of the stream ensures that.
 */
export interface StreamedData {
  readonly type: "streamed";
  /** The next part. About `wanted` octets are needed; more or fewer may be given. After an error or the end it is not called again. */
  next(wanted: number): StreamPart;
  /** Called once when the value is given up before its end. */
  close?(): void;
}

/** A Data tree, or one that is encoded already, or is encoded as it is sent. */
export type DataLike = Data | EncodedData | StreamedData;

/** The one value of null-data that decoders return. */
export const nullData: Data = Object.freeze({ type: "null-data" });
/** The one value of dont-care that decoders return. */
export const dontCare: Data = Object.freeze({ type: "dont-care" });

/** The name of each tag, undefined where none has it. */
export const typeOfTag: readonly (DataTypeName | undefined)[] = Object.entries(DataTag).reduce((names, [name, tag]) => {
  names[tag] = name as DataTypeName;
  return names;
}, new Array<DataTypeName | undefined>(256).fill(undefined));

/** A tag as faults show it: `0x0b`. */
export function tagText(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}
