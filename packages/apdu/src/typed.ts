import {
  asText,
  badJson,
  bool,
  type Codec,
  CosemDate,
  CosemDateTime,
  CosemTime,
  decode,
  encode,
  Fault,
  f32,
  f64,
  fromHex,
  i8,
  i16,
  i32,
  i64,
  type Json,
  LogicalName,
  named,
  type Of,
  type Reader,
  toHex,
  toLatin1,
  u8,
  u16,
  u32,
  u64,
} from "@dlmskit/core";
import { byFunctions, fixedInlineOf, inlined, prefixed, sizedBy } from "@dlmskit/core/internal";
import { Data, encodeData } from "./data.ts";
import { type DataLike, DataTag, type DataTypeName, type EncodedData } from "./data-type.ts";
import {
  asNumber,
  asOctets,
  bitOctets,
  latin1Octets,
  readBits,
  readUtf8,
  utf8Octets,
  writeBits,
} from "./data-values.ts";
import { array, structure } from "./typed-containers.ts";
import type { DataShape, Held } from "./typed-shape.ts";
import { simple, type TypedCodec, wrong } from "./typed-simple.ts";

const nothing: Codec<null> = {
  read: () => null,
  write(value) {
    if (value !== null) throw new Fault("type-unmatched", "expected null", { layer: "axdr" });
  },
  toJson: () => null,
  fromJson(json) {
    if (json !== null) throw badJson("null", json);
    return null;
  },
};

const strictBool: Codec<boolean> = {
  ...bool,
  write(value, to) {
    if (typeof value !== "boolean") throw new Fault("type-unmatched", "expected true or false", { layer: "axdr" });
    bool.write(value, to);
  },
};

const octetText = { toJson: toHex, fromJson: (json: Json) => fromHex(asText(json)) };

const sized: Codec<Uint8Array> = inlined<Codec<Uint8Array>>(
  {
    read: (from) => from.take(from.boundedLength()),
    write: (value, to) => to.sized(asOctets(value)),
    ...octetText,
  },
  sizedBy<Uint8Array>(
    (octets, at, count) => octets.subarray(at, at + count),
    (value, to) => {
      if (!(value instanceof Uint8Array)) return false;
      to.sized(value);
      return true;
    },
  ),
);

const text = (octetsOf: (value: string) => Uint8Array, read: (from: Reader) => string): Codec<string> => ({
  read,
  write: (value, to) => to.sized(octetsOf(value)),
  toJson: (value) => value,
  fromJson(json) {
    octetsOf(asText(json));
    return asText(json);
  },
});

const latin1 = inlined(
  text(latin1Octets, (from) => toLatin1(from.take(from.boundedLength()))),
  sizedBy<string>(
    (octets, at, count) => {
      if (count > 24) return toLatin1(octets.subarray(at, at + count));
      let all = "";
      for (let step = at; step < at + count; step++) all += String.fromCharCode(octets[step] as number);
      return all;
    },
    (value, to) => {
      if (typeof value !== "string") return false;
      to.size(value.length);
      const at = to.claim(value.length);
      const { octets } = to;
      for (let step = 0; step < value.length; step++) {
        const code = value.charCodeAt(step);
        if (code > 0xff) return false;
        octets[at + step] = code;
      }
      return true;
    },
  ),
);

const truth: Codec<boolean> = inlined<Codec<boolean>>(
  { ...strictBool },
  byFunctions<boolean>(
    1,
    (octets, at) => octets[at] !== 0,
    (value, octets, at) => {
      octets[at] = value ? 1 : 0;
      return typeof value === "boolean";
    },
  ),
);

/** A fixed number of octets; a view when read. */
function octetsOf(count: number): Codec<Uint8Array> {
  const codec: Codec<Uint8Array> = {
    read: (from) => from.take(count),
    write(value, to) {
      if (asOctets(value).length !== count) {
        throw new Fault("bad-length", `${value.length} octets instead of ${count}`, { layer: "axdr" });
      }
      to.put(value);
    },
    ...octetText,
  };
  const inline = byFunctions<Uint8Array>(
    count,
    (octets, at) => octets.subarray(at, at + count),
    (value, octets, at) => {
      if (!(value instanceof Uint8Array) || value.length !== count) return false;
      if (count > 32) octets.set(value, at);
      else for (let step = 0; step < count; step++) octets[at + step] = value[step] as number;
      return true;
    },
  );
  return inlined(codec, inline);
}

