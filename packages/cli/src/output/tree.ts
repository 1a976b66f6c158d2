import { type TreeNode, treeText as textOf } from "@dlmskit/capture";
import { colours, errorColours } from "./colours.ts";

/** One field per line, in colours on a terminal. */
export const treeText = (nodes: readonly TreeNode[]): string =>
  textOf(nodes, { dim: colours().dim, bold: colours().bold, value: colours().cyan });

/** The same for standard error. */
export const errorTreeText = (nodes: readonly TreeNode[]): string =>
  textOf(nodes, { dim: errorColours().dim, bold: errorColours().bold, value: errorColours().cyan });
