import { toHex } from "@dlmskit/core";
import type { TreeNode } from "../decode/tree.ts";
import { colours } from "./colours.ts";

const octetColumn = 8;

function octetsText(octets: Uint8Array): string {
  const shown = octets.length > octetColumn ? octets.subarray(0, octetColumn - 1) : octets;
  const hex = toHex(shown).replace(/../g, "$& ").trimEnd();
  return shown === octets ? hex : `${hex} …`;
}

/** Fields one a line: offset in the input, first octets, name by depth, what it says. */
export function treeText(nodes: readonly TreeNode[]): string {
  const lines: string[] = [];
  const deepest = (node: TreeNode, depth: number): number =>
    node.children.reduce((most, child) => Math.max(most, deepest(child, depth + 1)), node.offset);
  const width = String(nodes.reduce((most, node) => Math.max(most, deepest(node, 0)), 0)).length;
  const show = (node: TreeNode, depth: number): void => {
    const { name, text, offset, octets, children } = node;
    const at = String(offset).padStart(width);
    const hex = octetsText(octets).padEnd(octetColumn * 3 - 1);
    const label = `${"  ".repeat(depth)}${depth === 0 ? colours.bold(name) : name}`;
    lines.push(
      `${colours.dim(at)}  ${colours.dim(hex)}  ${label}${text === "" ? "" : `: ${colours.cyan(text)}`}`.trimEnd(),
    );
    for (const child of children) show(child, depth + 1);
  };
  for (const node of nodes) show(node, 0);
  return `${lines.join("\n")}\n`;
}
