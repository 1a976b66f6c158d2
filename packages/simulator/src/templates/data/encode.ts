import type { Data } from "@dlmskit/apdu";
import { type CosemDateTime, CosemDateTime as DateTime, encode, fromAscii } from "@dlmskit/core";
import type { Measured } from "../../meter/sample.ts";

const ranges: { readonly [type: string]: readonly [least: number, most: number] } = {
  integer: [-0x80, 0x7f],
  long: [-0x8000, 0x7fff],
  "double-long": [-0x80000000, 0x7fffffff],
  unsigned: [0, 0xff],
  "long-unsigned": [0, 0xffff],
  "double-long-unsigned": [0, 0xffffffff],
  enum: [0, 0xff],
};

/**
 * A measured value as Data of a type. A number is scaled; a number outside the range of the type becomes the nearest limit. Undefined: the
 * type cannot hold the value.
 */
export function measuredData(measured: Measured, type: string, scaler: number): Data | undefined {
  if (typeof measured === "number") return numberData(measured * 10 ** -scaler, type);
  if (typeof measured === "string") return textData(measured, type);
  return timeData(measured, type);
}

function numberData(value: number, type: string): Data | undefined {
  if (type === "float32" || type === "float64") {
    // A float32 has no more than nine significant digits.
    return { type, value: Math.fround(value) } as Data;
  }
  if (type === "long64" || type === "long64-unsigned") return { type, value: BigInt(Math.round(value)) } as Data;
  const range = ranges[type];
  if (range === undefined) return undefined;
  return { type, value: Math.min(range[1], Math.max(range[0], Math.round(value))) } as Data;
}

function textData(text: string, type: string): Data | undefined {
  if (type === "octet-string") return { type, value: fromAscii(text) };
  if (type === "bit-string") return { type, value: text };
  return type === "visible-string" || type === "utf8-string" ? { type, value: text } : undefined;
}

function timeData(time: CosemDateTime, type: string): Data | undefined {
  if (type === "octet-string") return { type, value: encode(DateTime, time) };
  return type === "date-time" ? { type, value: time } : undefined;
}
