import { existsSync, globSync, readFileSync } from "node:fs";
import { defineConfig } from "tsup";

// Shared by all packages: each is built from its own folder, and its entries are what its package.json exports.
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
  name: string;
  exports?: Record<string, { "dlmskit-source": string; browser?: { "dlmskit-source": string } }>;
};
// Without "./": a declaration file is named by its place below what all entries share.
const entry = Object.values(manifest.exports ?? {})
  .flatMap(({ browser, "dlmskit-source": source }) =>
    browser === undefined ? [source] : [browser["dlmskit-source"], source],
  )
  .map((source) => source.replace(/^\.\//, ""));
if (existsSync("src/main.ts")) entry.push("src/main.ts");
// A file of its own for each source where there are interface classes: who imports one of them bundles no other.
const sources = existsSync("src/classes") ? globSync("src/**/*.ts") : [];

export default defineConfig({
  entry: [...entry, ...sources.filter((source) => !entry.includes(source))],
  format: "esm",
  target: "es2024",
  platform: "node",
  sourcemap: true,
  clean: true,
  silent: true,
  // DLMSKIT_BUILD=js leaves the declarations out: what a start of the program needs, in a tenth of the time.
  dts:
    process.env.DLMSKIT_BUILD === "js"
      ? false
      : { entry, compilerOptions: { composite: false, declarationMap: false } },
});
