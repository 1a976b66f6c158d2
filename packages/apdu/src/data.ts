import {
  asList,
  asObject,
  asText,
  badJson,
  bool,
  type Codec,
  CosemDate,
  CosemDateTime,
  CosemTime,
  Fault,
  f32,
  f64,
  fromHex,
  i8,
  i16,
  i32,
  i64,
  type Json,
  Reader,
  type ReaderOptions,
  stepped,
  toHex,
  u8,
  u16,
  u32,
  u64,
  Writer,
} from "@dlmskit/core";
import { called, inlined, integerInlines } from "@dlmskit/core/internal";
import { readCompactArray, TypeDescription, writeCompactArray } from "./compact-array.ts";
import { type DataLike, DataTag, type Data as DataTree, type DataTypeName, nullData } from "./data-type.ts";
import { asOctets, bitOctets, latin1Octets, readSimple, unknownType, utf8Octets, writeSimple } from "./data-values.ts";
import { collected } from "./streamed.ts";

function readItems(from: Reader): DataTree[] {
  from.descend();
  const count = from.boundedCount();
  const items: DataTree[] = [];
  const { observer } = from;
  let at = 0;
  try {
    for (; at < count; at++) {
      if (observer === undefined) {
        items.push(readData(from));
      } else {
        observer.enter(String(at), from.at);
        const item = readData(from);
        items.push(item);
        observer.leave(from.at, item);
      }
    }
  } catch (caught) {
    throw stepped(caught, String(at));
  }
  from.ascend();
  return items;
}

function readData(from: Reader): DataTree {
  const tag = from.u8();
  switch (tag) {
    case DataTag.array:
      return { type: "array", value: readItems(from) };
    case DataTag.structure:
      return { type: "structure", value: readItems(from) };
    case DataTag["compact-array"]:
      return readCompactArray(from);
    default:
      return readSimple(tag, from);
  }
}

// The default maximum depth of a Reader; it also stops at a tree that contains itself.
const deepest = 64;

const tagOfType: ReadonlyMap<string, number> = new Map(Object.entries(DataTag));

