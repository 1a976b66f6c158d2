import {
  asList,
  asObject,
  badJson,
  type Codec,
  Fault,
  inRange,
  type Json,
  type Reader,
  type Writer,
} from "@dlmskit/core";
import {
  type Data,
  DataTag,
  type TypeDescription as Description,
  nullData,
  type SimpleTypeName,
  tagText,
  typeOfTag,
} from "./data-type.ts";
import { readSimple, writeSimple } from "./data-values.ts";

const deepest = 64;

function readDescription(from: Reader): Description {
  const at = from.at;
  const tag = from.u8();
  const type = typeOfTag[tag];
  if (type === undefined || type === "compact-array") {
    throw from.fault("unknown-tag", `no type description has the tag ${tagText(tag)}`, at);
  }
  if (type === "array") {
    from.descend();
    const count = from.u16();
    const element = readDescription(from);
    from.ascend();
    return { type, count, element };
  }
  if (type === "structure") {
    from.descend();
    const count = from.boundedCount();
    const elements: Description[] = [];
    for (let item = 0; item < count; item++) elements.push(readDescription(from));
    from.ascend();
    return { type, elements };
  }
  return { type };
}

function writeDescription(description: Description, to: Writer, depth = 0): void {
  if (depth > deepest) throw new Fault("too-deep", "a type description nested too deep", { layer: "axdr" });
  const tag: number | undefined = Object.hasOwn(DataTag, description.type) ? DataTag[description.type] : undefined;
  if (tag === undefined || tag === DataTag["compact-array"]) {
    throw new Fault("unknown-type", `a type description cannot contain "${String(description.type)}"`, {
      layer: "axdr",
    });
  }
  to.u8(tag);
  if (description.type === "array") {
    to.u16(inRange(description.count, 0, 0xffff));
    writeDescription(description.element, to, depth + 1);
  } else if (description.type === "structure") {
    to.size(description.elements.length);
    for (const element of description.elements) writeDescription(element, to, depth + 1);
  }
}

function descriptionJson(description: Description): Json {
  switch (description.type) {
    case "array":
      return { type: "array", count: description.count, element: descriptionJson(description.element) };
    case "structure":
      return { type: "structure", elements: description.elements.map(descriptionJson) };
    default:
      return { type: description.type };
  }
}

function descriptionFromJson(json: Json, depth = 0): Description {
  if (depth > deepest) throw new Fault("too-deep", "a type description nested too deep", { layer: "axdr" });
  const given = asObject(json);
  const { type } = given;
  if (typeof type !== "string" || !Object.hasOwn(DataTag, type) || type === "compact-array") {
    throw badJson("a type of Data", type);
  }
  if (type === "array") {
    if (typeof given.count !== "number") throw badJson("a count", given.count);
    return {
      type,
      count: inRange(given.count, 0, 0xffff),
      element: descriptionFromJson(given.element as Json, depth + 1),
    };
  }
  if (type === "structure") {
    return {
      type,
      elements: asList(given.elements as Json).map((element) => descriptionFromJson(element, depth + 1)),
    };
  }
  return { type: type as SimpleTypeName };
}

/** The type description of a compact-array: type tags, an array with its count, a structure with its elements. */
export const TypeDescription: Codec<Description> = {
  read: readDescription,
  write: (value, to) => writeDescription(value, to),
  toJson: descriptionJson,
  fromJson: (json) => descriptionFromJson(json),
};
export type TypeDescription = Description;

// With types that have no content octets (null-data), a few octets can describe millions of values: this is the maximum
// // number of values per content octet.
const freeValues = 1024;
const valuesPerOctet = 32;

class Contents {
  readonly #from: Reader;
  #left: number;

  constructor(from: Reader) {
    this.#from = from;
    this.#left = freeValues + valuesPerOctet * from.remaining;
  }

  read(description: Description): Data {
    if (--this.#left < 0) throw this.#from.fault("too-many-values", "more values than the octets can hold");
    switch (description.type) {
      case "array":
        return { type: "array", value: this.#many(description.count, () => description.element) };
      case "structure": {
        const { elements } = description;
        return { type: "structure", value: this.#many(elements.length, (at) => elements[at] as Description) };
      }
      default:
        return description.type === "null-data" ? nullData : readSimple(DataTag[description.type], this.#from);
    }
  }

  #many(count: number, item: (at: number) => Description): Data[] {
    if (count > this.#left) throw this.#from.fault("too-many-values", "more values than the octets can hold");
    const values: Data[] = [];
    for (let at = 0; at < count; at++) values.push(this.read(item(at)));
    return values;
  }
}

/** Reads a compact-array after its tag: the type description, then the items without their tags. */
export function readCompactArray(from: Reader): Data {
  const contents = readDescription(from);
  const end = from.at;
  const length = from.boundedLength();
  const outer = from.end;
  from.end = from.at + length;
  const items = new Contents(from);
  const value: Data[] = [];
  while (from.remaining > 0) {
    const before = from.at;
    from.observer?.enter(String(value.length), before);
    const item = items.read(contents);
    value.push(item);
    from.observer?.leave(from.at, item);
    if (from.at === before)
      throw from.fault("bad-length", "items without octets cannot be read from the contents", end);
  }
  from.end = outer;
  return { type: "compact-array", contents, value };
}

function writeContents(description: Description, data: Data, to: Writer): void {
  if (data.type !== description.type) {
    throw new Fault("type-unmatched", `${data.type} instead of ${description.type}, the type of the contents`, {
      layer: "axdr",
    });
  }
  if (data.type === "array" && description.type === "array") {
    if (data.value.length !== description.count) throw wrongCount(data.value.length, description.count);
    for (const item of data.value) writeContents(description.element, item, to);
  } else if (data.type === "structure" && description.type === "structure") {
    if (data.value.length !== description.elements.length) {
      throw wrongCount(data.value.length, description.elements.length);
    }
    data.value.forEach((item, at) => {
      writeContents(description.elements[at] as Description, item, to);
    });
  } else {
    writeSimple(data as Parameters<typeof writeSimple>[0], to);
  }
}

function wrongCount(found: number, wanted: number): Fault {
  return new Fault("bad-count", `${found} values instead of the ${wanted} of the type description`, { layer: "axdr" });
}

/** Writes a compact-array without its tag. Faults `type-unmatched`, `bad-count` if a value does not match the description. */
export function writeCompactArray(data: Extract<Data, { type: "compact-array" }>, to: Writer): void {
  writeDescription(data.contents, to);
  const opened = to.open();
  for (const item of data.value) {
    const before = to.length;
    writeContents(data.contents, item, to);
    if (to.length === before) {
      throw new Fault("bad-value", "a reader cannot count items without octets", { layer: "axdr" });
    }
  }
  to.close(opened);
}
