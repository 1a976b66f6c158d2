import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { dlmsProgram } from "../../../test/programs.ts";

it.skipIf(process.platform === "win32")("stops when npx is ended, which ends no more than its shell", async () => {
  // As `npx dlms simulate`: npm, a shell, the program. A signal to npm goes to the shell and no further.
  const command = `"${process.execPath}" "${await dlmsProgram()}" simulate --port 0 --json --verbose; true`;
  const shell = spawn("sh", ["-c", command], {
    env: { PATH: process.env.PATH ?? "", HOME: tmpdir(), npm_command: "exec" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  // The pipe is closed when the last process that has it ends.
  const ended = new Promise<void>((resolve) => shell.stdout.on("close", resolve));
  await new Promise<void>((resolve) => {
    shell.stdout.on("data", (chunk) => {
      stdout += chunk;
      if (stdout.includes('"listening"')) resolve();
    });
  });
  shell.kill("SIGTERM");
  await ended;
  expect(stdout).toContain('"listening"');
});
