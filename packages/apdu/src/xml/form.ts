import { type Codec, decode, encode, fromHex, stepped, toHex } from "@dlmskit/core";
import { badXml, element, type XmlNode } from "./node.ts";

/** The XML form of a value: the attributes and children of its element, without the element name. */
export interface Form<T> {
  put(value: T, into: XmlNode): void;
  get(from: XmlNode): T;
}

// biome-ignore lint/suspicious/noExplicitAny: the tables of forms hold forms of different values; the tests hold them to the types
export type AnyForm = Form<any>;
type Fields = Record<string, unknown>;

/** The form of an element name for comparison: translators use different capitals. */
const known = (name: string): string => name.toLowerCase();
const isNamed = (node: XmlNode | undefined, name: string): boolean =>
  node !== undefined && known(node.name) === known(name);

export function attributeOf(node: XmlNode, name: string): string {
  const value = node.attributes.get(name);
  if (value === undefined) throw badXml(`<${node.name}> has no ${name}`);
  return value;
}

function noChildren(node: XmlNode): void {
  if (node.children.length > 0) throw badXml(`<${node.name}> must be empty`);
}

/** A value as the text of the attribute `Value`. */
export function leaf<T>(toText: (value: T) => string, fromText: (text: string) => T): Form<T> {
  return {
    put(value, into) {
      into.attributes.set("Value", toText(value));
    },
    get(from) {
      noChildren(from);
      return fromText(attributeOf(from, "Value"));
    },
  };
}

export const hexText = (octets: Uint8Array): string => toHex(octets).toUpperCase();

/** The octets that the codec encodes, in hex. Missing digits up to `octets` octets are filled with zeros. */
export function hex<T>(codec: Codec<T>, octets = 0): Form<T> {
  return leaf(
    (value) => hexText(encode(codec, value)),
    (text) => decode(codec, fromHex(text.padStart(octets * 2, "0")), { layer: "xdlms" }),
  );
}

/** Octets, in hex. */
export const octets: Form<Uint8Array> = leaf(hexText, fromHex);

/** Converts a name to its XML form: `read-write-denied` becomes `ReadWriteDenied`. */
export const pascal = (name: string): string =>
  name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");

/** A name of the standard. `others` are the names that other translators use; they are only read, never written. */
export function name<N extends string>(
  names: Readonly<Record<N, number>>,
  others: Readonly<Record<string, N>> = {},
): Form<N> {
  const byText = new Map<string, N>();
  for (const [other, one] of Object.entries(others)) byText.set(known(other), one);
  for (const one of Object.keys(names) as N[]) byText.set(known(pascal(one)), one);
  // Other translators write the number of a name in hex.
  const ofNumber = (text: string): N | undefined => {
    if (!/^[0-9a-f]{2}$/i.test(text)) return undefined;
    const number = Number.parseInt(text, 16);
    return (Object.keys(names) as N[]).find((one) => names[one] === number);
  };
  return leaf(pascal, (text) => {
    const found = byText.get(known(text)) ?? ofNumber(text);
    if (found === undefined) throw badXml(`"${text}" is not one of ${Object.keys(names).map(pascal).join(", ")}`);
    return found;
  });
}

/** A part of a record: one element for one or several fields of the value. */
export interface Part {
  put(value: Fields, into: XmlNode): void;
  /** Removes the elements of this part from the front of `left`, and sets the fields of `target`. */
  get(left: XmlNode[], target: Fields): void;
}

export function childOf<T>(name: string, form: Form<T>, value: T): XmlNode {
  const child = element(name);
  try {
    form.put(value, child);
  } catch (caught) {
    throw stepped(caught, name);
  }
  return child;
}

export function read<T>(form: Form<T>, node: XmlNode): T {
  try {
    return form.get(node);
  } catch (caught) {
    throw stepped(caught, node.name);
  }
}

/** A field with its own element. */
export function field<T>(key: string, name: string, form: Form<T>, optional = false): Part {
  return {
    put(value, into) {
      if (value[key] === undefined && optional) return;
      into.children.push(childOf(name, form, value[key] as T));
    },
    get(left, target) {
      if (isNamed(left[0], name)) {
        const value = read(form, left.shift() as XmlNode);
        if (value !== undefined) target[key] = value;
      } else if (!optional) {
        throw badXml(`expected <${name}>${left[0] === undefined ? "" : `, not <${left[0].name}>`}`);
      }
    },
  };
}

