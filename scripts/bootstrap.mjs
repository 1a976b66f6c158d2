// Makes a fresh clone ready: what it needs installed, and what is built. Plain JavaScript for Node 20.19 and nothing else,
// since it runs before anything is there. A second call finds its stamps and does nothing.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at, node, run } from "./workspace.mjs";

const stamps = at("node_modules/.dlmskit.json");
const say = (text) => process.stderr.write(`dlmskit: ${text}\n`);
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

function* filesUnder(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else yield path;
  }
}

const packages = () => readdirSync(at("packages")).filter((name) => existsSync(at(`packages/${name}/package.json`)));

function digest(paths) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(path).update("\0").update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}

const manifests = () => [at("package.json"), ...packages().map((name) => at(`packages/${name}/package.json`))];
const installed = () => digest([at("pnpm-lock.yaml"), at("pnpm-workspace.yaml"), ...manifests()]);
const sources = () =>
  digest([
    ...["tsup.config.ts", "tsconfig.base.json", "tsconfig.pure.json", "tsconfig.node.json"].map(at),
    ...manifests(),
    ...packages().flatMap((name) => [...filesUnder(at(`packages/${name}/src`))]),
  ]);

function read() {
  try {
    return JSON.parse(readFileSync(stamps, "utf8"));
  } catch {
    return {};
  }
}

function stamp(change) {
  mkdirSync(at("node_modules"), { recursive: true });
  writeFileSync(stamps, JSON.stringify({ ...read(), ...change }));
}

async function install() {
  const wanted = installed();
  if (read().installed === wanted && existsSync(at("node_modules/.bin"))) return;
  const since = Date.now();
  say("installing the packages with pnpm 12 (the first time takes a minute)");
  rmSync(stamps, { force: true });
  const code = await run("npx", ["--yes", "pnpm@12", "install", "--frozen-lockfile"], {
    // Its questions and its progress bars are for a terminal; standard output is the program's.
    env: { CI: "true" },
    stdio: ["ignore", 2, "inherit"],
    shell: process.platform === "win32",
  });
  if (code !== 0)
    throw new Error(`the installation failed (pnpm exit code ${code}): is the package registry reachable?`);
  stamp({ installed: wanted });
  say(`installed in ${seconds(since)}`);
}

async function build() {
  const wanted = sources();
  if (read().built === wanted && existsSync(at("packages/cli/dist/main.js"))) return;
  const since = Date.now();
  say("building the packages");
  const code = await run(node(), [at("scripts/build.mjs"), "--js"], { stdio: ["ignore", 2, "inherit"] });
  if (code !== 0) throw new Error("the build failed");
  stamp({ built: wanted });
  say(`built in ${seconds(since)}`);
}

/** Installs and builds what is not yet, or has changed since. `built: false`: only installs; the tests run the sources. */
export async function bootstrap({ built = true } = {}) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19) || major === 21 || (major === 22 && minor < 12)) {
    say(`Node ${process.versions.node} is too old: 20.19 or a later 20, or 22.12 or later is needed`);
    process.exit(1);
  }
  try {
    await install();
    if (built) await build();
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}
