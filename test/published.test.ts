// What a user of the published packages relies on: manifests, and links that lead somewhere.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");
const json = (path: string) => JSON.parse(text(path));
const repository = "https://github.com/dlmskit/dlmskit";
const engines: string = json("package.json").engines.node;
const published = globSync("packages/*/package.json", { cwd: root })
  .map((path) => path.split(sep)[1] as string)
  .filter((name) => json(`packages/${name}/package.json`).private !== true)
  .sort();

describe("the manifest of a package", () => {
  it.each(published)("%s", (name) => {
    const manifest = json(`packages/${name}/package.json`);
    expect(manifest).toMatchObject({
      name: `@dlmskit/${name}`,
      license: "Apache-2.0",
      homepage: `${repository}/tree/main/packages/${name}#readme`,
      repository: { type: "git", url: `git+${repository}.git`, directory: `packages/${name}` },
      engines: { node: engines },
      files: expect.arrayContaining(["dist", "src"]),
      scripts: { prepack: "tsup --config ../../tsup.config.ts" },
    });
    for (const [entry, conditions] of Object.entries<object>(manifest.exports)) {
      // `default` serves `import` and `require`; a condition that stands before it would hide it from one of them.
      const keys = Object.keys(conditions).filter((key) => key !== "dlmskit-source" && key !== "browser");
      expect(keys, entry).toEqual(["types", "default"]);
    }
  });

  it("has the Node versions that the README names and that the packed packages run on", () => {
    const oldest = (engines.match(/\d+\.\d+/g) ?? []) as string[];
    expect(oldest).toEqual(["20.19", "22.12"]);
    expect(text("scripts/packed.mjs")).toContain(`nodeVersions = ["${oldest.join('", "')}", `);
    for (const page of ["README.md", "CONTRIBUTING.md"])
      for (const version of oldest) expect(text(page), page).toContain(version);
  });
});

/** Where the links and images of a page lead. */
const linksOf = (page: string): readonly string[] =>
  [
    ...text(page)
      .replaceAll(/^```[\s\S]*?^```/gm, "")
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, target]) => target as string);

/** The anchors of a page, as they are made of its headings. */
const anchorsOf = (page: string): readonly string[] =>
  [...text(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

function expectTarget(page: string, path: string, anchor: string | undefined): void {
  expect(existsSync(join(root, path)), `${page} links to ${path}`).toBe(true);
  if (anchor !== undefined && path.endsWith(".md"))
    expect(anchorsOf(path), `${page} links to ${path}`).toContain(anchor);
}

describe("links", () => {
  const pages = globSync(["*.md", "docs/**/*.md", "examples/*.md", "test-vectors/*.md", "packages/*/*.md"], {
    cwd: root,
    exclude: (name) => /(^|[/\\])(api|node_modules)$/.test(String(name)),
  });

  it("finds pages", () => expect(pages.length).toBeGreaterThan(40));

  it.each(pages)("%s", (page) => {
    const onNpm = published.some((name) => page === join("packages", name, "README.md"));
    for (const target of linksOf(page)) {
      const [path = "", anchor] = target.split("#");
      const ours = /^https:\/\/github\.com\/dlmskit\/dlmskit\/(?:blob|tree)\/main\/(.*)$/.exec(path)?.[1];
      if (ours !== undefined) expectTarget(page, ours, anchor);
      if (/^https?:/.test(target)) continue;
      // A registry shows a package's README away from the repository.
      expect(onNpm, `${page} links to ${target}: a published README needs ${repository}/blob/main/…`).toBe(false);
      expectTarget(page, path === "" ? page : join(dirname(page), path), anchor);
    }
  });
});
