// Looks at every package as npm would get it: publint for its manifest, attw for its types; then installs all of them with npm
// in an empty folder, loads each by `import` and `require` on the Nodes that they are for, and bundles for a browser.
// The packages are packed as they were built: `pnpm build` comes first.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { at, node, run } from "./workspace.mjs";

const bin = (name, command) => {
  const manifest = JSON.parse(readFileSync(at(`node_modules/${name}/package.json`), "utf8"));
  return at(`node_modules/${name}/${typeof manifest.bin === "string" ? manifest.bin : manifest.bin[command]}`);
};
const publint = bin("publint", "publint");
const attw = bin("@arethetypeswrong/cli", "attw");
const quiet = { stdio: ["ignore", "ignore", "inherit"] };
const shell = process.platform === "win32";
/** The oldest Node of `engines`, and the lines since. */
const nodeVersions = ["20.19", "22", "24"];
/** Packages with no part that only Node has; `server`, `simulator` and `client` run in a browser on transports of its own. */
const forBrowsers = [
  "core",
  "hdlc",
  "wrapper",
  "mbus",
  "apdu",
  "security",
  "association",
  "cosem-objects",
  "capture",
].concat(["transport", "storage", "client", "server", "simulator"]);

const folder = mkdtempSync(join(tmpdir(), "dlmskit-packed-"));
const failed = [];
const failing = async (what, code) => {
  if ((await code) !== 0) failed.push(what);
};

/** The tarballs. Those that would not have declarations, or sources only, are caught below. */
async function pack() {
  // What `npm publish` of a single package does, with nothing built: prepack builds it, declarations too.
  rmSync(at("packages/core/dist"), { recursive: true, force: true });
  const one = ["--yes", "pnpm@12", "--filter", "@dlmskit/core", "pack", "--pack-destination", folder];
  if ((await run("npx", one, { ...quiet, shell })) !== 0) throw new Error("pnpm pack of core failed");
  if (!existsSync(at("packages/core/dist/index.d.ts"))) throw new Error("prepack made no declarations");
  const rest = ["--yes", "pnpm@12", "--config.ignore-scripts=true", "--filter", "./packages/**", "-r", "pack"];
  if ((await run("npx", [...rest, "--pack-destination", folder], { ...quiet, shell })) !== 0)
    throw new Error("pnpm pack failed");
  return readdirSync(folder).filter((name) => name.endsWith(".tgz") && !/dlmskit-(bench|fuzz)/.test(name));
}

async function check(name) {
  const tarball = join(folder, name);
  await failing(`publint ${name}`, run(node(), [publint, "run", tarball, "--strict"]));
  const types = [attw, tarball, "--profile", "esm-only", "--format", "ascii", "--no-emoji"];
  if ((await run(node(), types, quiet)) === 0) return;
  await run(node(), types);
  failed.push(`attw ${name}`);
}

/** Every entry of every package, as its users write it. */
function entries(installed) {
  return readdirSync(join(installed, "node_modules/@dlmskit")).flatMap((name) => {
    const { exports = {} } = JSON.parse(
      readFileSync(join(installed, `node_modules/@dlmskit/${name}/package.json`), "utf8"),
    );
    // What tests of transports and stores use needs a test runner.
    return Object.keys(exports)
      .filter((entry) => entry !== "./testing")
      .map((entry) => `@dlmskit/${name}${entry.slice(1)}`);
  });
}

/** The Node of that version: this one, the one of the repository, or one from the npm package `node`. */
async function nodeOf(version) {
  const isIt = async (program) => {
    const wanted = version.split(".").map(Number);
    const test = `const v=process.versions.node.split(".").map(Number);process.exit(v[0]===${wanted[0]}&&v[1]>=${wanted[1] ?? 0}?0:1)`;
    return (await run(program, ["-e", test], quiet)) === 0;
  };
  for (const program of [process.execPath, node()]) if (await isIt(program)) return program;
  const place = join(folder, `node-${version}`);
  mkdirSync(place);
  const install = ["install", "--prefix", place, "--no-audit", "--no-fund", "--loglevel=error", `node@${version}`];
  if ((await run("npm", install, { ...quiet, shell })) !== 0) throw new Error(`node ${version} could not be installed`);
  return join(place, "node_modules/node/bin", shell ? "node.exe" : "node");
}

async function load(installed) {
  const names = entries(installed);
  const test = (how) =>
    names
      .map(
        (name) =>
          `if (Object.keys(${how(JSON.stringify(name))}).length === 0 && ${JSON.stringify(name)} !== "@dlmskit/cli") throw new Error(${JSON.stringify(`${name} exports nothing`)});`,
      )
      .join("\n");
  writeFileSync(
    join(installed, "by-import.mjs"),
    test((name) => `await import(${name})`),
  );
  writeFileSync(
    join(installed, "by-require.cjs"),
    test((name) => `require(${name})`),
  );
  const dlms = join(installed, "node_modules/@dlmskit/cli/bin/dlms.js");
  for (const version of nodeVersions) {
    const program = await nodeOf(version);
    for (const args of [["by-import.mjs"], ["by-require.cjs"], [dlms, "--version"], [dlms, "decode", "1200e6"]]) {
      const script = args[0] === dlms ? dlms : join(installed, args[0]);
      await failing(`Node ${version}: ${args.join(" ")}`, run(program, [script, ...args.slice(1)], quiet));
    }
  }
  return names.length;
}

/** The chunks that a bundler makes of a module with that source. */
async function chunksOf(installed, source) {
  const { build } = await import("vite");
  const entry = join(installed, "browser.js");
  writeFileSync(entry, source);
  const built = await build({
    ...{ configFile: false, logLevel: "error", root: installed },
    build: { write: false, minify: false, lib: { entry, formats: ["es"] } },
  });
  return [built].flat().flatMap(({ output }) => output);
}

async function bundle(installed) {
  const all = forBrowsers.map((name) => `export * as ${name.replace("-", "_")} from "@dlmskit/${name}";`).join("\n");
  const modules = (await chunksOf(installed, all)).flatMap((chunk) => Object.keys(chunk.modules ?? {}));
  const ofNode = modules.filter((module) => /^node:|browser-external|polyfill/.test(module));
  if (ofNode.length > 0) failed.push(`browser bundle needs ${ofNode.join(", ")}`);
  for (const name of forBrowsers) {
    if (!modules.some((module) => module.includes(`/@dlmskit/${name}/dist/`)))
      failed.push(`browser bundle lacks ${name}`);
  }
  const one = await chunksOf(installed, 'export { Register } from "@dlmskit/cosem-objects";');
  if (one.some(({ code = "" }) => code.includes("ZigBee"))) {
    failed.push("who imports one interface class bundles others");
  }
}

try {
  const tarballs = await pack();
  if (tarballs.length === 0) throw new Error("nothing was packed");
  for (const name of tarballs) await check(name);
  const installed = join(folder, "installed");
  mkdirSync(installed);
  writeFileSync(join(installed, "package.json"), "{}");
  const install = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", installed];
  const files = tarballs.map((name) => join(folder, name));
  if ((await run("npm", [...install, ...files], { ...quiet, shell })) !== 0) throw new Error("npm install failed");
  const count = await load(installed);
  await bundle(installed);
  if (failed.length > 0) throw new Error(`as packed, these are wrong:\n${failed.join("\n")}`);
  process.stdout.write(
    `${tarballs.length} packages are right as packed; ${count} entries by import and require on Node ${nodeVersions.join(", ")}\n`,
  );
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
