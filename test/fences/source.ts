import ts from "typescript";

export interface Import {
  readonly from: string;
  /** False for `import type` and `export type`, which leave nothing behind. */
  readonly runtime: boolean;
}

function each(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => each(child, visit));
}

let last: { readonly text: string; readonly tree: ts.SourceFile } | undefined;
/** Two look at a source, one after the other: parsing it takes longer than looking. */
function treeOf(text: string): ts.SourceFile {
  if (last?.text !== text) last = { text, tree: ts.createSourceFile("x.ts", text, ts.ScriptTarget.ES2024, false) };
  return last.tree;
}

/** Every module that a source names: static, dynamic, re-exported, or in a type. */
export function importsOf(text: string): Import[] {
  const found: Import[] = [];
  each(treeOf(text), (node) => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      found.push({ from: node.moduleSpecifier.text, runtime: !typeOnly });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ from: node.moduleSpecifier.text, runtime: !node.isTypeOnly });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal)) found.push({ from: node.argument.literal.text, runtime: false });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [module] = node.arguments;
      found.push({ from: module && ts.isStringLiteralLike(module) ? module.text : "?", runtime: true });
    }
  });
  return found;
}

const isMath = (node: ts.Node | undefined): boolean =>
  node !== undefined && ts.isIdentifier(node) && node.text === "Math";

/** What a pure source must not hold and the linter does not see in every form: waiting, and randomness. */
export function impurities(text: string): string[] {
  const found: string[] = [];
  each(treeOf(text), (node) => {
    if (node.kind === ts.SyntaxKind.AsyncKeyword) found.push("async");
    else if (node.kind === ts.SyntaxKind.AwaitKeyword || ts.isAwaitExpression(node)) found.push("await");
    else if (ts.isPropertyAccessExpression(node) && isMath(node.expression) && node.name.text === "random") {
      found.push("Math.random");
    } else if (ts.isElementAccessExpression(node) && isMath(node.expression)) found.push("Math[…]");
    else if (ts.isVariableDeclaration(node) && isMath(node.initializer)) found.push("Math by another name");
  });
  return found;
}

/** The cycles of a graph of files, each once, as the files on it. */
export function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const since = path.indexOf(file);
    if (since >= 0) cycles.push([...path.slice(since), file]);
    if (since >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return cycles;
}
