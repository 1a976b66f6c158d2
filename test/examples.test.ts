import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { isLong, patience } from "./campaign.ts";
import { programs } from "./programs.ts";

const root = resolve(import.meta.dirname, "..");
const examples = globSync("examples/*.ts", { cwd: root }).sort();

/** Runs a program; resolves with its exit code and what it printed. */
function run(program: string): Promise<{ code: number | null; printed: string }> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [program], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: patience - 10_000,
    });
    let printed = "";
    child.stdout.on("data", (chunk) => (printed += chunk));
    child.stderr.on("data", (chunk) => (printed += chunk));
    child.on("error", failed);
    child.on("close", (code) => done({ code, printed }));
  });
}

it("finds the examples", () => expect(examples).toContain(join("examples", "custom-meter.ts")));

// `pnpm typecheck` checks them; CI runs them.
it.skipIf(!isLong).each(examples)("%s", async (path) => {
  const made = await programs(...examples);
  const { code, printed } = await run(made[examples.indexOf(path)] as string);
  expect(code, printed).toBe(0);
});
