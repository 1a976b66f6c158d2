import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const { counts } = JSON.parse(readFileSync(join(root, "test-vectors/conformance-cases.json"), "utf8")) as {
  counts: { readonly [letter: string]: number };
};

const runners = ["it", "test", "describe"];

/** The name of the function that is called at the bottom of `it.each(…)(…)`, `it.skipIf(…)(…)` and the like. */
function called(expression: ts.Expression): string {
  if (ts.isIdentifier(expression)) return expression.text;
  if (ts.isPropertyAccessExpression(expression) || ts.isCallExpression(expression))
    return called(expression.expression);
  return "";
}

/** The texts of the strings in an expression. */
function texts(node: ts.Node): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
  const found: string[] = [];
  ts.forEachChild(node, (child) => void found.push(...texts(child)));
  return found;
}

/** The names of the tests of a source, and the rows of their tables, which are names, too. */
function testNames(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && runners.includes(called(node.expression))) {
      const [first] = node.arguments;
      const isTable = ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === "each";
      if (first !== undefined && (isTable || ts.isStringLiteralLike(first) || ts.isTemplateExpression(first))) {
        found.push(...texts(first));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("x.ts", source, ts.ScriptTarget.ES2024, false));
  return found;
}

/** The ids in a name, with those between "A10 to A13" or "S13-15". */
function idsIn(name: string): string[] {
  const ids: string[] = [];
  for (const [, letter, first, , last] of name.matchAll(/\b([A-Z])(\d+)\b(?:( to |-)[A-Z]?(\d+)\b)?/g)) {
    for (let number = Number(first); number <= Number(last ?? first); number++) ids.push(`${letter}${number}`);
  }
  return ids;
}

it("names in a test source are found, whatever they are told to", () => {
  const source = `describe.each(["S1", "S2"])("%s", () => { it.skipIf(x)(\`A1: \${b} B2\`, () => say("C3")); });
    it("A10 to A12, S13-15 and D1", () => undefined);`;
  expect(testNames(source).flatMap(idsIn)).toEqual([
    ...["S1", "S2", "A1", "B2", "A10", "A11", "A12", "S13", "S14", "S15", "D1"],
  ]);
});

it("each case of HDLC and mode E has a test over a TCP socket, too", () => {
  const files = ["packages/hdlc/test/tcp-cases.test.ts", "packages/iec62056-21/test/mode-e-tcp.test.ts"];
  const sources = files.map((file) => readFileSync(join(root, file), "utf8"));
  // Most cases are rows of a table that is a constant of its own.
  const rows = sources.flatMap((source) => [...source.matchAll(/"(H\d+)"/g)].map(([, id]) => id));
  const ids = new Set([...sources.flatMap(testNames).flatMap(idsIn), ...rows]);
  const missing = Array.from({ length: counts.H as number }, (_, at) => `H${at + 1}`).filter((id) => !ids.has(id));
  expect(missing).toEqual([]);
});

it("each conformance case has a test that is named by its id", () => {
  const wanted = Object.entries(counts).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, at) => `${letter}${at + 1}`),
  );
  expect(wanted).toHaveLength(207);
  const missing = new Set(wanted);
  const sources = globSync("{packages/*/test,test}/**/*.test.ts", { cwd: root })
    .map((file) => readFileSync(join(root, file), "utf8"))
    .map((source) => ({ source, ids: new Set(idsIn(source).filter((id) => missing.has(id))) }))
    .sort((one, other) => other.ids.size - one.ids.size);
  // To parse a source takes long: those that name most come first, and those that can give nothing are left out.
  for (const { source, ids } of sources) {
    if (![...ids].some((id) => missing.has(id))) continue;
    for (const id of testNames(source).flatMap(idsIn)) missing.delete(id);
  }
  expect([...missing]).toEqual([]);
});
