import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { dlms, folder, serving } from "./run.ts";

it("simulates meters with the faults of a file, and follows the file while it runs", async () => {
  using place = folder();
  const path = join(place.path, "faults.json");
  const written = (on: boolean) =>
    writeFileSync(path, JSON.stringify({ faults: [{ fault: "result", on, with: { error: "hardware-fault" } }] }));
  written(true);
  await using run = await serving(["simulate", "--port", "0", "--json", "--faults", path]);
  const { port } = JSON.parse(run.lines[0] as string);
  const read = () => dlms(["read", `127.0.0.1:${port}`, "8/0.0.1.0.0.255", "--state", join(place.path, "state")]);
  const faulty = await read();
  expect(faulty.code).toBe(1);
  expect(faulty.stdout + faulty.stderr).toContain("hardware-fault");
  written(false);
  await expect.poll(async () => (await read()).code, { timeout: 30_000, interval: 500 }).toBe(0);
});

it("says where a file of faults is wrong", async () => {
  using place = folder();
  const path = join(place.path, "faults.json");
  writeFileSync(path, '{"faults": [{"fault": "slow", "with": {"ms": "long"}}]}');
  const ran = await dlms(["simulate", "--port", "0", "--faults", path]);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("faults.0.with.ms");
});
