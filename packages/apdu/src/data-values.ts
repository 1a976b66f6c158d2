import {
  CosemDate,
  CosemDateTime,
  CosemTime,
  Fault,
  i64,
  inRange,
  type Reader,
  toLatin1,
  u64,
  type Writer,
} from "@dlmskit/core";
import { type Data, DataTag, dontCare, nullData, tagText, typeOfTag } from "./data-type.ts";

const bitsOf = Array.from({ length: 256 }, (_, octet) => octet.toString(2).padStart(8, "0"));

/** The first `count` bits of octets as a string of 0 and 1. */
export function bitText(octets: Uint8Array, count: number): string {
  let text = "";
  for (const octet of octets) text += bitsOf[octet];
  return text.slice(0, count);
}

/** The octets of a string of 0 and 1; the last octet is filled with zero bits. Fault `bad-value`. */
export function bitOctets(text: string): Uint8Array {
  if (typeof text !== "string" || /[^01]/.test(text)) {
    throw new Fault("bad-value", "a bit-string must be a text of 0 and 1", { layer: "axdr" });
  }
  const octets = new Uint8Array((text.length + 7) >> 3);
  for (let at = 0; at < octets.length; at++) {
    octets[at] = Number.parseInt(text.slice(at * 8, at * 8 + 8).padEnd(8, "0"), 2);
  }
  return octets;
}

/** The octets of a text of characters U+0000 to U+00FF. Fault `bad-value` for any other character. */
export function latin1Octets(text: string): Uint8Array {
  if (typeof text !== "string") throw new Fault("bad-value", `${typeof text} is not text`, { layer: "axdr" });
  const octets = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0xff) {
      throw new Fault("bad-value", `a visible-string cannot contain "${text[at]}"`, {
        layer: "axdr",
        hint: "use utf8-string for characters outside of U+0000 to U+00FF",
      });
    }
    octets[at] = code;
  }
  return octets;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/** Reads a length and UTF-8 text. Fault `bad-utf8`. */
export function readUtf8(from: Reader): string {
  const octets = from.take(from.boundedLength());
  try {
    return utf8.decode(octets);
  } catch {
    throw from.fault("bad-utf8", "these octets are not UTF-8", from.at - octets.length);
  }
}

export function utf8Octets(text: string): Uint8Array {
  if (typeof text !== "string" || /\p{Surrogate}/u.test(text)) {
    throw new Fault("bad-value", "a utf8-string cannot contain lone surrogates", { layer: "axdr" });
  }
  return utf8Encoder.encode(text);
}

/** Reads a length in bits and the octets of the bits. */
export function readBits(from: Reader): string {
  const at = from.at;
  const count = from.length();
  if (count > from.remaining * 8) {
    throw from.fault("bad-length", `${count} bits do not fit into the ${from.remaining} octets that are left`, at);
  }
  return bitText(from.take((count + 7) >>> 3), count);
}

export function writeBits(text: string, to: Writer): void {
  const octets = bitOctets(text);
  to.size(text.length);
  to.put(octets);
}

/** Gives `value`. Fault `type-unmatched` unless it is octets. */
export function asOctets(value: Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new Fault("type-unmatched", "expected octets (Uint8Array)", { layer: "axdr" });
  }
  return value;
}

/** Gives `value`. Fault `type-unmatched` unless it is a number. */
export function asNumber(value: number): number {
  if (typeof value !== "number") {
    throw new Fault("type-unmatched", `expected a number, not ${typeof value}`, { layer: "axdr" });
  }
  return value;
}

/** Reads a value of a simple type, after its tag. */
export function readSimple(tag: number, from: Reader): Data {
  switch (tag) {
    case DataTag["null-data"]:
      return nullData;
    case DataTag.boolean:
      return { type: "boolean", value: from.u8() !== 0 };
    case DataTag["bit-string"]:
      return { type: "bit-string", value: readBits(from) };
    case DataTag["double-long"]:
      return { type: "double-long", value: from.i32() };
    case DataTag["double-long-unsigned"]:
      return { type: "double-long-unsigned", value: from.u32() };
    case DataTag["octet-string"]:
      return { type: "octet-string", value: from.take(from.boundedLength()) };
    case DataTag["visible-string"]:
      return { type: "visible-string", value: toLatin1(from.take(from.boundedLength())) };
    case DataTag["utf8-string"]:
      return { type: "utf8-string", value: readUtf8(from) };
    case DataTag.bcd:
      return { type: "bcd", value: from.u8() };
    case DataTag.integer:
      return { type: "integer", value: from.i8() };
    case DataTag.long:
      return { type: "long", value: from.i16() };
    case DataTag.unsigned:
      return { type: "unsigned", value: from.u8() };
    case DataTag["long-unsigned"]:
      return { type: "long-unsigned", value: from.u16() };
    case DataTag.long64:
      return { type: "long64", value: from.i64() };
    case DataTag["long64-unsigned"]:
      return { type: "long64-unsigned", value: from.u64() };
    case DataTag.enum:
      return { type: "enum", value: from.u8() };
    case DataTag.float32:
      return { type: "float32", value: from.f32() };
    case DataTag.float64:
      return { type: "float64", value: from.f64() };
    case DataTag["date-time"]:
      return { type: "date-time", value: CosemDateTime.read(from) };
    case DataTag.date:
      return { type: "date", value: CosemDate.read(from) };
    case DataTag.time:
      return { type: "time", value: CosemTime.read(from) };
    case DataTag["delta-integer"]:
      return { type: "delta-integer", value: from.i8() };
    case DataTag["delta-long"]:
      return { type: "delta-long", value: from.i16() };
    case DataTag["delta-double-long"]:
      return { type: "delta-double-long", value: from.i32() };
    case DataTag["delta-unsigned"]:
      return { type: "delta-unsigned", value: from.u8() };
    case DataTag["delta-long-unsigned"]:
      return { type: "delta-long-unsigned", value: from.u16() };
    case DataTag["delta-double-long-unsigned"]:
      return { type: "delta-double-long-unsigned", value: from.u32() };
    case DataTag["dont-care"]:
      return dontCare;
    default:
      throw from.fault("unknown-tag", `no type of Data has the tag ${tagText(tag)}`, Math.max(from.at - 1, 0));
  }
}

