import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect, it } from "vitest";
import { isLong } from "./campaign.ts";
import { arrows, isPure, keepers } from "./fences/arrows.ts";
import { cyclesIn, importsOf, impurities } from "./fences/source.ts";
import { carelessness } from "./fences/types.ts";

const root = resolve(import.meta.dirname, "..");
const json = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
const names = Object.keys(arrows);
const sorted = (list: Iterable<string>): string[] => [...new Set(list)].sort();

interface Source {
  readonly name: string;
  /** Within the package, with slashes. */
  readonly file: string;
  readonly path: string;
  readonly text: string;
}

const sources: Source[] = globSync("packages/*/src/**/*.ts", { cwd: root }).map((found) => {
  const [, name = "", ...rest] = found.split(sep);
  const path = join(root, found);
  return { name, file: rest.join("/"), path, text: readFileSync(path, "utf8") };
});

/** Looked at once: several fences ask, and parsing is what takes their time. */
const looked = new Map(
  sources.map(({ name, file, path, text }) => [
    path,
    { imports: importsOf(text), impure: isPure(name, file) ? impurities(text) : [] },
  ]),
);
function lookedAt({ path }: Source) {
  const found = looked.get(path);
  if (found === undefined) throw new Error(`not looked at: ${path}`);
  return found;
}

const workspace = (modules: Iterable<string>): string[] =>
  sorted([...modules].flatMap((module) => /^@dlmskit\/([^/]+)/.exec(module)?.[1] ?? []));

it("has a row of arrows for every package", () => {
  const found = globSync("packages/*/package.json", { cwd: root }).map((path) => path.split(sep)[1] ?? "");
  expect(sorted(found)).toEqual(sorted(names));
});

it.each(names)("%s depends on what its arrows name", (name) => {
  const { dependencies = {} } = json(`packages/${name}/package.json`);
  expect(workspace(Object.keys(dependencies))).toEqual(sorted(arrows[name] ?? []));
  for (const [module, version] of Object.entries(dependencies)) {
    if (module.startsWith("@dlmskit/")) expect(version).toBe("workspace:*");
  }
});

it.each(names)("%s refers the compiler to what its arrows name", (name) => {
  const { references = [], extends: base } = json(`packages/${name}/tsconfig.json`);
  const referred = references.map(({ path }: { path: string }) => path.split("/")[1]);
  expect(sorted(referred)).toEqual(sorted(arrows[name] ?? []));
  expect(base).toBe(isPure(name, "src/index.ts") ? "../../tsconfig.pure.json" : "../../tsconfig.node.json");
});

it.each(names)("%s imports along its arrows", (name) => {
  const allowed = [name, ...(arrows[name] ?? [])];
  for (const source of sources.filter((source) => source.name === name)) {
    for (const { from } of lookedAt(source).imports) {
      const [other] = workspace([from]);
      if (other !== undefined) expect(allowed, `${source.path} imports ${from}`).toContain(other);
      if (from.startsWith(".")) {
        const target = relative(join(root, "packages", name), resolve(dirname(source.path), from));
        expect(target.split(sep)[0], `${source.path} imports ${from}`).toBe("src");
      }
    }
  }
});

it("compiles the pure packages without a host's types", () => {
  const { compilerOptions } = json("tsconfig.base.json");
  expect(compilerOptions.lib).toEqual(["es2024"]);
  expect(compilerOptions.types).toEqual([]);
  expect(json("tsconfig.pure.json").compilerOptions).not.toHaveProperty("types");
});

it("keeps the pure packages pure", () => {
  const found = sources
    .filter(({ name, file }) => isPure(name, file))
    .flatMap((source) => [
      ...lookedAt(source).impure.map((what) => `${source.path}: ${what}`),
      ...lookedAt(source).imports.flatMap(({ from }) =>
        /^node:|^buffer$|^\?$/.test(from) ? `${source.path}: imports ${from}` : [],
      ),
    ]);
  expect(found).toEqual([]);
});

it("keeps sockets, serial ports, node:crypto and database drivers where they belong", () => {
  const found = sources.flatMap((source) =>
    lookedAt(source).imports.flatMap(({ from }) =>
      keepers.some(({ modules, files }) => modules.test(from) && !files.test(`${source.name}/${source.file}`))
        ? `${source.path}: ${from}`
        : [],
    ),
  );
  expect(found).toEqual([]);
});

it("has no import cycle", () => {
  const graph = new Map(
    sources.map((source) => [
      source.path,
      // Type-only ones too: files that name one another cannot be read one after another.
      lookedAt(source).imports.flatMap(({ from }) => (from.startsWith(".") ? resolve(dirname(source.path), from) : [])),
    ]),
  );
  expect(cyclesIn(graph)).toEqual([]);
});

it.skipIf(!isLong)("leaves no promise floating and no case forgotten", () => {
  expect(carelessness(sources.map(({ path }) => path))).toEqual([]);
});

// A fence that lets everything through looks like a fence that nobody climbs: here is an offender for each.

it("sees every kind of import", () => {
  const text = `
    import a from "./a.ts"; import type { B } from "./b.ts"; export * from "./c.ts";
    type D = import("./d.ts").D; await import("./e.ts"); import "./f.ts"; export type { G } from "./g.ts";`;
  expect(importsOf(text).map(({ from, runtime }) => `${from[2]}${runtime}`)).toEqual([
    ...["atrue", "bfalse", "ctrue", "dfalse", "etrue", "ftrue", "gfalse"],
  ]);
});

it("sees what is not pure", () => {
  expect(impurities("export async function f() { await 1; }")).toEqual(["async", "await"]);
  expect(impurities("class K { async m() { for await (const x of y); } }")).toEqual(["async", "await"]);
  expect(impurities("const { random } = Math; Math.random(); Math['random'](); Math.floor(1)")).toHaveLength(3);
  expect(isPure("security", "src/node.ts") || isPure("security", "src/node/keys.ts")).toBe(false);
  expect(isPure("security", "src/nodes.ts")).toBe(true);
});

it("sees a cycle", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b"]],
  ]);
  expect(cyclesIn(graph)).toEqual([["b", "c", "b"]]);
});

it("sees a floating promise and a forgotten case", () => {
  const folder = mkdtempSync(join(root, "node_modules/.fences-"));
  const path = join(folder, "offender.ts");
  try {
    writeFileSync(
      path,
      `declare const work: () => Promise<void>; declare const kind: "a" | "b";
      work();
      void work(); let kept: Promise<void> | undefined; kept ??= work(); work().catch(() => {});
      switch (kind) { case "a": break; }
      switch (kind) { case "a": break; case "b": break; }
      switch (kind) { case "a": break; default: break; }
      export {};`,
    );
    expect(carelessness([path])).toEqual([`${path}:2 a promise is left floating`, `${path}:4 a switch forgets "b"`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
