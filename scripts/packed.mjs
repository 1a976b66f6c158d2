// Looks at every package as npm would get it: publint for its manifest, attw for its types; then installs all of them with npm
// in an empty folder, loads each by `import` and `require` on the Nodes that they are for, serves and reads a meter there, also by the
// steps of docs/guides/run-your-own-program.md, and bundles for a browser. The packages are packed as they were built: `pnpm build` comes first.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
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
/** The oldest Nodes of `engines`, and the line that is developed with. A test holds that `engines` begins with the first two. */
const nodeVersions = ["20.19", "22.12", "24"];
/** Packages with no part that only Node has; `server`, `simulator` and `client` run in a browser on transports of its own. */
const forBrowsers = [
  "core",
  "hdlc",
  "wrapper",
  "mbus",
  "iec62056-21",
  "apdu",
  "security",
  "association",
  "cosem-objects",
  "capture",
].concat(["transport", "storage", "client", "server", "simulator"]);

/** How somebody runs a program of their own. */
const guide = readFileSync(at("docs/guides/run-your-own-program.md"), "utf8");
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
  const [, words] = /^npx (--yes pnpm@12 .* pack) --pack-destination /m.exec(guide) ?? [];
  if (words === undefined) throw new Error("the guide has no command that packs");
  const rest = words.replaceAll('"', "").split(" ");
  if ((await run("npx", [...rest, "--pack-destination", folder], { ...quiet, shell })) !== 0)
    throw new Error("pnpm pack failed");
  const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  for (const name of readdirSync(at("packages"))) {
    const { private: own = false, version } = JSON.parse(readFileSync(at(`packages/${name}/package.json`), "utf8"));
    if (!own && !tarballs.includes(`dlmskit-${name}-${version}.tgz`)) failed.push(`the guide does not pack ${name}`);
  }
  return tarballs;
}

/** Runs what is silent when it succeeds; what fails runs again, to be seen. */
async function silently(what, args) {
  if ((await run(node(), args, { stdio: "ignore" })) === 0) return;
  await run(node(), args);
  failed.push(what);
}

async function check(tarballs) {
  const queue = tarballs.flatMap((name) => [
    [`publint ${name}`, [publint, "run", join(folder, name), "--strict"]],
    [`attw ${name}`, [attw, join(folder, name), "--profile", "esm-only", "--format", "ascii", "--no-emoji"]],
  ]);
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await silently(...next);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 8) }, worker));
}

async function install(tarballs) {
  const installed = join(folder, "installed");
  mkdirSync(installed);
  writeFileSync(join(installed, "package.json"), "{}");
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", installed];
  // What an entry of a package needs that its users install beside it.
  const { peerDependencies } = JSON.parse(readFileSync(at("packages/server/package.json"), "utf8"));
  const files = tarballs.map((name) => join(folder, name)).concat(`prom-client@${peerDependencies["prom-client"]}`);
  if ((await run("npm", [...args, ...files], { ...quiet, shell })) !== 0) throw new Error("npm install failed");
  return installed;
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
    const test = `const v=process.versions.node.split(".").map(Number);process.exit(v[0]===${wanted[0]}&&v[1]===${wanted[1] ?? "v[1]"}?0:1)`;
    return (await run(program, ["-e", test], quiet)) === 0;
  };
  for (const program of [process.execPath, node()]) if (await isIt(program)) return program;
  const place = join(folder, `node-${version}`);
  mkdirSync(place);
  const install = ["install", "--prefix", place, "--no-audit", "--no-fund", "--loglevel=error", `node@${version}`];
  if ((await run("npm", install, { ...quiet, shell })) !== 0) throw new Error(`node ${version} could not be installed`);
  return join(place, "node_modules/node/bin", shell ? "node.exe" : "node");
}

/** A meter and its client, as a user's program: over a socket, ciphered, by the type of a class. */
const program = `
import { T } from "@dlmskit/apdu";
import { connect, DurableCounters } from "@dlmskit/client";
import { Register, register } from "@dlmskit/cosem-objects";
import { CounterGuard } from "@dlmskit/security";
import { hls5, meter, serve, tcp } from "@dlmskit/server";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";

const keys = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };
const energy = register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 12345, unit: "Wh", scaler: -3 });
const acme = meter({ name: "ACM1", objects: [energy], associations: { admin: { client: 1, security: hls5(keys), access: "full" } } });
const running = await serve(acme, { on: { wrapper: tcp(0, () => new WrapperServerLink()) } });
const duplex = await tcpConnect("127.0.0.1", running.addresses.wrapper.port);
const session = await connect(
  { duplex, link: new WrapperClientLink({ client: 1, server: 1 }) },
  {
    clock: systemClock,
    ciphered: true,
    mechanism: 5,
    security: {
      suite: 0,
      keys,
      systemTitle: Uint8Array.of(67, 76, 73, 0, 0, 0, 0, 1),
      counters: new DurableCounters({ start: 0, reserve: () => undefined }),
      replay: new CounterGuard(),
    },
  },
);
const raw = await session.read(Register, "1-0:1.8.0", "value");
const scaled = await session.readScaled(Register, "1-0:1.8.0");
if (raw.value !== 12345 || scaled.value !== 12.345 || scaled.unit !== "Wh") throw new Error(JSON.stringify({ raw, scaled }));
await session.release();
await running[Symbol.asyncDispose]();
`;

async function load(installed, programs) {
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
  writeFileSync(join(installed, "meter.mjs"), program);
  const dlms = join(installed, "node_modules/@dlmskit/cli/bin/dlms.js");
  const scripts = ["by-import.mjs", "by-require.cjs", "meter.mjs"].map((name) => [join(installed, name)]);
  for (const [at, node] of programs.entries()) {
    for (const args of [...scripts, [dlms, "--version"], [dlms, "decode", "1200e6"]])
      await failing(`Node ${nodeVersions[at]}: ${args.join(" ")}`, run(node, args, quiet));
  }
  const [, own] = /^```ts\n([\s\S]*?)^```$/m.exec(guide) ?? [];
  const typed = join(installed, "my-meter.mts");
  writeFileSync(typed, own ?? "throw new Error('the guide has no program')");
  await failing("the program of the guide", run(programs.at(-1), [typed], quiet));
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
  // What waits for the network goes on beside what computes.
  const nodes = Promise.all(nodeVersions.map(nodeOf));
  nodes.catch(() => undefined);
  const tarballs = await pack();
  if (tarballs.length === 0) throw new Error("nothing was packed");
  const [installed] = await Promise.all([install(tarballs), check(tarballs)]);
  const count = await load(installed, await nodes);
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
