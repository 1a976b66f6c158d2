import { type DataShape, shapeOf } from "@dlmskit/apdu";
import type { ClassSpec } from "../../src/index.ts";
import { identifier, shapeOfText } from "./type-text.ts";

/** What the catalogue or a declaration says, by the place where it says it: `"70v0 attribute 3 enum"`. */
export type Cells = Map<string, string>;

type Names = Readonly<Record<string, number>>;

interface CatalogueItem {
  readonly index: number;
  readonly name: string;
  readonly type?: string;
  readonly parameter?: string;
  readonly returns?: string;
  readonly static?: boolean;
  readonly mandatory?: boolean;
  readonly unit?: string;
  readonly range?: string;
  readonly default?: number;
  readonly enum?: Readonly<Record<string, string>>;
  readonly enums?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bits?: Readonly<Record<string, string>>;
  readonly selective_access?: readonly { readonly selector: number }[];
}

export interface CatalogueClass {
  readonly id: number;
  readonly version: number;
  readonly name: string;
  readonly confidence: string;
  readonly attributes: readonly CatalogueItem[];
  readonly methods: readonly CatalogueItem[];
}

/** A shape as text; the names of enumerations have cells of their own. */
function shapeText(shape: DataShape | undefined): string {
  if (shape === undefined) return "any";
  switch (shape.type) {
    case "any":
      return "any";
    case "array":
      return `array of ${shapeText(shape.item)}`;
    case "structure": {
      if (shape.elements === undefined) return "structure";
      const elements = Object.entries(shape.elements).map(([name, element]) => `${name}: ${shapeText(element)}`);
      return `structure{${elements.join(", ")}}`;
    }
    case "choice":
      return `CHOICE{${shape.among.map(shapeText).join(", ")}}`;
    case "octet-string":
    case "bit-string": {
      const inside = [shape.length, shape.holds].filter((one) => one !== undefined);
      return inside.length === 0 ? shape.type : `${shape.type}(${inside.join(", ")})`;
    }
    default:
      return shape.type;
  }
}

/** The enumerations in a shape by the names of the elements that have them; "" for the whole. */
function enumerationsIn(shape: DataShape | undefined, name = ""): [name: string, names: Names][] {
  if (shape === undefined) return [];
  if (shape.type === "array") return enumerationsIn(shape.item, name);
  if (shape.type === "choice") return shape.among.flatMap((one) => enumerationsIn(one, name));
  if (shape.type === "structure") {
    return Object.entries(shape.elements ?? {}).flatMap(([element, one]) => enumerationsIn(one, element));
  }
  // Units are held by a test of their own.
  return shape.type === "enum" && shape.names !== undefined && name !== "unit" ? [[name, shape.names]] : [];
}

/** Names of numbers as the text of a cell. */
export const sorted = (names: Names): string =>
  Object.entries(names)
    .sort(([, one], [, other]) => one - other)
    .map(([name, number]) => `${number} ${/^-?\d/.test(name) ? name : identifier(name)}`)
    .join(", ");

/** The cells of a declaration. */
export function cellsOfSpec(spec: ClassSpec): Cells {
  const cells: Cells = new Map();
  const where = `${spec.classId}v${spec.version}`;
  cells.set(`${where} name`, spec.name);
  cells.set(`${where} confidence`, spec.confidence ?? "high");
  const put = (at: string, cell: string, value: unknown): void => {
    if (value !== undefined && value !== "") cells.set(`${where} ${at} ${cell}`, String(value));
  };
  const putEnumerations = (at: string, shape: DataShape | undefined): void => {
    for (const [name, names] of enumerationsIn(shape)) put(at, `enum ${name}`.trim(), sorted(names));
  };
  for (const [name, attribute] of Object.entries(spec.attributes)) {
    // What an object keeps for itself is no cell of the standard.
    if (attribute.id === 0) continue;
    const at = `attribute ${attribute.id}`;
    const shape = shapeOf(attribute.type);
    put(at, "name", name);
    put(at, "type", shapeText(shape));
    put(at, "static", attribute.static);
    put(at, "unit", attribute.unit);
    put(at, "range", attribute.range?.join(".."));
    if (typeof attribute.default === "number") put(at, "default", attribute.default);
    put(at, "bits", attribute.bits && sorted(attribute.bits));
    put(at, "selectors", attribute.selectors?.join(", "));
    putEnumerations(at, shape);
  }
  for (const [name, method] of Object.entries(spec.methods)) {
    const at = `method ${method.id}`;
    put(at, "name", name);
    put(at, "argument", shapeText(shapeOf(method.argument)));
    put(at, "mandatory", method.mandatory ?? false);
    put(at, "result", method.result && shapeText(shapeOf(method.result)));
    putEnumerations(at, shapeOf(method.argument));
  }
  return cells;
}

