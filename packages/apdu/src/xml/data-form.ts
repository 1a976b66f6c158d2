import {
  bool,
  type Codec,
  CosemDate,
  CosemDateTime,
  CosemTime,
  decode,
  encode,
  f32,
  f64,
  fromHex,
  i8,
  i16,
  i32,
  i64,
  Reader,
  stepped,
  u8,
  u16,
  u32,
  u64,
  Writer,
} from "@dlmskit/core";
import { TypeDescription } from "../compact-array.ts";
import { decodeData, encodeData, treeOf } from "../data.ts";
import { type Data, type DataLike, DataTag, type DataTypeName, dontCare, nullData } from "../data-type.ts";
import { bitOctets, latin1Octets, utf8Octets } from "../data-values.ts";
import {
  type AnyForm,
  attributeOf,
  countInto,
  type Form,
  hex,
  hexText,
  type Item,
  leaf,
  many,
  octets,
  one,
} from "./form.ts";
import { badXml, element, writable, type XmlNode } from "./node.ts";

/** Text as an attribute, or in hex in another attribute if XML cannot represent the text. */
export function text(octetsOf: (text: string) => Uint8Array, textOf: (octets: Uint8Array) => string): Form<string> {
  return {
    put(value, into) {
      const octets = octetsOf(value);
      if (writable(value)) into.attributes.set("Value", value);
      else into.attributes.set("Hex", hexText(octets));
    },
    get(from) {
      const digits = from.attributes.get("Hex");
      const value = digits === undefined ? attributeOf(from, "Value") : textOf(fromHex(digits));
      octetsOf(value);
      return value;
    },
  };
}

/** The text of octets for a type, with the same checks as when decoding. */
const textOf = (type: "visible-string" | "utf8-string") => (octets: Uint8Array) => {
  const to = new Writer();
  to.u8(DataTag[type]);
  to.sized(octets);
  return (decodeData(to.done()) as { value: string }).value;
};

const sizes = { 1: u8, 2: u16, 4: u32 } as const;
const unsigned = (octets: 1 | 2 | 4): Form<number> => hex(sizes[octets], octets);
const signed = (codec: Codec<number>, octets: number): Form<number> => hex(codec, octets);
const nothing: Form<undefined> = { put: () => {}, get: () => undefined };

type Simple = Exclude<DataTypeName, "array" | "structure" | "compact-array">;
const forms: { readonly [T in Simple]: readonly [element: string, form: AnyForm] } = {
  "null-data": ["None", nothing],
  boolean: ["Boolean", hex(bool, 1)],
  "bit-string": [
    "BitString",
    leaf(
      (value: string) => value,
      (value) => {
        bitOctets(value);
        return value;
      },
    ),
  ],
  "double-long": ["Int32", signed(i32, 4)],
  "double-long-unsigned": ["UInt32", unsigned(4)],
  "octet-string": ["OctetString", octets],
  "visible-string": ["String", text(latin1Octets, textOf("visible-string"))],
  "utf8-string": ["StringUTF8", text(utf8Octets, textOf("utf8-string"))],
  bcd: ["BCD", unsigned(1)],
  integer: ["Int8", signed(i8, 1)],
  long: ["Int16", signed(i16, 2)],
  unsigned: ["UInt8", unsigned(1)],
  "long-unsigned": ["UInt16", unsigned(2)],
  long64: ["Int64", hex(i64, 8)],
  "long64-unsigned": ["UInt64", hex(u64, 8)],
  enum: ["Enum", unsigned(1)],
  float32: ["Float32", hex(f32)],
  float64: ["Float64", hex(f64)],
  "date-time": ["DateTime", hex(CosemDateTime)],
  date: ["Date", hex(CosemDate)],
  time: ["Time", hex(CosemTime)],
  "delta-integer": ["DeltaInt8", signed(i8, 1)],
  "delta-long": ["DeltaInt16", signed(i16, 2)],
  "delta-double-long": ["DeltaInt32", signed(i32, 4)],
  "delta-unsigned": ["DeltaUInt8", unsigned(1)],
  "delta-long-unsigned": ["DeltaUInt16", unsigned(2)],
  "delta-double-long-unsigned": ["DeltaUInt32", unsigned(4)],
  "dont-care": ["DontCare", nothing],
};
const elementOf: Readonly<Record<DataTypeName, string>> = {
  ...(Object.fromEntries(Object.entries(forms).map(([type, [name]]) => [type, name])) as Record<Simple, string>),
  array: "Array",
  structure: "Structure",
  "compact-array": "CompactArray",
};
const typeOf = new Map(Object.entries(elementOf).map(([type, name]) => [name.toLowerCase(), type as DataTypeName]));
// The name that the schema uses.
typeOf.set("nulldata", "null-data");

