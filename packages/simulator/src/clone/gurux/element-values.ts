import { type Data, type DataShape, type DataTypeName, decodeData, initialData, type XmlNode } from "@dlmskit/apdu";
import { hexFields, nameOfElement } from "./names.ts";
import { hexIn, momentOctets, NotTaken, shownOctets, simpleValue, typeNamed } from "./text-values.ts";

type Shape = DataShape | undefined;

/** The value of an element with a type: `<Value Type="18">5</Value>`, with an `Item` of its own type for each element of an array. */
export function typedValue(node: XmlNode): Data {
  const tag = node.attributes.get("Type");
  if (tag === undefined) throw new NotTaken(`<${node.name}> does not say its type`);
  const type = typeNamed(tag);
  if (type === "array" || type === "structure") return { type, value: node.children.map(typedValue) };
  if (node.children.length > 0) throw new NotTaken(`<${node.name}> of type ${type} contains elements`);
  return typedText(type, node.text ?? "", node.attributes.get("UIType"));
}

const moments: readonly DataTypeName[] = ["date-time", "date", "time"];

function typedText(type: DataTypeName, text: string, shownTag: string | undefined): Data {
  if (moments.includes(type)) {
    const octets = momentOctets(text, type as "date-time" | "date" | "time");
    return decodeData(Uint8Array.from([{ "date-time": 25, date: 26, time: 27 }[type as "date"], ...octets]));
  }
  const shown = shownTag === undefined ? undefined : typeNamed(shownTag);
  const octets = type === "octet-string" && shown !== undefined ? shownOctets(text, shown) : undefined;
  return octets === undefined ? simpleValue(type, text) : { type: "octet-string", value: octets };
}

const logicalName = /^(?:\d{1,3}\.){5}\d{1,3}$/;

/** The value of an element for an attribute or field of a shape. Where the class leaves the type open, it is that of the element. */
export function elementValue(node: XmlNode, shape: Shape, field: string): Data {
  const isOpen = shape === undefined || shape.type === "any" || shape.type === "choice";
  if (node.attributes.has("Type")) return isOpen ? typedValue(node) : typedFor(node, shape, field);
  if (isOpen) return untyped(node, shape);
  const [only, ...more] = node.children;
  const isSimple = shape.type !== "array" && shape.type !== "structure";
  // An item of a list of simple values can have one element around its value.
  if (isSimple && only !== undefined && more.length === 0) return elementValue(only, shape, field);
  switch (shape.type) {
    case "array":
      return { type: "array", value: itemsOf(node, shape.item, field) };
    case "structure":
      if ((node.text ?? "") !== "") throw new NotTaken(`<${node.name}> is a text, and the class has a structure`);
      return structureOf(node.children, shape, node.name);
    default:
      if (node.children.length > 0)
        throw new NotTaken(`<${node.name}> is of type ${shape.type}, and contains elements`);
      return textOf(node.text ?? "", shape, field);
  }
}

/**
 * A value of a type, for an attribute whose class has a type. A file has the type that a program held the value in, which can be another one:
 * the type of the class is taken if the value is one of it.
 */
function typedFor(node: XmlNode, shape: DataShape, field: string): Data {
  const type = typeNamed(node.attributes.get("Type") as string);
  const isOctets = type === "octet-string" && shape.type === "octet-string";
  if (shape.type === "array" || shape.type === "structure" || isOctets || type === "null-data") return typedValue(node);
  try {
    return elementValue({ ...node, attributes: new Map() }, shape, field);
  } catch (caught) {
    if (!(caught instanceof NotTaken)) throw caught;
    return typedValue(node);
  }
}

/** An element whose class leaves the type open: only structures can be told from their elements. */
function untyped(node: XmlNode, shape: Shape): Data {
  const structure = shape?.type === "choice" ? shape.among.find(({ type }) => type === "structure") : undefined;
  if (structure !== undefined && node.children.length > 0) return elementValue(node, structure, node.name);
  if (node.children.length === 0 && (node.text ?? "") === "") return { type: "null-data" };
  throw new NotTaken(`<${node.name}> does not say its type`);
}

