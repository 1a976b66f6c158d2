// The code blocks of guides and READMEs as TypeScript. Compiled, and where they are whole programs, run.
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";

export const root = resolve(import.meta.dirname, "..");

export interface Block {
  /** The page and the line at which the code begins: `docs/guides/quirks.md:53`. */
  readonly name: string;
  /** What the page declares for the compiler in a comment before the block: `<!-- given: declare const url: string; -->`. */
  readonly given: string;
  readonly code: string;
}

const pages = ["README.md", "docs/guides/*.md", "docs/how-it-works/*.md", "packages/*/README.md"];
const fenced = /(?:<!-- given:([\s\S]*?)-->\n+)?^```ts\n([\s\S]*?)^```$/gm;

/** Every block of TypeScript in the guides and READMEs. */
export function codeBlocks(): readonly Block[] {
  return globSync(pages, { cwd: root })
    .sort()
    .flatMap((page) => {
      const text = readFileSync(join(root, page), "utf8");
      return [...text.matchAll(fenced)].map(([whole, given = "", code = ""], at, all) => {
        const start = (all[at]?.index ?? 0) + whole.indexOf("```ts");
        return { name: `${page}:${text.slice(0, start).split("\n").length + 1}`, given: given.trim(), code };
      });
    });
}

/** The names that the packages export, and from which entry. The first package that has a name gives it. */
function exportedNames(program: ts.Program, entries: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const checker = program.getTypeChecker();
  const found = new Map<string, string>();
  for (const [path, module] of entries) {
    const source = program.getSourceFile(path);
    const symbol = source && checker.getSymbolAtLocation(source);
    for (const { name } of symbol === undefined ? [] : checker.getExportsOfModule(symbol))
      if (!found.has(name)) found.set(name, module);
  }
  return found;
}

/** Source files of the entries of the packages, with the name that a user imports. */
function entriesOfPackages(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  // Those that programs use before those that they are made of.
  const order = [..."client server cosem-objects apdu core security transport simulator".split(" "), "wrapper", "hdlc"];
  const rank = (path: string): number => {
    const at = order.findIndex((name) => path.includes(`packages/${name}/`));
    return at < 0 ? order.length : at;
  };
  const manifests = globSync("packages/*/package.json", { cwd: root });
  for (const path of manifests.sort((one, other) => rank(one) - rank(other))) {
    const { name, exports = {} } = JSON.parse(readFileSync(join(root, path), "utf8"));
    for (const [entry, conditions] of Object.entries<{ "dlmskit-source"?: string }>(exports)) {
      const source = conditions["dlmskit-source"];
      if (source !== undefined && !entry.endsWith("/internal"))
        found.set(join(root, path, "..", source), `${name}${entry.slice(1)}`);
    }
  }
  return found;
}

export interface Compiled extends Block {
  /** Whether it imports and declares all that it uses: a program that can run. */
  readonly whole: boolean;
  /** What the compiler says against it, with the line of the page. */
  readonly problems: readonly string[];
}

const unresolved = new Set([2304, 2552, 18_004]);

/**
 * Compiles blocks, each as a module of its own. A name that a block uses without declaring it is imported from the package that
 * exports it: readers of a fragment find that on the page.
 */
export function compile(blocks: readonly Block[]): readonly Compiled[] {
  const config = ts.readConfigFile(join(root, "tsconfig.base.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  Object.assign(options, { noEmit: true, types: ["node"], verbatimModuleSyntax: false });
  // Fragments declare what they do not use.
  Object.assign(options, {
    noUnusedLocals: false,
    noUnusedParameters: false,
    lib: ["lib.es2024.d.ts", "lib.esnext.disposable.d.ts"],
  });
  const host = ts.createCompilerHost(options);
  const read = host.readFile.bind(host);
  const exists = host.fileExists.bind(host);
  const sourceOf = host.getSourceFile.bind(host);
  const path = (at: number): string => join(root, "test", `code-block-${at}.ts`);
  const head = new Map<number, string>();
  const texts = new Map<string, string>();
  const write = (at: number): void => {
    const { given, code } = blocks[at] as Block;
    texts.set(path(at), `${head.get(at) ?? ""}${given.replaceAll("\n", " ")} export {};\n${code}`);
  };
  host.readFile = (name) => texts.get(name) ?? read(name);
  host.fileExists = (name) => texts.has(name) || exists(name);
  const sources = new Map<string, ts.SourceFile | undefined>();
  host.getSourceFile = (name, ...rest) => {
    // The same object where nothing changed: the second program then takes over what the first one made of it.
    if (sources.has(name)) return sources.get(name);
    const text = texts.get(name);
    const source =
      text === undefined ? sourceOf(name, ...rest) : ts.createSourceFile(name, text, options.target ?? 99, true);
    sources.set(name, source);
    return source;
  };
  for (const at of blocks.keys()) write(at);
  const entries = entriesOfPackages();
  const roots = [...texts.keys(), ...entries.keys()];
  let program = ts.createProgram(roots, options, host);
  const names = exportedNames(program, entries);
  const fragments = new Set<number>();
  const problemsOf = (source: ts.SourceFile): readonly ts.Diagnostic[] => [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ];
  const found = new Map<number, readonly ts.Diagnostic[]>();
  for (const [at, { given }] of blocks.entries()) {
    const source = program.getSourceFile(path(at)) as ts.SourceFile;
    const problems = problemsOf(source);
    const missing = new Set(
      problems
        .filter(({ code }) => unresolved.has(code))
        .map(({ start = 0, length = 0 }) => source.text.slice(start, start + length)),
    );
    if (missing.size > 0 || given !== "") fragments.add(at);
    const imports = [...missing].flatMap((name) => {
      const module = names.get(name);
      return module === undefined ? [] : [`import { ${name} } from "${module}"; `];
    });
    // A module without more to import is not compiled again.
    if (imports.length === 0) found.set(at, problems);
    head.set(at, imports.join(""));
    write(at);
    if (imports.length > 0) sources.delete(path(at));
  }
  program = ts.createProgram(roots, options, host, program);
  return blocks.map((block, at) => {
    const source = program.getSourceFile(path(at)) as ts.SourceFile;
    const first = Number(block.name.split(":").at(-1));
    const problems = found.get(at) ?? problemsOf(source);
    return {
      ...block,
      whole: !fragments.has(at),
      problems: problems.map(({ start = 0, messageText }) => {
        const line = first + source.getLineAndCharacterOfPosition(start).line - 1;
        return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
      }),
    };
  });
}
