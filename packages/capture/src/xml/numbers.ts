import type { XmlNode } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";

/** The number of octets of the numbers in elements, by element name in lower case. In hex there are twice as many digits. */
const widths: Readonly<Record<string, number>> = {
  ...{ invokeidandpriority: 1, longinvokeidandpriority: 4, classid: 2, attributeid: 1, methodid: 1, accessselector: 1 },
  ...{ selector: 1, blocknumber: 4, blocknumberack: 2, blockcontrol: 1, variablename: 2, vaaname: 2, networkid: 1 },
  ...{ proposeddlmsversionnumber: 1, negotiateddlmsversionnumber: 1, proposedmaxpdusize: 2, negotiatedmaxpdusize: 2 },
  ...{ proposedqualityofservice: 1, negotiatedqualityofservice: 1, invocationcounter: 4 },
  ...{ int8: 1, int16: 2, int32: 4, int64: 8, uint8: 1, uint16: 2, uint32: 4, uint64: 8, enum: 1, bcd: 1 },
  ...{ deltaint8: 1, deltaint16: 2, deltaint32: 4, deltauint8: 1, deltauint16: 2, deltauint32: 4 },
};
const signed = /^(?:delta)?int\d/;

/** The base of the numbers in a document. */
type Base = "hex" | "decimal";

export interface NumberOptions {
  /** Whether all numbers are decimal. */
  readonly decimal?: boolean | undefined;
}

const badXml = (message: string, path: readonly string[], hint?: string): Fault => {
  const fault = new Fault("bad-xml", message, { layer: "xdlms", ...(hint === undefined ? {} : { hint }) });
  fault.path.push(...path);
  return fault;
};

interface Place {
  readonly node: XmlNode;
  readonly attribute: string;
  readonly text: string;
  /** The number of octets of the number; 0 for a count, which can have any width. */
  readonly width: number;
  readonly path: readonly string[];
  /** The actual number of elements, for a count. */
  readonly count?: number;
}

/** Whether an element has the type description of a compact-array: its counts belong to types, and its types are not values. */
const isDescription = (node: XmlNode): boolean => node.name.toLowerCase() === "contentsdescription";

function placesIn(root: XmlNode): Place[] {
  const places: Place[] = [];
  const walk = (node: XmlNode, above: readonly string[]): void => {
    const path = [...above, node.name];
    const name = node.name.toLowerCase();
    const width = widths[name];
    const value = node.attributes.get("Value");
    if (width !== undefined && value !== undefined) {
      places.push({ node, attribute: "Value", text: value, width, path });
    }
    const quantity = node.attributes.get("Qty");
    if (quantity !== undefined) {
      places.push({ node, attribute: "Qty", text: quantity, width: 0, path, count: node.children.length });
    }
    if (!isDescription(node)) for (const child of node.children) walk(child, path);
  };
  walk(root, []);
  return places;
}

/** The base of a number according to its own text; undefined if both are possible. */
function evidence({ text, width, count }: Place): Base | undefined {
  if (/[a-f]/i.test(text)) return "hex";
  if (text.startsWith("-")) return "decimal";
  if (count !== undefined) {
    const [hex, decimal] = [Number.parseInt(text, 16) === count, Number(text) === count];
    if (hex !== decimal) return hex ? "hex" : "decimal";
  }
  // In hex every octet has two digits, and decimal numbers have no leading zeros.
  if (text.length % 2 !== 0 || (width > 0 && text.length > width * 2)) return "decimal";
  return /^0./.test(text) ? "hex" : undefined;
}

const sameInBoth = (text: string): boolean => /^0*\d$/.test(text);

function baseOf(place: Place, whole: Base | undefined, mixed: boolean): Base {
  const { text, width, path } = place;
  const own = evidence(place);
  if (own !== undefined && (own === "decimal" || mixed || /[a-f]/i.test(text))) return own;
  if (sameInBoth(text)) return "hex";
  if (whole === "decimal") return "decimal";
  const full =
    width === 0 || text.length === width * 2 || (place.node.name.toLowerCase() === "blocknumber" && text.length === 4);
  if (!mixed && full) return "hex";
  const decimal = Number(text);
  throw badXml(
    `"${text}" can mean ${decimal} in decimal or ${Number.parseInt(text, 16)} in hex`,
    path,
    `use --decimal if numbers are decimal; for hex write ${text.padStart(width * 2, "0")}`,
  );
}

function hexOf({ text, width, node, path }: Place): string {
  if (!/^-?\d{1,20}$/.test(text)) throw badXml(`"${text}" is not a decimal number`, path);
  const number = BigInt(text);
  const bits = BigInt(width * 8);
  const isSigned = signed.test(node.name.toLowerCase());
  const low = isSigned ? -(1n << (bits - 1n)) : 0n;
  const high = isSigned ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  if (number < low || number > high) throw badXml(`${text} is outside ${low} to ${high}`, path);
  const digits = BigInt.asUintN(width * 8, number)
    .toString(16)
    .toUpperCase();
  return digits.padStart(width * 2, "0");
}

/**
 * Converts all numbers of a document to hex of full width and checks the counts. Gives a note if numbers are decimal. Fault
 * `bad-xml` for a number that may be decimal or hex, and for a count that differs from the number of elements.
 */
export function settleNumbers(root: XmlNode, { decimal = false }: NumberOptions): string | undefined {
  const places = placesIn(root);
  for (const { text, path, attribute } of places) {
    if (!/^-?[0-9a-fA-F]+$/.test(text)) throw badXml(`the ${attribute} "${text}" is not a number`, path);
  }
  const found = places.map((place) => ({ place, base: evidence(place) }));
  const decimals = found.filter(({ base }) => base === "decimal");
  // Leading zeros before a single digit are weak evidence, because the number is the same in both bases.
  const hexes = found.filter(({ base, place }) => base === "hex" && (!sameInBoth(place.text) || decimals.length === 0));
  const mixed = !decimal && decimals.length > 0 && hexes.length > 0;
  const whole: Base | undefined = decimal || (decimals.length > 0 && !mixed) ? "decimal" : undefined;
  for (const place of places) {
    const { node, text, attribute, count, path } = place;
    const base = decimal && !/[a-f]/i.test(text) ? "decimal" : baseOf(place, whole, mixed);
    if (attribute === "Qty") {
      const quantity = Number.parseInt(text, base === "hex" ? 16 : 10);
      if (quantity !== count) {
        throw badXml(`Qty is ${quantity}, but there ${count === 1 ? "is 1 element" : `are ${count} elements`}`, path);
      }
      continue;
    }
    if (base === "decimal") node.attributes.set(attribute, hexOf({ ...place, width: widthOf(place) }));
  }
  const [first] = decimals;
  if (decimal || first === undefined) return undefined;
  return `numbers are taken as decimal: ${first.place.node.name} has "${first.place.text}"`;
}

/** The block numbers of general block transfer and of short-name services have two octets. */
function widthOf({ width, path }: Place): number {
  const isShort = path.some((name) =>
    /^(?:generalblocktransfer|read|write|unconfirmedwrite|blocknumberaccess|datablockresult)/i.test(name),
  );
  return path.at(-1)?.toLowerCase() === "blocknumber" && isShort ? 2 : width;
}