/** Several fields in one element: `InvokeIdAndPriority`. */
export function several<T>(name: string, form: Form<T>): Part {
  return {
    put: (value, into) => into.children.push(childOf(name, form, value as T)),
    get(left, target) {
      if (!isNamed(left[0], name)) throw badXml(`expected <${name}>`);
      Object.assign(target, read(form, left.shift() as XmlNode));
    },
  };
}

/** Parts of the same record inside a separate element. */
export const within = (name: string, ...parts: Part[]): Part => several(name, record(...parts));

/** A record whose parts are elements in sequence. */
export function record(...parts: Part[]): Form<Fields> {
  return {
    put(value, into) {
      for (const part of parts) part.put(value, into);
    },
    get(from) {
      const left = [...from.children];
      const target: Fields = {};
      for (const part of parts) part.get(left, target);
      if (left[0] !== undefined) throw badXml(`<${left[0].name}> does not belong here`);
      return target;
    },
  };
}

/** An item of a list: a fixed element, or one of several elements. */
export interface Item<T> {
  node(value: T): XmlNode;
  value(node: XmlNode): T;
}

export function item<T>(name: string, form: Form<T>): Item<T> {
  return {
    node: (value) => childOf(name, form, value),
    value(node) {
      if (!isNamed(node, name)) throw badXml(`expected <${name}>, not <${node.name}>`);
      return read(form, node);
    },
  };
}

type Arms = Readonly<Record<string, readonly [name: string, form: AnyForm]>>;

function armOf(arms: Arms, node: XmlNode): [string, AnyForm] {
  for (const [key, [name, form]] of Object.entries(arms)) if (isNamed(node, name)) return [key, form];
  const names = Object.values(arms).map(([name]) => `<${name}>`);
  throw badXml(`expected one of ${names.join(", ")}, not <${node.name}>`);
}

/** A value `{key: …}` as the element of its key (see `keyed`). */
export function keyedItem(arms: Arms): Item<Fields> {
  return {
    node(value) {
      const key = Object.keys(arms).find((one) => value[one] !== undefined) as string;
      const [name, form] = arms[key] as Arms[string];
      return childOf(name, form, value[key]);
    },
    value(node) {
      const [key, form] = armOf(arms, node);
      return { [key]: read(form, node) };
    },
  };
}

/** A record as the element of its kind; the field `discriminator` has the kind (see `choice`). */
export function choiceItem(discriminator: string, arms: Arms): Item<Fields> {
  return {
    node(value) {
      const [name, form] = arms[value[discriminator] as string] as Arms[string];
      return childOf(name, form, value);
    },
    value(node) {
      const [key, form] = armOf(arms, node);
      return { [discriminator]: key, ...read(form, node) };
    },
  };
}

/** An element that contains exactly one item. */
export function one<T>(of: Item<T>): Form<T> {
  return {
    put: (value, into) => into.children.push(of.node(value)),
    get(from) {
      if (from.children.length !== 1) throw badXml(`<${from.name}> must contain one element`);
      return of.value(from.children[0] as XmlNode);
    },
  };
}

const quantity = (count: number): string => {
  const digits = count.toString(16).toUpperCase();
  return digits.padStart(digits.length + (digits.length % 2), "0");
};

/** Writes the number of items in hex. It is not read, because other translators omit it or write it in other ways. */
export function countInto(node: XmlNode, count: number): void {
  node.attributes.set("Qty", quantity(count));
}

/** An element that contains any number of items. */
export function many<T>(of: Item<T>): Form<readonly T[]> {
  return {
    put(value, into) {
      countInto(into, value.length);
      value.forEach((one, at) => {
        try {
          into.children.push(of.node(one));
        } catch (caught) {
          throw stepped(caught, String(at));
        }
      });
    },
    get: (from) =>
      from.children.map((node, at) => {
        try {
          return of.value(node);
        } catch (caught) {
          throw stepped(caught, String(at));
        }
      }),
  };
}