function itemsOf(node: XmlNode, item: Shape, field: string): readonly Data[] {
  const { children, text = "" } = node;
  if (children.length > 0 || text === "") return children.map((one) => itemOf(one, item, field));
  const isNumber = item !== undefined && /^(?:unsigned|integer)$/.test(item.type);
  const octets = isNumber ? hexIn(text.replaceAll(";", " "), false) : undefined;
  if (octets !== undefined) return [...octets].map((value) => ({ type: item?.type, value }) as Data);
  return text.split(";").map((one) => itemOf({ ...node, children: [], text: one }, item, field));
}

/** An item of an array. A structure of a time and a date can stand as one date-time. */
function itemOf(node: XmlNode, item: Shape, field: string): Data {
  if (item?.type === "structure" && item.elements !== undefined && node.children.length === 0) {
    const fields = Object.entries(item.elements);
    const isMoment = fields.every(([, one]) => one?.type === "octet-string" && one.holds !== undefined);
    if (isMoment) return { type: "structure", value: fields.map(([name, one]) => elementValue(node, one, name)) };
  }
  return elementValue(node, item, field);
}

/** A structure from elements. A field without an element has the simplest value of its type, as files leave such values out. */
export function structureOf(
  elements: readonly XmlNode[],
  shape: DataShape & { type: "structure" },
  name: string,
): Data {
  const { elements: fields = {} } = shape;
  const names = Object.keys(fields);
  const values = new Map<string, Data>();
  for (const one of elements) {
    if (one.name === "ParameterDataType") continue;
    const field = nameOfElement(one.name, names);
    if (field === undefined) throw new NotTaken(`<${one.name}> in <${name}> is not known`);
    if (values.has(field)) throw new NotTaken(`<${one.name}> stands twice in <${name}>`);
    values.set(field, elementValue(one, fields[field], field));
  }
  const context = values.get("context");
  // The length of a context of 6LoWPAN, in bits, which files leave out.
  if (names.includes("contextLength") && !values.has("contextLength") && context?.type === "octet-string") {
    values.set("contextLength", { type: "unsigned", value: 8 * context.value.length });
  }
  return { type: "structure", value: names.map((field) => values.get(field) ?? initialData(fields[field])) };
}

function textOf(
  text: string,
  shape: Exclude<DataShape, { type: "array" | "structure" | "choice" | "any" }>,
  field: string,
): Data {
  if (moments.includes(shape.type)) return typedText(shape.type, text, undefined);
  if (shape.type === "double-long-unsigned" && /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) {
    return decodeData(Uint8Array.from([6, ...text.split(".").map(octetIn)]));
  }
  if (shape.type !== "octet-string") return simpleValue(shape.type, text, shape.length);
  const value = octetsOf(text, shape.holds, field);
  if (shape.length !== undefined && value.length !== shape.length) {
    throw new NotTaken(`"${text}" is ${value.length} octets, not ${shape.length}`);
  }
  return { type: "octet-string", value };
}

const octetIn = (text: string): number => {
  if (Number(text) > 0xff) throw new NotTaken(`${text} is not an octet`);
  return Number(text);
};

function octetsOf(text: string, holds: string | undefined, field: string): Uint8Array {
  if (holds === "logical-name") {
    if (!logicalName.test(text)) throw new NotTaken(`"${text}" is not a logical name`);
    return Uint8Array.from(text.split(".").map(octetIn));
  }
  if (holds === "date-time" || holds === "date" || holds === "time") return momentOctets(text, holds);
  const address = /ipv6|dns/i.test(field) ? addressOctets(text) : undefined;
  const octets = address ?? hexIn(text, !hexFields.has(field));
  if (octets !== undefined) return octets;
  if (hexFields.has(field)) throw new NotTaken(`"${text}" is not octets in hex`);
  return new TextEncoder().encode(text);
}

const longestAddress = 45;

/** The 16 octets of an IPv6 address; undefined if it is none. */
function addressOctets(text: string): Uint8Array | undefined {
  if (text.length > longestAddress || !/^[0-9a-f:]*:[0-9a-f:]*$/i.test(text)) return undefined;
  const [before = "", after] = text.split("::");
  const [first, last] = [before, after ?? ""].map((part) => (part === "" ? [] : part.split(":")));
  const missing = 8 - (first?.length ?? 0) - (last?.length ?? 0);
  if (missing < 0 || (after === undefined && missing !== 0)) return undefined;
  const all = [...(first ?? []), ...Array<string>(missing).fill("0"), ...(last ?? [])];
  return Uint8Array.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
