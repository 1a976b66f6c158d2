import { Fault } from "@dlmskit/core";

/** An element. COSEM XML uses only elements and attributes. */
export interface XmlNode {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlNode[];
  /** The text in the element without white space at its ends, if `parseXml` was asked for texts and there is one. */
  text?: string;
}

export const element = (name: string): XmlNode => ({ name, attributes: new Map(), children: [] });

const escapes: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  '"': "&quot;",
  "'": "&apos;",
};
const characters = new Map(Object.entries(escapes).map(([character, entity]) => [entity, character]));

/** Whether an attribute can hold a text without a change: XML 1.0 does not allow control characters and lone surrogates. */
export function writable(text: string): boolean {
  return !/[\p{Cc}\p{Surrogate}\uFFFE\uFFFF]/u.test(text);
}

/** The text of an element and its content, indented by two spaces per level. */
export function printXml(root: XmlNode): string {
  const lines: string[] = [];
  const print = (node: XmlNode, indent: string): void => {
    let tag = `${indent}<${node.name}`;
    for (const [name, value] of node.attributes) {
      tag += ` ${name}="${value.replace(/[<>&"']/g, (character) => escapes[character] as string)}"`;
    }
    if (node.children.length === 0) {
      lines.push(`${tag} />`);
      return;
    }
    lines.push(`${tag}>`);
    for (const child of node.children) print(child, `${indent}  `);
    lines.push(`${indent}</${node.name}>`);
  };
  print(root, "");
  return `${lines.join("\n")}\n`;
}

/** Fault `bad-xml`, to be thrown. */
export const badXml = (message: string, offset?: number): Fault =>
  new Fault("bad-xml", message, { layer: "xdlms", ...(offset === undefined ? {} : { offset }) });

// Sticky expressions match only at the current position.
const space = /\s+/y;
const declaration = /<\?xml\s[^?>]*\?>/y;
const open = /<([A-Za-z_][\w.:-]*)/y;
const close = /<\/([A-Za-z_][\w.:-]*)\s*>/y;
const attribute = /\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const tagEnd = /\s*(\/?)>/y;

function unescaped(text: string, offset: number): string {
  return text.replace(/&[^;]{0,10};?/g, (entity) => {
    const character = characters.get(entity);
    if (character !== undefined) return character;
    const code = /^&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));$/.exec(entity);
    const point = code === null ? Number.NaN : code[1] !== undefined ? Number.parseInt(code[1], 16) : Number(code[2]);
    if (!(point <= 0x10ffff)) throw badXml(`"${entity}" is not a known entity`, offset);
    return String.fromCodePoint(point);
  });
}

/** The maximum nesting depth of elements: a Data tree of 64 levels and the APDU around it. */
const deepest = 96;

export interface XmlOptions {
  /** Whether elements may contain text; false by default. */
  readonly texts?: boolean;
}

const content = /[^<]+/y;

/**
 * Parses the root element of a text. Only elements and attributes are allowed, and texts with `texts`; comments, white space and
 * the XML declaration are skipped. Document type, processing instructions, CDATA, entities other than those of XML itself, more
 * than 96 levels, and text without `texts` give Fault `bad-xml` with the offset in the text.
 */
export function parseXml(text: string, { texts = false }: XmlOptions = {}): XmlNode {
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return undefined;
    at = pattern.lastIndex;
    return found;
  };
  const comment = (): boolean => {
    if (!text.startsWith("<!--", at)) return false;
    const end = text.indexOf("--", at + 4);
    if (end < 0 || text[end + 2] !== ">") throw badXml("a comment must end with --> and cannot contain --", at);
    at = end + 3;
    return true;
  };
  const skip = (): void => {
    while (take(space) !== undefined || comment());
  };
  take(declaration);
  let root: XmlNode | undefined;
  const path: XmlNode[] = [];
  for (skip(); at < text.length; skip()) {
    const start = at;
    const closing = take(close);
    if (closing !== undefined) {
      const node = path.pop();
      if (node?.name !== closing[1]) throw badXml(`</${closing[1]}> has no start tag`, start);
      continue;
    }
    const holder = path.at(-1);
    const found = texts && holder !== undefined ? take(content) : undefined;
    if (holder !== undefined && found !== undefined) {
      holder.text = (holder.text ?? "") + unescaped(found[0], start).trimEnd();
      continue;
    }
    const opening = take(open);
    if (opening === undefined) throw badXml("expected elements and comments only", start);
    if (path.length === 0 && root !== undefined) throw badXml("expected one element only", start);
    if (path.length >= deepest) throw badXml(`nested deeper than ${deepest} levels`, start);
    const node = element(opening[1] as string);
    for (let found = take(attribute); found !== undefined; found = take(attribute)) {
      const name = found[1] as string;
      if (node.attributes.has(name)) throw badXml(`the attribute ${name} appears twice`, at);
      node.attributes.set(name, unescaped(found[2] ?? (found[3] as string), at));
    }
    const end = take(tagEnd);
    if (end === undefined) throw badXml(`<${node.name} is not closed`, at);
    path.at(-1)?.children.push(node);
    root ??= node;
    if (end[1] === "") path.push(node);
  }
  if (root === undefined) throw badXml("the XML has no element", at);
  if (path.length > 0) throw badXml(`<${path.at(-1)?.name}> is not closed`, at);
  return root;
}
