// Looks at every package as npm would get it: publint for its manifest, attw for its types.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
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

const folder = mkdtempSync(join(tmpdir(), "dlmskit-packed-"));
try {
  const pack = ["--yes", "pnpm@12", "--filter", "./packages/**", "-r", "pack", "--pack-destination", folder];
  if ((await run("npx", pack, { ...quiet, shell: process.platform === "win32" })) !== 0)
    throw new Error("pnpm pack failed");
  const failed = [];
  const tarballs = readdirSync(folder).filter((name) => !/dlmskit-(bench|fuzz)/.test(name));
  for (const name of tarballs) {
    const tarball = join(folder, name);
    if ((await run(node(), [publint, "run", tarball, "--strict"])) !== 0) failed.push(`publint ${name}`);
    const types = [attw, tarball, "--profile", "esm-only", "--format", "ascii", "--no-emoji"];
    if ((await run(node(), types, quiet)) !== 0) {
      await run(node(), types);
      failed.push(`attw ${name}`);
    }
  }
  if (failed.length > 0) throw new Error(`as packed, these are wrong: ${failed.join(", ")}`);
  if (tarballs.length === 0) throw new Error("nothing was packed");
  process.stdout.write(`${tarballs.length} packages are right as packed\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
