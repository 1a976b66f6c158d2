// Builds every package into its dist/: `node scripts/build.mjs [--js] [package…]`. --js leaves the declarations out.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { at, node, root } from "./workspace.mjs";

const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const js = process.argv.includes("--js");

const queue = readdirSync(new URL("packages/", root)).filter((name) => {
  if (names.length > 0 && !names.includes(name)) return false;
  const manifest = new URL(`packages/${name}/package.json`, root);
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).scripts?.build !== undefined;
});

const tsup = at("node_modules/tsup/dist/cli-default.js");
const build = (name) =>
  new Promise((resolve) => {
    let printed = "";
    const child = spawn(node(), [tsup, "--config", "../../tsup.config.ts"], {
      cwd: new URL(`packages/${name}/`, root),
      env: { ...process.env, DLMSKIT_BUILD: js ? "js" : "all" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.on("data", (chunk) => (printed += chunk));
    child.stderr.on("data", (chunk) => (printed += chunk));
    child.on("close", (code) => resolve({ name, code, printed }));
  });

const failed = [];
const worker = async () => {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const { code, printed } = await build(name);
    if (code === 0) continue;
    failed.push(name);
    process.stderr.write(`build of ${name} failed:\n${printed}\n`);
  }
};
await Promise.all(Array.from({ length: Math.min(availableParallelism(), 8) }, worker));
if (failed.length > 0) {
  process.stderr.write(`not built: ${failed.join(", ")}\n`);
  process.exitCode = 1;
}