/** The value itself if it is an integer of 32 bits; otherwise the Fault of `inRange`. */
const i32Of = (v: number): number => (typeof v === "number" && (v | 0) === v ? v : inRange(v, -0x80000000, 0x7fffffff));
const u32Of = (v: number): number => (typeof v === "number" && v >>> 0 === v ? v : inRange(v, 0, 0xffffffff));
const i16Of = (v: number): number => (typeof v === "number" && (v << 16) >> 16 === v ? v : inRange(v, -0x8000, 0x7fff));
const u16Of = (v: number): number => (typeof v === "number" && (v & 0xffff) === v ? v : inRange(v, 0, 0xffff));
const i8Of = (v: number): number => (typeof v === "number" && (v << 24) >> 24 === v ? v : inRange(v, -0x80, 0x7f));
const u8Of = (v: number): number => (typeof v === "number" && (v & 0xff) === v ? v : inRange(v, 0, 0xff));

type SimpleData = Exclude<Data, { type: "array" | "structure" | "compact-array" }>;
type Valued = { readonly value: never };

/**
 * Writes a value of a simple type without its tag. `tag` is the tag of the type: a switch on a number is faster than one on a
 * name. Faults `out-of-range`, `type-unmatched`, `bad-value`.
 */
export function writeSimple(data: SimpleData, to: Writer, tag: number = DataTag[data.type]): void {
  const { value } = data as unknown as Valued;
  switch (tag) {
    case DataTag["null-data"]:
    case DataTag["dont-care"]:
      return;
    case DataTag.boolean:
      to.u8(value ? 1 : 0);
      return;
    case DataTag["bit-string"]:
      writeBits(value, to);
      return;
    case DataTag["double-long"]:
    case DataTag["delta-double-long"]:
      to.u32(i32Of(value));
      return;
    case DataTag["double-long-unsigned"]:
    case DataTag["delta-double-long-unsigned"]:
      to.u32(u32Of(value));
      return;
    case DataTag["octet-string"]:
      to.sized(asOctets(value));
      return;
    case DataTag["visible-string"]:
      to.sized(latin1Octets(value));
      return;
    case DataTag["utf8-string"]:
      to.sized(utf8Octets(value));
      return;
    case DataTag.integer:
    case DataTag["delta-integer"]:
      to.u8(i8Of(value));
      return;
    case DataTag.long:
    case DataTag["delta-long"]:
      to.u16(i16Of(value));
      return;
    case DataTag.unsigned:
    case DataTag.enum:
    case DataTag.bcd:
    case DataTag["delta-unsigned"]:
      to.u8(u8Of(value));
      return;
    case DataTag["long-unsigned"]:
    case DataTag["delta-long-unsigned"]:
      to.u16(u16Of(value));
      return;
    case DataTag.long64:
      i64.write(value, to);
      return;
    case DataTag["long64-unsigned"]:
      u64.write(value, to);
      return;
    case DataTag.float32:
      to.f32(asNumber(value));
      return;
    case DataTag.float64:
      to.f64(asNumber(value));
      return;
    case DataTag["date-time"]:
      CosemDateTime.write(value, to);
      return;
    case DataTag.date:
      CosemDate.write(value, to);
      return;
    case DataTag.time:
      CosemTime.write(value, to);
      return;
    default:
      throw unknownType(data);
  }
}

/** Fault `unknown-type`: `type` of the value is not a type of Data. */
export function unknownType(data: unknown): Fault {
  const type = typeof data === "object" && data !== null ? (data as { type?: unknown }).type : data;
  return new Fault("unknown-type", `"${String(type)}" is not a type of Data`, {
    layer: "axdr",
    hint: `one of ${typeOfTag.filter((name) => name !== undefined).join(", ")}`,
  });
}
