import { toHex } from "@dlmskit/core";
import type { TreeNode } from "./tree.ts";

const octetColumn = 8;

/** The style of the parts of a line, with escape sequences or markup. */
export interface TreeStyle {
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly value: (text: string) => string;
}

const asIs = (text: string): string => text;
const plain: TreeStyle = { dim: asIs, bold: asIs, value: asIs };

function octetsText(octets: Uint8Array): string {
  const shown = octets.length > octetColumn ? octets.subarray(0, octetColumn - 1) : octets;
  const hex = toHex(shown).replace(/../g, "$& ").trimEnd();
  return shown === octets ? hex : `${hex} …`;
}

/** Makes control characters and text direction marks visible, so that the text of a capture cannot control a terminal. */
const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`);

/** One line per field: offset in the input, first octets, name indented by depth, meaning. Plain text by default. */
export function treeText(nodes: readonly TreeNode[], style: TreeStyle = plain): string {
  const lines: string[] = [];
  const deepest = (node: TreeNode): number =>
    node.children.reduce((most, child) => Math.max(most, deepest(child)), node.offset);
  const width = String(nodes.reduce((most, node) => Math.max(most, deepest(node)), 0)).length;
  const show = (node: TreeNode, depth: number): void => {
    const { name, text, offset, octets, children } = node;
    const at = String(offset).padStart(width);
    const hex = octetsText(octets).padEnd(octetColumn * 3 - 1);
    const label = `${"  ".repeat(depth)}${depth === 0 ? style.bold(visible(name)) : visible(name)}`;
    lines.push(
      `${style.dim(at)}  ${style.dim(hex)}  ${label}${text === "" ? "" : `: ${style.value(visible(text))}`}`.trimEnd(),
    );
    for (const child of children) show(child, depth + 1);
  };
  for (const node of nodes) show(node, 0);
  return `${lines.join("\n")}\n`;
}