/** An octet-string of a fixed length whose content has its own codec. */
function within<V>(length: number, inner: Codec<V>, holds?: Held): TypedCodec<V> {
  const codec: Codec<V> = {
    read(from) {
      const at = from.at;
      if (from.length() !== length) throw from.fault("bad-length", `this octet-string must have ${length} octets`, at);
      return inner.read(from);
    },
    write(value, to) {
      to.size(length);
      inner.write(value, to);
    },
    toJson: inner.toJson,
    fromJson: inner.fromJson,
  };
  const fixed = fixedInlineOf(inner);
  const isPlain = fixed !== undefined && length < 0x80;
  const shape: DataShape = { type: "octet-string", length, ...(holds === undefined ? {} : { holds }) };
  return simple<V>("octet-string", isPlain ? inlined(codec, prefixed([length], fixed)) : codec, shape);
}

function float(type: "float32" | "float64", inner: Codec<number>): TypedCodec<number> {
  return simple(type, { ...inner, write: (value, to) => inner.write(asNumber(value), to) });
}

const bits: Codec<string> = {
  read: readBits,
  write: writeBits,
  toJson: (value) => value,
  fromJson(json) {
    bitOctets(asText(json));
    return asText(json);
  },
};

// biome-ignore lint/suspicious/noExplicitAny: a list of codecs holds codecs of any type; inference gives each its own
function oneOf<const C extends readonly TypedCodec<any>[]>(...codecs: C): TypedCodec<Of<C[number]>> {
  type V = Of<C[number]>;
  const types = codecs.flatMap((codec) => codec.types);
  const byTag: (Codec<V>[] | undefined)[] = new Array(256).fill(undefined);
  let rest: Codec<V> | undefined;
  for (const codec of codecs) {
    if (codec.types.length === 0) rest ??= codec;
    for (const type of codec.types) {
      const arms = byTag[DataTag[type]] ?? [];
      byTag[DataTag[type]] = arms;
      arms.push(codec);
    }
  }
  // Several arms may accept the same octets or the same value: the first arm that accepts it is used.
  const first = <R>(run: (codec: Codec<V>) => R, arms: readonly Codec<V>[] = codecs): R => {
    let fault: unknown;
    for (const codec of arms) {
      try {
        return run(codec);
      } catch (caught) {
        if (!(caught instanceof Fault)) throw caught;
        fault ??= caught;
      }
    }
    throw fault ?? new Fault("type-unmatched", "no type accepts this value", { layer: "axdr" });
  };
  const octetsOf = (codec: Codec<V>, value: V): Uint8Array => encode(codec, value);
  return {
    types: rest === undefined ? types : [],
    shape: { type: "choice", among: codecs.map((codec) => codec.shape) },
    read(from) {
      const tag = from.peek();
      const arms = tag === undefined ? undefined : byTag[tag];
      if (arms?.length === 1 || (arms === undefined && rest !== undefined)) {
        return ((arms?.[0] ?? rest) as Codec<V>).read(from);
      }
      if (arms !== undefined) {
        const start = from.at;
        return first((codec) => {
          from.at = start;
          return codec.read(from);
        }, arms);
      }
      from.u8();
      throw wrong(from, types, from.at - 1);
    },
    write: (value, to) => to.put(first((codec) => octetsOf(codec, value))),
    toJson: (value) =>
      first((codec) => {
        octetsOf(codec, value);
        return codec.toJson(value);
      }),
    fromJson: (json) => first((codec) => codec.fromJson(json)),
  };
}

function nullable<V>(codec: TypedCodec<V>): TypedCodec<V | null> {
  const types: DataTypeName[] = codec.types.length === 0 ? [] : ["null-data", ...codec.types];
  return {
    types,
    shape: { type: "choice", among: [{ type: "null-data" }, codec.shape] },
    read(from) {
      if (from.peek() !== 0) return codec.read(from);
      from.u8();
      return null;
    },
    write(value, to) {
      if (value === null) to.u8(0);
      else codec.write(value, to);
    },
    toJson: (value) => (value === null ? null : codec.toJson(value)),
    fromJson: (json) => (json === null ? null : codec.fromJson(json)),
  };
}

const anyData: TypedCodec<Data> = { ...Data, types: [], shape: { type: "any" } };

