import ts from "typescript";

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.NodeNext,
  lib: ["lib.es2024.d.ts"],
  types: ["node"],
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  customConditions: ["dlmskit-source"],
};

const isPromise = (checker: ts.TypeChecker, type: ts.Type): boolean =>
  type.isUnion()
    ? type.types.some((member) => isPromise(checker, member))
    : checker.getPropertyOfType(type, "then") !== undefined && checker.getPropertyOfType(type, "catch") !== undefined;

/** What is assigned is kept, for somebody to await; what has a handler for its failure may run on its own. */
function isLookedAfter(node: ts.Expression): boolean {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
  }
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  const { text } = node.expression.name;
  return (text === "catch" && node.arguments.length > 0) || (text === "then" && node.arguments.length > 1);
}

/** The literals of a union that a switch without default does not name. */
function missing(checker: ts.TypeChecker, node: ts.SwitchStatement): string[] {
  const clauses = node.caseBlock.clauses;
  const type = checker.getTypeAtLocation(node.expression);
  if (!type.isUnion() || clauses.some(ts.isDefaultClause)) return [];
  const literal = ts.TypeFlags.Literal | ts.TypeFlags.Null | ts.TypeFlags.Undefined;
  if (!type.types.every((member) => member.flags & literal)) return [];
  const named = new Set(
    clauses.filter(ts.isCaseClause).map((clause) => checker.typeToString(checker.getTypeAtLocation(clause.expression))),
  );
  return type.types.map((member) => checker.typeToString(member)).filter((name) => !named.has(name));
}

/**
 * Promises that nobody awaits and switches that forget a case, in any of these files. The linter looks for both too, but
 * does not know the types that come from another package.
 */
export function carelessness(files: readonly string[]): string[] {
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  const found: string[] = [];
  for (const path of files) {
    const source = program.getSourceFile(path);
    if (source === undefined) throw new Error(`not a source: ${path}`);
    const report = (node: ts.Node, what: string): void => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      found.push(`${path}:${line + 1} ${what}`);
    };
    const visit = (node: ts.Node): void => {
      if (
        ts.isExpressionStatement(node) &&
        !isLookedAfter(node.expression) &&
        isPromise(checker, checker.getTypeAtLocation(node.expression))
      ) {
        report(node, "a promise is left floating");
      }
      if (ts.isSwitchStatement(node)) {
        const cases = missing(checker, node);
        if (cases.length > 0) report(node, `a switch forgets ${cases.join(", ")}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}
