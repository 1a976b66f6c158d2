import { asText, badJson, type Codec, type Json } from "./codec.ts";
import { Fault } from "./fault.ts";
import { type FixedInline, inlined } from "./inline.ts";
import { byFunctions, integerInlines } from "./inline-parts.ts";
import { fromHex, toHex } from "./octets.ts";
import type { Reader } from "./reader.ts";
import { inRange, type Writer } from "./writer.ts";

function integer(
  low: number,
  high: number,
  read: (from: Reader) => number,
  write: (value: number, to: Writer) => void,
  inline: FixedInline,
): Codec<number> {
  const codec: Codec<number> = {
    read,
    write: (value, to) => write(inRange(value, low, high), to),
    toJson: (value) => value,
    fromJson(json) {
      if (typeof json !== "number") throw badJson(`an integer from ${low} to ${high}`, json);
      return inRange(json, low, high);
    },
  };
  return inlined(codec, inline);
}

export const u8: Codec<number> = integer(
  0,
  0xff,
  (from) => from.u8(),
  (value, to) => to.u8(value),
  integerInlines.u8,
);
export const u16: Codec<number> = integer(
  0,
  0xffff,
  (from) => from.u16(),
  (value, to) => to.u16(value),
  integerInlines.u16,
);
export const u32: Codec<number> = integer(
  0,
  0xffffffff,
  (from) => from.u32(),
  (value, to) => to.u32(value),
  integerInlines.u32,
);
export const i8: Codec<number> = integer(
  -0x80,
  0x7f,
  (from) => from.i8(),
  (value, to) => to.u8(value),
  integerInlines.i8,
);
export const i16: Codec<number> = integer(
  -0x8000,
  0x7fff,
  (from) => from.i16(),
  (value, to) => to.u16(value),
  integerInlines.i16,
);
export const i32: Codec<number> = integer(
  -0x80000000,
  0x7fffffff,
  (from) => from.i32(),
  (value, to) => to.u32(value),
  integerInlines.i32,
);

const word = (octets: Uint8Array, at: number): number =>
  (((octets[at] as number) << 24) |
    ((octets[at + 1] as number) << 16) |
    ((octets[at + 2] as number) << 8) |
    (octets[at + 3] as number)) >>>
  0;
// If a number can hold the value exactly, one conversion to bigint is enough.
const join64 = (high: number, low: number): bigint =>
  high < 0x200000 && high >= -0x200000 ? BigInt(high * 0x100000000 + low) : (BigInt(high) << 32n) | BigInt(low);
const u64At = (octets: Uint8Array, at: number): bigint => join64(word(octets, at), word(octets, at + 4));
const i64At = (octets: Uint8Array, at: number): bigint => join64(word(octets, at) | 0, word(octets, at + 4));

function integer64(
  low: bigint,
  high: bigint,
  read: (from: Reader) => bigint,
  readAt: (octets: Uint8Array, at: number) => bigint,
): Codec<bigint> {
  const isIn = (value: bigint): boolean => typeof value === "bigint" && value >= low && value <= high;
  const check = (value: bigint): bigint => {
    if (!isIn(value)) throw new Fault("out-of-range", `${String(value)} is not a bigint from ${low} to ${high}`);
    return value;
  };
  const codec: Codec<bigint> = {
    read,
    write: (value, to) => to.u64(check(value)),
    toJson: (value) => value.toString(),
    fromJson(json) {
      const text = typeof json === "number" && Number.isSafeInteger(json) ? String(json) : json;
      if (typeof text !== "string" || !/^-?\d{1,20}$/.test(text)) throw badJson("a decimal integer as text", json);
      return check(BigInt(text));
    },
  };
  return inlined(
    codec,
    byFunctions<bigint>(8, readAt, (value, octets, at) => {
      if (!isIn(value)) return false;
      let rest = BigInt.asUintN(64, value);
      for (let step = 7; step >= 0; step--, rest >>= 8n) octets[at + step] = Number(rest & 0xffn);
      return true;
    }),
  );
}

export const u64: Codec<bigint> = integer64(0n, 0xffffffffffffffffn, (from) => from.u64(), u64At);
export const i64: Codec<bigint> = integer64(-0x8000000000000000n, 0x7fffffffffffffffn, (from) => from.i64(), i64At);

/** A float in JSON: a number, or `"NaN"`, `"Infinity"`, `"-Infinity"`. Minus zero is `"-0"`. */
function float(read: (from: Reader) => number, write: (value: number, to: Writer) => void): Codec<number> {
  return {
    read,
    write,
    toJson: (value) =>
      Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? "-0" : String(value),
    fromJson(json) {
      if (typeof json === "number") return json;
      if (json === "NaN" || json === "Infinity" || json === "-Infinity" || json === "-0") return Number(json);
      throw badJson('a number, "NaN", "Infinity" or "-Infinity"', json);
    },
  };
}

export const f32: Codec<number> = float(
  (from) => from.f32(),
  (value, to) => to.f32(value),
);
export const f64: Codec<number> = float(
  (from) => from.f64(),
  (value, to) => to.f64(value),
);

const hexJson = {
  toJson: (value: Uint8Array): Json => toHex(value),
  fromJson: (json: Json): Uint8Array => fromHex(asText(json)),
};

/** Exactly `count` octets. */
export function octets(count: number): Codec<Uint8Array> {
  const check = (value: Uint8Array): Uint8Array => {
    if (value.length === count) return value;
    throw new Fault("bad-length", `${value.length} octets instead of ${count}`);
  };
  return {
    read: (from) => from.take(count),
    write: (value, to) => to.put(check(value)),
    toJson: hexJson.toJson,
    fromJson: (json) => check(hexJson.fromJson(json)),
  };
}

/** A length, then that number of octets. */
export const sizedOctets: Codec<Uint8Array> = {
  read: (from) => from.take(from.boundedLength()),
  write: (value, to) => to.sized(value),
  ...hexJson,
};

/** All octets that are left. */
export const restOctets: Codec<Uint8Array> = {
  read: (from) => from.rest(),
  write: (value, to) => to.put(value),
  ...hexJson,
};

/** A BOOLEAN of A-XDR: one octet. 0 is false, any other value is true. It is written as 0 or 1. */
export const bool: Codec<boolean> = {
  read: (from) => from.u8() !== 0,
  write: (value, to) => to.u8(value ? 1 : 0),
  toJson: (value) => value,
  fromJson(json) {
    if (typeof json !== "boolean") throw badJson("true or false", json);
    return json;
  },
};

/** No octets. The value is `null`. */
export const nothing: Codec<null> = {
  read: () => null,
  write: () => undefined,
  toJson: () => null,
  fromJson: () => null,
};
