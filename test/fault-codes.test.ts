// The registry of Fault codes and the sources say the same: what is raised is listed, what is listed is raised, what is asked
// for exists. That a code belongs to the layer it is raised for is checked by the compiler.
import { globSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { ActionResult, DataAccessResult, ServiceError } from "@dlmskit/apdu";
import { commonFaultCodes, faultCodes, type Layer } from "@dlmskit/core";
import ts from "typescript";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const howTo = "add a line to packages/core/src/faults, then run `pnpm support-matrix`";
const layers = Object.keys(faultCodes) as Layer[];
const known = new Set([...Object.keys(commonFaultCodes), ...Object.values(faultCodes).flatMap(Object.keys)]);
const listed = (layer: string, code: string): boolean =>
  Object.hasOwn(commonFaultCodes, code) || Object.hasOwn(faultCodes[layer as Layer] ?? {}, code);

interface Found {
  /** Text literals that may be codes, by package. */
  readonly literals: Map<string, Set<string>>;
  /** Packages that raise Faults of a layer. */
  readonly raisers: Map<string, Set<string>>;
  readonly raised: { readonly layer: string; readonly code: string; readonly where: string }[];
  readonly asked: { readonly code: string; readonly where: string }[];
  readonly byMessage: string[];
}

const isCompared = (node: ts.Node): boolean =>
  (ts.isBinaryExpression(node.parent) &&
    [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken].includes(
      node.parent.operatorToken.kind,
    )) ||
  ts.isCaseClause(node.parent);

const property = (node: ts.Expression | undefined, name: string): ts.Expression | undefined =>
  node !== undefined && ts.isObjectLiteralExpression(node)
    ? node.properties.filter(ts.isPropertyAssignment).find((one) => one.name.getText() === name)?.initializer
    : undefined;

function look(files: readonly (readonly [name: string, text: string])[]): Found {
  const found: Found = { literals: new Map(), raisers: new Map(), raised: [], asked: [], byMessage: [] };
  const add = (map: Map<string, Set<string>>, key: string, value: string): void => {
    map.set(key, (map.get(key) ?? new Set()).add(value));
  };
  for (const [name, text] of files) {
    const [, owner = ""] = name.split(sep);
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
    const where = (node: ts.Node) => `${name}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteral(node) && !ts.isLiteralTypeNode(node.parent) && !isCompared(node)) {
        add(found.literals, owner, node.text);
      }
      if (ts.isPropertyAssignment(node) && node.name.getText() === "layer" && ts.isStringLiteral(node.initializer)) {
        add(found.raisers, node.initializer.text, owner);
      }
      if (ts.isNewExpression(node) && node.expression.getText() === "Fault") {
        const [code, , details] = node.arguments ?? [];
        const layer = details === undefined ? "core" : property(details, "layer");
        const given = typeof layer === "string" ? layer : layer && ts.isStringLiteral(layer) ? layer.text : undefined;
        if (given !== undefined && code !== undefined && ts.isStringLiteral(code)) {
          found.raised.push({ layer: given, code: code.text, where: where(node) });
        }
      }
      if (ts.isBinaryExpression(node) && isCompared(node.right) && ts.isStringLiteral(node.right)) {
        if (/\.code$/.test(node.left.getText())) found.asked.push({ code: node.right.text, where: where(node) });
        if (/\.message$/.test(node.left.getText())) found.byMessage.push(where(node));
      }
      if (ts.isSwitchStatement(node) && /\.code$/.test(node.expression.getText())) {
        for (const clause of node.caseBlock.clauses) {
          if (!ts.isCaseClause(clause) || !ts.isStringLiteral(clause.expression)) continue;
          found.asked.push({ code: clause.expression.text, where: where(clause) });
        }
      }
      if (ts.isCallExpression(node)) {
        const called = node.expression.getText();
        const asks = /(^|\.)message\.(includes|startsWith|endsWith|match|search|indexOf)$/.test(called);
        const tests = /\.test$/.test(called) && /(^|\.)message$/.test(node.arguments[0]?.getText() ?? "");
        if (asks || tests) found.byMessage.push(where(node));
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

const files = globSync("packages/*/src/**/*.ts", { cwd: root })
  .filter((name) => !name.startsWith(join("packages", "core", "src", "faults")))
  .map((name) => [name, readFileSync(join(root, name), "utf8")] as const);
const found = look(files);

it("every code that is raised is listed", () => {
  const missing = found.raised.filter(({ layer, code }) => layers.includes(layer as Layer) && !listed(layer, code));
  expect(missing, howTo).toEqual([]);
  expect(found.raised.length).toBeGreaterThan(150);
});

it("every code that is listed is raised", () => {
  const all = new Set([...found.literals.values()].flatMap((texts) => [...texts]));
  const fromPeers: { readonly [layer: string]: readonly string[] } = {
    cosem: Object.keys(DataAccessResult),
    client: [...Object.keys(DataAccessResult), ...Object.keys(ActionResult)],
    association: Object.keys(ServiceError.initiate).map((value) => `initiate-${value}`),
  };
  // What an action-result alone can say is a result of the cosem layer too.
  const results = [...Object.keys(DataAccessResult), ...Object.keys(ActionResult)];
  const unused = layers.flatMap((layer) => {
    const packages = found.raisers.get(layer) ?? new Set(["core"]);
    const raised = new Set([...packages].flatMap((one) => [...(found.literals.get(one) ?? [])]));
    return Object.keys(faultCodes[layer])
      .filter((code) => !raised.has(code) && !fromPeers[layer]?.includes(code))
      .filter((code) => layer !== "cosem" || !results.includes(code))
      .map((code) => `${layer}: ${code}`);
  });
  unused.push(...Object.keys(commonFaultCodes).filter((code) => !all.has(code)));
  expect(unused, "take the line out of packages/core/src/faults").toEqual([]);
});

it("every code that is asked for exists", () => {
  // What Node and its drivers call codes (ENOENT, 23505, commander.help) is none of ours.
  const unknown = found.asked.filter(({ code }) => /^[a-z]+(-[a-z]+)+$/.test(code) && !known.has(code));
  expect(unknown).toEqual([]);
});

it("the results of the standard are codes", () => {
  for (const name of [...Object.keys(DataAccessResult), ...Object.keys(ActionResult)]) {
    expect(listed("client", name), name).toBe(true);
    if (name !== "success") expect(listed("cosem", name), name).toBe(true);
  }
});

it("nothing is decided by the text of a message", () => {
  expect(found.byMessage).toEqual([]);
});

it("each meaning is a sentence", () => {
  for (const [code, meaning] of Object.entries({
    ...commonFaultCodes,
    ...Object.assign({}, ...Object.values(faultCodes)),
  })) {
    expect(meaning, code).toMatch(/^(`|[A-Z0-9]).{20,170}\.$/);
    expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  }
});

it("sees what is raised, asked for, and decided by a message", () => {
  const text = `
    throw new Fault("no-such", "x", { layer: "hdlc", offset: 1 });
    if (fault.code === "never-raised") {}
    switch (caught.code) { case "nor-this": break; }
    if (error.message.includes("x") || /x/.test(error.message) || error.message === "x") {}`;
  const seen = look([[join("packages", "hdlc", "src", "x.ts"), text]]);
  expect(seen.raised.map(({ layer, code }) => `${layer} ${code}`)).toEqual(["hdlc no-such"]);
  expect(seen.asked.map(({ code }) => code)).toEqual(["never-raised", "nor-this"]);
  expect(seen.byMessage).toHaveLength(3);
  expect(seen.literals.get("hdlc")?.has("never-raised")).toBe(false);
});
