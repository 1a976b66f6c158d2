// `dlms start`, which `npm start` runs: what it prints for the user's next steps.
import { expect, it } from "vitest";
import { dlmsProcess, folder } from "./run.ts";

it("reads a meter once, and says how to start it before the commands that need it", async () => {
  using place = folder();
  const ran = await dlmsProcess(["start", "--once", "--store", "memory", "--port", "0"], { cwd: place.path });
  expect(ran.code, ran.stderr).toBe(0);
  const next = ran.stdout.slice(ran.stdout.indexOf("To go on")).split("\n");
  expect(next[1]).toContain("npx dlms start --store memory --port 0");
  expect(next[1]).toContain("in another terminal");
  expect(next[2]).toContain("npx dlms read 127.0.0.1:");
});