function writeData(data: DataLike, to: Writer, depth: number): void {
  // The most frequent type of Data is checked first; the other types are looked up.
  if (data.type === "double-long-unsigned") {
    const { value } = data;
    if (typeof value === "number" && value >>> 0 === value) {
      const at = to.claim(5);
      const { octets } = to;
      octets[at] = DataTag["double-long-unsigned"];
      octets[at + 1] = value >>> 24;
      octets[at + 2] = value >>> 16;
      octets[at + 3] = value >>> 8;
      octets[at + 4] = value;
      return;
    }
  }
  if (data.type === "encoded") {
    to.put(asOctets(data.octets));
    return;
  }
  if (data.type === "streamed") {
    to.put(collected(data));
    return;
  }
  const tag = tagOfType.get(data.type);
  if (tag === undefined) throw unknownType(data);
  to.u8(tag);
  if (data.type === "array" || data.type === "structure") {
    if (depth >= deepest) throw new Fault("too-deep", `nested deeper than ${deepest} levels`, { layer: "axdr" });
    const { value } = data;
    to.size(value.length);
    let at = 0;
    try {
      for (; at < value.length; at++) writeData(value[at] as DataLike, to, depth + 1);
    } catch (caught) {
      throw stepped(caught, String(at));
    }
  } else if (data.type === "compact-array") {
    writeCompactArray(data, to);
  } else {
    writeSimple(data, to, tag);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: each type's own codec of the JSON value
const jsonOf: { readonly [T in DataTypeName]?: Pick<Codec<any>, "toJson" | "fromJson"> } = {
  boolean: bool,
  "bit-string": { toJson: (v: string) => v, fromJson: (json) => checked(asText(json), bitOctets) },
  "octet-string": { toJson: (v: Uint8Array) => toHex(v), fromJson: (json) => fromHex(asText(json)) },
  "visible-string": { toJson: (v: string) => v, fromJson: (json) => checked(asText(json), latin1Octets) },
  "utf8-string": { toJson: (v: string) => v, fromJson: (json) => checked(asText(json), utf8Octets) },
  integer: i8,
  long: i16,
  "double-long": i32,
  unsigned: u8,
  "long-unsigned": u16,
  "double-long-unsigned": u32,
  enum: u8,
  bcd: u8,
  "delta-integer": i8,
  "delta-long": i16,
  "delta-double-long": i32,
  "delta-unsigned": u8,
  "delta-long-unsigned": u16,
  "delta-double-long-unsigned": u32,
  long64: i64,
  "long64-unsigned": u64,
  float32: f32,
  float64: f64,
  "date-time": CosemDateTime,
  date: CosemDate,
  time: CosemTime,
};

function checked(text: string, check: (text: string) => unknown): string {
  check(text);
  return text;
}

function dataJson(given: DataLike): Json {
  const data = treeOf(given);
  switch (data.type) {
    case "null-data":
    case "dont-care":
      return { type: data.type };
    case "array":
    case "structure":
      return { type: data.type, value: data.value.map(dataJson) };
    case "compact-array":
      return {
        type: data.type,
        contents: TypeDescription.toJson(data.contents),
        value: data.value.map(dataJson),
      };
    default: {
      const codec = jsonOf[data.type];
      if (codec === undefined) throw unknownType(data);
      return { type: data.type, value: codec.toJson(data.value) };
    }
  }
}

function dataFromJson(json: Json, depth = 0): DataTree {
  const given = asObject(json);
  const { type } = given;
  if (typeof type !== "string" || !Object.hasOwn(DataTag, type)) throw unknownType(given);
  const keys = type === "compact-array" ? ["type", "contents", "value"] : ["type", "value"];
  for (const key of Object.keys(given)) {
    if (!keys.includes(key)) throw new Fault("bad-json", `"${key}" does not belong here`, { layer: "axdr" });
  }
  const value = given.value as Json;
  switch (type as DataTypeName) {
    case "null-data":
    case "dont-care":
      if (value !== undefined) throw badJson(`no value, ${type} has none`, value);
      return type === "null-data" ? nullData : { type: "dont-care" };
    case "array":
    case "structure":
      return { type: type as "array" | "structure", value: itemsFromJson(value, depth) };
    case "compact-array":
      return {
        type: "compact-array",
        contents: TypeDescription.fromJson(given.contents as Json),
        value: itemsFromJson(value, depth),
      };
    default:
      return { type, value: jsonOf[type as DataTypeName]?.fromJson(value) } as DataTree;
  }
}

function itemsFromJson(json: Json, depth: number): DataTree[] {
  if (depth >= deepest) throw new Fault("too-deep", `nested deeper than ${deepest} levels`, { layer: "axdr" });
  return asList(json).map((item, at) => {
    try {
      return dataFromJson(item, depth + 1);
    } catch (caught) {
      throw stepped(caught, String(at));
    }
  });
}

/**
 * The codec of a Data tree with its tag. Reading gives views into the octets, and never `"encoded"`. Writing also accepts an
 * `EncodedData` or a `StreamedData` anywhere in the tree. Faults: `unknown-tag`, `truncated`, `bad-length`, `too-deep`,
 * `bad-utf8`, `too-many-values`; when writing `unknown-type`, `out-of-range`, `type-unmatched`, `bad-value`.
 */
export const Data: Codec<DataTree> = {
  read: readData,
  write: (value, to) => writeData(value, to, 0),
  toJson: dataJson,
  fromJson: (json) => dataFromJson(json),
};
const call = called({ ...Data });
const u32Inline = integerInlines.u32;
// Most register values have this type: it is read without a call, other types are read with a call.
inlined(Data, {
  read(program, into, path) {
    const { value } = u32Inline.read(program, "p + 1");
    return `if (p + 5 <= end && o[p] === ${DataTag["double-long-unsigned"]}) { ${into} = { type: "double-long-unsigned", value: ${value} }; p += 5; } else { ${call.read(program, into, path)} }`;
  },
  write: call.write,
});
export type Data = DataTree;

/** Decodes one Data; the octets must hold nothing else. Faults as `Data`, and `trailing-octets`. */
export function decodeData(octets: Uint8Array, options?: ReaderOptions): Data {
  const from = new Reader(octets, { layer: "axdr", ...options });
  const data = readData(from);
  from.finish();
  return data;
}

/** Encodes a Data. The parts of a streamed Data are collected: Faults `stream-not-ready`, `stream-failed`. */
export function encodeData(data: DataLike): Uint8Array {
  if (data.type === "encoded") return data.octets;
  if (data.type === "streamed") return collected(data);
  const to = new Writer();
  writeData(data, to, 0);
  return to.done();
}

/** The tree of a Data that is encoded, streamed or already a tree. Faults as `decodeData` and `encodeData`. */
export function treeOf(data: DataLike): Data {
  return data.type === "encoded" || data.type === "streamed" ? decodeData(encodeData(data)) : data;
}
