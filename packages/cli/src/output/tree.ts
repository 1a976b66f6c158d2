import { type TreeNode, treeText as textOf } from "@dlmskit/capture";
import { colours } from "./colours.ts";

/** Fields one a line, in colours on a terminal. */
export const treeText = (nodes: readonly TreeNode[]): string =>
  textOf(nodes, { dim: colours.dim, bold: colours.bold, value: colours.cyan });
