import type { DataShape } from "@dlmskit/apdu";

/** A name of the standard as the declarations write it: `scaler_unit` is scalerUnit, `mac_CSMA_fail_count` macCsmaFailCount. */
export function identifier(name: string): string {
  const words = name
    .replaceAll("xDLMS", "xdlms")
    .replaceAll("M-Bus", "mbus")
    .replaceAll("IPv6", "ipv6")
    .replaceAll("CoAP", "coap")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
    .map((word) => word.replace(/[A-Z]{2,}/g, (capitals) => capitals[0] + capitals.slice(1).toLowerCase()));
  return words
    .map(
      (word, at) => (at === 0 ? (word[0] as string).toLowerCase() : (word[0] as string).toUpperCase()) + word.slice(1),
    )
    .join("");
}

/** Where a reference to an object stands in a structure, it is called as in a Cosem-Attribute-Descriptor (IEC 62056-5-3). */
const inReferences: Readonly<Record<string, string>> = { logicalName: "instanceId", attributeIndex: "attributeId" };

const elementName = (name: string): string => inReferences[identifier(name)] ?? identifier(name);

/** An octet-string that is called one holds a logical name. */
const isLogicalName = (name: string): boolean => /^instanceId$|logicalName$|reference$/i.test(name);

/** Reads the catalogue's notation of types: `array of structure{index: unsigned, value: CHOICE{null-data, long}}`. */
class TypeText {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** `name`: of the attribute, argument or element that has the type. */
  type(name: string): DataShape {
    // A label in front, as in "processed_value_definition: structure{…}".
    this.#take(/^[\w-]+: (?=(structure|array|enum)\b)/);
    if (this.#take(/^array of /)) return { type: "array", item: this.type("") };
    if (this.#take(/^(CHOICE by [^:]*: .*|service specific|data|\w+ element\(s\)|CHOICE(?![{\w]))/))
      return { type: "any" };
    if (this.#take(/^simple data type of the monitored attribute|^threshold/)) return simpleData;
    if (this.#take(/^structure\{/)) return { type: "structure", elements: this.#elements() };
    if (this.#take(/^CHOICE\{/)) return this.#choice();
    return this.#simple(name);
  }

  #simple(name: string): DataShape {
    const type = this.#take(/^[a-z][a-z0-9-]*/);
    if (type === undefined) throw new Error(`no type at ${this.#at} of "${this.#text}"`);
    const inside = /^ ?\(([^()]*)\)/.exec(this.#rest());
    if (inside !== null) this.#at += inside[0].length;
    const [, length, holds] = /^(\d+)?(?:, )?(date-time|date|time)?$/.exec(inside?.[1] ?? "") ?? [];
    const lengths: Readonly<Record<string, number>> = { "date-time": 12, date: 5, time: 4 };
    if (type !== "octet-string" && type !== "bit-string") return { type } as DataShape;
    const count = length === undefined ? holds && lengths[holds] : Number(length);
    if (type === "octet-string" && (count === 6 || (count === undefined && isLogicalName(name)))) {
      return { type, length: 6, holds: "logical-name" };
    }
    return { type, ...(count ? { length: count } : {}), ...(holds ? { holds } : {}) } as DataShape;
  }

  #elements(): Record<string, DataShape> {
    const elements: Record<string, DataShape> = {};
    do {
      // One structure of the catalogue has an element without a name.
      const found = this.#take(/^[\w/-]+(?=: )/);
      if (found !== undefined) this.#take(/^: /);
      const name = found === undefined ? "entry" : elementName(found);
      elements[name] = this.type(name);
    } while (this.#take(/^, /));
    this.#take(/^\}/);
    return elements;
  }

  #choice(): DataShape {
    const among: DataShape[] = [];
    do {
      if (this.#take(/^\.\.\./)) {
        this.#take(/^\}/);
        return simpleData;
      }
      this.#take(/^\w+: (?=structure)/);
      among.push(this.type(""));
    } while (this.#take(/^, /));
    this.#take(/^\}/);
    return { type: "choice", among };
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }

  #take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.#rest())?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}

const simpleTypes = [
  ...(["null-data", "boolean", "bit-string", "double-long", "double-long-unsigned", "octet-string"] as const),
  ...(["visible-string", "utf8-string", "bcd", "integer", "long", "unsigned", "long-unsigned", "long64"] as const),
  ...(["long64-unsigned", "enum", "float32", "float64", "date-time", "date", "time"] as const),
];
/** What the catalogue calls a simple data type, or a choice that is open. */
const simpleData: DataShape = { type: "choice", among: simpleTypes.map((type) => ({ type })) };

export const shapeOfText = (text: string, name = ""): DataShape => new TypeText(text).type(name);