/** A Data tree of one of these types; the items of an array or a structure may be of any type. */
function anyOf(...types: readonly DataTypeName[]): TypedCodec<Data> {
  const isThere: boolean[] = new Array(256).fill(false);
  for (const type of types) isThere[DataTag[type]] = true;
  const shapes = types.map((type) => ({ type }) as DataShape);
  const check = (value: Data): Data => {
    if (types.includes(value.type)) return value;
    throw new Fault("type-unmatched", `${value.type} where ${types.join(" or ")} belongs`, { layer: "axdr" });
  };
  return {
    types,
    shape: shapes.length === 1 ? (shapes[0] as DataShape) : { type: "choice", among: shapes },
    read(from) {
      const tag = from.peek();
      if (tag !== undefined && isThere[tag] !== true) {
        from.u8();
        throw wrong(from, types, from.at - 1);
      }
      return Data.read(from);
    },
    write: (value, to) => Data.write(check(value), to),
    toJson: (value) => Data.toJson(value),
    fromJson: (json) => check(Data.fromJson(json)),
  };
}

/** A bit-string of exactly `count` bits. */
function bitStringOf(count: number): TypedCodec<string> {
  const check = (value: string): string => {
    if (value.length === count) return value;
    throw new Fault("bad-length", `${value.length} bits instead of ${count}`, { layer: "axdr" });
  };
  const exact: Codec<string> = {
    read: (from) => check(bits.read(from)),
    write: (value, to) => bits.write(check(value), to),
    toJson: bits.toJson,
    fromJson: (json) => check(bits.fromJson(json)),
  };
  return simple("bit-string", exact, { type: "bit-string", length: count });
}

/**
 * Typed descriptions of Data. Each is the codec of a complete value with its tag, which is read without a Data tree.
 * Faults: `type-unmatched` for a different tag (or value), `bad-count` for a structure of a different size, `bad-length`, and the
 * Faults of `Data`. `T.structure({logicalName: T.logicalName, value: T.doubleLongUnsigned})` gives the type of the objects.
 */
export const T = {
  nullData: simple("null-data", nothing),
  boolean: simple("boolean", truth),
  /** A string of the characters 0 and 1. */
  bitString: simple("bit-string", bits),
  /** A string of exactly `count` characters 0 and 1. */
  bitStringOf,
  integer: simple("integer", i8),
  long: simple("long", i16),
  doubleLong: simple("double-long", i32),
  unsigned: simple("unsigned", u8),
  longUnsigned: simple("long-unsigned", u16),
  doubleLongUnsigned: simple("double-long-unsigned", u32),
  long64: simple("long64", i64),
  long64Unsigned: simple("long64-unsigned", u64),
  octetString: simple("octet-string", sized),
  /** An octet-string of exactly `count` octets. */
  octetStringOf: (count: number): TypedCodec<Uint8Array> => within(count, octetsOf(count)),
  visibleString: simple("visible-string", latin1),
  utf8String: simple("utf8-string", text(utf8Octets, readUtf8)),
  /** An enum by its names; a number without a name is Fault `bad-value`. */
  enumeration: <const N extends Readonly<Record<string, number>>>(names: N): TypedCodec<keyof N & string> =>
    simple("enum", named(u8, names), { type: "enum", names }),
  /** An enum as its number. */
  enum: simple("enum", u8),
  /** An enum as its number, with names for some of the numbers; any number is read and written. */
  enumOf: (names: Readonly<Record<string, number>>): TypedCodec<number> => simple("enum", u8, { type: "enum", names }),
  /** The octet as a number, 0 to 255. */
  bcd: simple("bcd", u8),
  float32: float("float32", f32),
  float64: float("float64", f64),
  /** A date-time in an octet-string of 12 octets. */
  dateTimeOctets: within(12, CosemDateTime, "date-time"),
  /** A date in an octet-string of 5 octets. */
  dateOctets: within(5, CosemDate, "date"),
  /** A time in an octet-string of 4 octets. */
  timeOctets: within(4, CosemTime, "time"),
  dateTime: simple("date-time", CosemDateTime),
  date: simple("date", CosemDate),
  time: simple("time", CosemTime),
  /** A logical name in an octet-string of 6 octets: `"1.0.1.8.0.255"`. */
  logicalName: within(6, LogicalName, "logical-name"),
  array,
  structure,
  /** Any Data, as a tree. */
  any: anyData,
  anyOf,
  /** The first of the codecs with the tag that accepts the octets. A value is written by the first codec that accepts it. */
  oneOf,
  /** A value of the codec, or null for null-data. */
  nullable,
} as const;

/** Encodes a value as Data. */
export function dataOf<V>(codec: Codec<V>, value: V): EncodedData {
  return { type: "encoded", octets: encode(codec, value) };
}

/** The value of a Data according to its description. Faults as `T`. */
export function fromData<V>(codec: Codec<V>, data: DataLike): V {
  return decode(codec, encodeData(data), { layer: "axdr" });
}
