// Runs every example against the built packages, as a user of the published ones would. CI runs them on the sources as well (test/examples.test.ts).
import { existsSync, readdirSync } from "node:fs";
import { at, node, run } from "./workspace.mjs";

const examples = existsSync(at("examples")) ? readdirSync(at("examples")).filter((name) => name.endsWith(".ts")) : [];
for (const name of examples) {
  process.stdout.write(`examples/${name}\n`);
  const code = await run(node(), [at(`examples/${name}`)], { stdio: ["ignore", "inherit", "inherit"] });
  if (code !== 0) {
    process.stderr.write(`examples/${name} ended with ${code}\n`);
    process.exitCode = 1;
  }
}
process.stdout.write(`${examples.length} examples run\n`);