/** `shortNames`: what a label that is a sentence is called instead. */
function members(labels: Readonly<Record<string, string>>, shortNames: Readonly<Record<string, string>>): string {
  const names: Record<string, number> = {};
  for (const [number, label] of Object.entries(labels)) {
    // Ranges that are left to manufacturers, and what is reserved or unused.
    if (!/^(\d+|0x[\dA-F]+)$/.test(number) || /^(reserved|unused)(,.*)?$/i.test(label)) continue;
    const first = label.split(/[(;:,]/)[0] as string;
    names[shortNames[label] ?? (/^-?\d/.test(label) ? label : identifier(first))] = Number(number);
  }
  return sorted(names);
}

/** The cells of the catalogue. */
export function cellsOfCatalogue(one: CatalogueClass, shortNames: Readonly<Record<string, string>>): Cells {
  const cells: Cells = new Map();
  const where = `${one.id}v${one.version}`;
  cells.set(`${where} name`, one.name);
  cells.set(`${where} confidence`, one.confidence);
  const put = (at: string, cell: string, value: unknown): void => {
    if (value !== undefined) cells.set(`${where} ${at} ${cell}`, String(value));
  };
  const putEnumerations = (at: string, item: CatalogueItem): void => {
    // The two values of a boolean have no numbers.
    if (item.enum?.true === undefined) put(at, "enum", item.enum && members(item.enum, shortNames));
    for (const [field, labels] of Object.entries(item.enums ?? {})) {
      const isBits = field.endsWith(" bit");
      const element = field === "identified key_id" ? "keyId" : identifier(field);
      put(at, isBits ? "bits" : `enum ${element}`, members(labels, shortNames));
    }
  };
  for (const item of one.attributes) {
    // Attribute 1 is in every class without being declared.
    if (item.index === 1) continue;
    const at = `attribute ${item.index}`;
    put(at, "name", identifier(item.name));
    put(at, "type", shapeText(shapeOfText(item.type as string, identifier(item.name))));
    put(at, "static", item.static);
    put(at, "unit", item.unit);
    put(at, "range", item.range);
    put(at, "default", item.default);
    put(at, "bits", item.bits && members(item.bits, shortNames));
    put(at, "selectors", item.selective_access?.map(({ selector }) => selector).join(", "));
    putEnumerations(at, item);
  }
  for (const item of one.methods) {
    const at = `method ${item.index}`;
    put(at, "name", identifier(item.name));
    put(at, "argument", shapeText(shapeOfText(item.parameter as string, identifier(item.name))));
    put(at, "mandatory", item.mandatory);
    put(at, "result", item.returns && shapeText(shapeOfText(item.returns)));
    putEnumerations(at, item);
  }
  return cells;
}

/** `"cell: what the catalogue has | what the declaration has"` for every cell in which they differ, or that one of them has not. */
export function differences(catalogue: Cells, declared: Cells): string[] {
  return [...new Set([...catalogue.keys(), ...declared.keys()])]
    .filter((cell) => catalogue.get(cell) !== declared.get(cell))
    .map((cell) => `${cell}: ${catalogue.get(cell) ?? "-"} | ${declared.get(cell) ?? "-"}`);
}
