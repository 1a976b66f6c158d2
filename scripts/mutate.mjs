// `pnpm mutate [--sample N] [--seed N] [--tests GLOB] PACKAGE | PATH…`: changes the sources a little, one place at a time, and
// tells which changes no test notices. It works on a copy of the repository outside of it, so that nothing here is ever changed.
import { execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { at, node, root } from "./workspace.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    tests: { type: "string", multiple: true, default: [] },
  },
});
if (positionals.length === 0) {
  process.stderr.write(
    "which package, or which files? pnpm mutate hdlc; pnpm mutate packages/hdlc/src/frame.ts:10-40\n",
  );
  process.exit(2);
}

const notMutated = ["!packages/*/src/**/testing/**", "!packages/*/src/**/testing.ts", "!packages/*/src/index.ts"];
const sources = positionals.map((name) => (existsSync(at(`packages/${name}`)) ? `packages/${name}/src/**/*.ts` : name));
const names = new Set(sources.map((path) => path.split("/")[1]));
const tests = [...[...names].map((name) => `packages/${name}/test/**/*.test.ts`), ...values.tests];

/** The links of a node_modules folder as they are, so that those to packages of the workspace lead into the copy. */
function copyLinks(from, to, depth = 0) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (lstatSync(source).isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (depth === 0 && name.startsWith("@")) copyLinks(source, target, depth + 1);
    else if (name !== ".cache") symlinkSync(source, target);
  }
}

function copyRepository(folder) {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const path of listed.toString().split("\0")) {
    if (path === "" || !existsSync(at(path))) continue;
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    copyFileSync(at(path), join(folder, path));
  }
  for (const path of ["node_modules", ...globSync("packages/*/node_modules", { cwd: root })]) {
    copyLinks(at(path), join(folder, path));
  }
}

/** Runs Stryker in the copy; resolves with its exit code. */
function stryker(folder, args, stdio) {
  const child = spawn(node(), [join(folder, "node_modules/@stryker-mutator/core/bin/stryker.js"), ...args], {
    cwd: folder,
    stdio,
  });
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { child, ended };
}

/** The mutants that there are, by the mutation server protocol. */
async function discover(folder) {
  const { child, ended } = stryker(folder, ["serve", "stdio"], ["pipe", "pipe", "inherit"]);
  const ask = (id, method, params) => {
    const content = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    child.stdin.write(`Content-Length: ${Buffer.byteLength(content)}\r\n\r\n${content}`);
  };
  ask(1, "configure", { configFilePath: "stryker.config.json" });
  ask(2, "discover", {});
  let held = Buffer.alloc(0);
  for await (const chunk of child.stdout) {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      const header = /^Content-Length: (\d+)\r\n\r\n/.exec(held.subarray(0, 64).toString("latin1"));
      const end = header === null ? 0 : header[0].length + Number(header[1]);
      if (header === null || held.length < end) break;
      const message = JSON.parse(held.subarray(header[0].length, end).toString());
      held = held.subarray(end);
      if (message.error !== undefined) throw new Error(message.error.message);
      if (message.id !== 2) continue;
      child.kill();
      await ended;
      return Object.entries(message.result.files).flatMap(([path, { mutants }]) =>
        mutants.map(({ location: { start, end } }) => ({ path, start, end })),
      );
    }
  }
  throw new Error("Stryker told no mutants");
}

const before = (one, other) => one.line < other.line || (one.line === other.line && one.column <= other.column);

/** So many places, the same for the same seed. A place that holds other places is none. */
function sample(mutants, count, seed) {
  const key = ({ path, start, end }) => `${path}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
  const places = [...new Map(mutants.map((place) => [key(place), place])).values()];
  const leaves = places.filter(
    (place) =>
      !places.some(
        (other) =>
          other !== place &&
          other.path === place.path &&
          before(place.start, other.start) &&
          before(other.end, place.end),
      ),
  );
  // mulberry32
  let state = seed >>> 0;
  const below = (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const chosen = [];
  while (chosen.length < count && leaves.length > 0) chosen.push(key(leaves.splice(below(leaves.length), 1)[0]));
  return chosen;
}

const folder = mkdtempSync(join(tmpdir(), "dlmskit-mutate-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

copyRepository(folder);
// A mutant of what runs while a module loads needs the module anew: files do not share a process here.
writeFileSync(
  join(folder, "vitest.mutate.config.ts"),
  `import base from "./vitest.config.ts";
export default { ...base, test: { ...base.test, isolate: true, include: ${JSON.stringify(tests)} } };\n`,
);
const configure = (mutate) =>
  writeFileSync(
    join(folder, "stryker.config.json"),
    JSON.stringify({
      mutate,
      ...{ inPlace: true, testRunner: "vitest", plugins: ["@stryker-mutator/vitest-runner"], checkers: [] },
      vitest: { configFile: "vitest.mutate.config.ts", related: false, pool: "forks" },
      ...{ coverageAnalysis: "perTest", disableTypeChecks: false, allowConsoleColors: process.stdout.isTTY === true },
      ...{ concurrency: availableParallelism(), timeoutMS: 60_000, timeoutFactor: 4, dryRunTimeoutMinutes: 30 },
      ...{ reporters: ["clear-text", "json"], clearTextReporter: { reportTests: false, logTests: false } },
      ...{ jsonReporter: { fileName: "mutation.json" }, thresholds: { high: 90, low: 70, break: null } },
    }),
  );
configure([...sources, ...notMutated]);
if (values.sample !== undefined) {
  const chosen = sample(await discover(folder), Number(values.sample), Number(values.seed));
  if (chosen.length === 0) throw new Error("there is nothing to mutate");
  configure(chosen);
}
const code = await stryker(folder, ["run", "stryker.config.json"], ["ignore", "inherit", "inherit"]).ended;
const report = join(folder, "mutation.json");
if (existsSync(report)) {
  const kept = at("node_modules/.cache/dlmskit-mutation.json");
  mkdirSync(dirname(kept), { recursive: true });
  copyFileSync(report, kept);
  const counts = {};
  for (const { mutants } of Object.values(JSON.parse(readFileSync(report, "utf8")).files)) {
    for (const { status } of mutants) counts[status] = (counts[status] ?? 0) + 1;
  }
  process.stdout.write(`${JSON.stringify(counts)}\nthe whole report: ${kept}\n`);
}
process.exitCode = code;