function typeOfNode(node: XmlNode): DataTypeName {
  const type = typeOf.get(node.name.toLowerCase());
  if (type === undefined) throw badXml(`<${node.name}> is not a type of Data`);
  return type;
}

function descriptionNode(description: TypeDescription): XmlNode {
  const node = element(elementOf[description.type]);
  if (description.type === "array") {
    countInto(node, description.count);
    node.children.push(descriptionNode(description.element));
  } else if (description.type === "structure") {
    countInto(node, description.elements.length);
    for (const one of description.elements) node.children.push(descriptionNode(one));
  }
  return node;
}

function descriptionOf(node: XmlNode): TypeDescription {
  const type = typeOfNode(node);
  switch (type) {
    case "array": {
      const count = Number.parseInt(attributeOf(node, "Qty"), 16);
      const [inner, ...more] = node.children;
      if (inner === undefined || more.length > 0 || !(count <= 0xffff))
        throw badXml("an array must have a Qty and one type");
      return { type, count, element: descriptionOf(inner) };
    }
    case "structure":
      return { type, elements: node.children.map(descriptionOf) };
    case "compact-array":
      throw badXml("a type description cannot contain a compact-array");
    default:
      return { type };
  }
}

type CompactArray = Extract<Data, { type: "compact-array" }>;

function compactNode(data: CompactArray): XmlNode {
  const from = new Reader(encodeData(data), { layer: "axdr", start: 1 });
  TypeDescription.read(from);
  const node = element("CompactArray");
  const contents = element("ContentsDescription");
  contents.children.push(descriptionNode(data.contents));
  const array = element("ArrayContents");
  octets.put(from.take(from.length()), array);
  node.children.push(contents, array);
  return node;
}

function compactOf(node: XmlNode): Data {
  const [contents, array] = node.children;
  const description = contents?.children[0];
  if (node.children.length !== 2 || description === undefined || array === undefined) {
    throw badXml("a compact-array must have a ContentsDescription and ArrayContents");
  }
  const to = new Writer();
  to.u8(DataTag["compact-array"]);
  to.put(encode(TypeDescription, descriptionOf(description)));
  to.sized(octets.get(array));
  return decodeData(to.done());
}

function dataNode(given: DataLike): XmlNode {
  const data = treeOf(given);
  switch (data.type) {
    case "array":
    case "structure": {
      const node = element(elementOf[data.type]);
      many(dataItem).put(data.value, node);
      return node;
    }
    case "compact-array":
      return compactNode(data);
    default: {
      const form = Object.hasOwn(forms, data.type) ? forms[data.type] : undefined;
      if (form === undefined) throw badXml(`"${String(data.type)}" is not a type of Data`);
      const node = element(form[0]);
      form[1].put("value" in data ? data.value : undefined, node);
      return node;
    }
  }
}

function dataOf(node: XmlNode): Data {
  const type = typeOfNode(node);
  switch (type) {
    case "null-data":
      return nullData;
    case "dont-care":
      return dontCare;
    case "array":
    case "structure":
      return { type, value: many(dataItem).get(node) as Data[] };
    case "compact-array":
      return compactOf(node);
    default:
      try {
        return { type, value: forms[type][1].get(node) } as Data;
      } catch (caught) {
        throw stepped(caught, node.name);
      }
  }
}

/** A Data is the element of its type. */
export const dataItem: Item<DataLike> = { node: dataNode, value: dataOf };
/** An element that contains one Data. */
export const data: Form<DataLike> = one(dataItem);
/** An element that contains any number of Data. */
export const dataList: Form<readonly DataLike[]> = many(dataItem);

/** An optional date-time: empty if there is none. */
export const dateTime: Form<CosemDateTime | undefined> = leaf(
  (value) => (value === undefined ? "" : hexText(encode(CosemDateTime, value))),
  (value) => (value === "" ? undefined : decode(CosemDateTime, fromHex(value), { layer: "xdlms" })),
);
