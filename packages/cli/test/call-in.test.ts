import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freePort } from "../../storage-pg/test/harness.ts";
import { dlms, folder, serving } from "./run.ts";

it("reads a meter that calls in", async () => {
  using files = folder();
  const identities = join(files.path, "meters.json");
  const port = await freePort();
  await using meter = await serving([
    ...["simulate", "--port", "0", "--seed", "x", "--dial", `127.0.0.1:${port}`, "--identities", identities],
  ]);
  expect(meter.lines[0]).toContain("listening");
  const [{ serial }] = JSON.parse(readFileSync(identities, "utf8"));
  const ran = await dlms(["read", `listen://127.0.0.1:${port}`, "0.0.42.0.0.255:2", "--json"]);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stdout).toContain(serial);
  const none = await dlms(["read", `listen://127.0.0.1:${await freePort()}`, "0.0.42.0.0.255:2", "--timeout", "50"]);
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("no meter called")]);
});
