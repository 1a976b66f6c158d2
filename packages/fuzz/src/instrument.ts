import { registerHooks, stripTypeScriptTypes } from "node:module";
import { type AnyNode, type Node, parse } from "acorn";
import { simple } from "acorn-walk";
import MagicString from "magic-string";
import { counters, newPlace } from "./coverage.ts";

const name = "__dlmskitFuzzCounters";

/** JavaScript with a counter at each function, branch, loop and choice. */
function instrument(code: string): string {
  const text = new MagicString(code);
  const passed = () => `${name}[${newPlace()}]++`;
  const statement = (node: Node | null | undefined) => {
    if (node === null || node === undefined) return;
    if (node.type === "BlockStatement") text.appendRight(node.start + 1, `${passed()};`);
    else {
      text.appendRight(node.start, `{${passed()};`);
      text.appendLeft(node.end, "}");
    }
  };
  const expression = (node: Node) => {
    text.appendRight(node.start, `(${passed()},`);
    text.appendLeft(node.end, ")");
  };
  simple(parse(code, { ecmaVersion: "latest", sourceType: "module" }), {
    Function(node) {
      if (node.body.type === "BlockStatement") statement(node.body);
      else expression(node.body);
    },
    IfStatement(node) {
      statement(node.consequent);
      statement(node.alternate);
    },
    ForStatement: (node) => statement(node.body),
    ForInStatement: (node) => statement(node.body),
    ForOfStatement: (node) => statement(node.body),
    WhileStatement: (node) => statement(node.body),
    DoWhileStatement: (node) => statement(node.body),
    SwitchCase(node) {
      const [first] = node.consequent as AnyNode[];
      if (first !== undefined) text.appendRight(first.start, `${passed()};`);
    },
    ConditionalExpression(node) {
      expression(node.consequent);
      expression(node.alternate);
    },
    LogicalExpression: (node) => expression(node.right),
  });
  return `const ${name} = globalThis.${name};${text.toString()}`;
}

/** Instruments every source under `packages/NAME/src`, and these other ones, that is imported from here on. */
export function instrumentImports(packages: readonly string[], others: readonly string[] = []): void {
  Object.assign(globalThis, { [name]: counters });
  const wanted = new RegExp(`/packages/(?:${packages.join("|")})/src/[^?]*\\.ts$`);
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!(wanted.test(url) || others.includes(url)) || loaded.source === undefined || loaded.source === null)
        return loaded;
      const source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, format: "module", source: instrument(stripTypeScriptTypes(source)) };
    },
  });
}
