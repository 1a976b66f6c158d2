import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { madeFolder } from "../../storage-pg/test/made-folder.ts";
import { dlms, folder, serving } from "./run.ts";

it("puts the counters of a store and of a folder of state ahead", async () => {
  using place = folder();
  const state = join(place.path, "state");
  const store = `pglite:${join(place.path, "store")}`;
  const path = join(place.path, "meters.json");
  await madeFolder(join(place.path, "store"));
  const run = await serving(["simulate", "--port", "0", "--store", store, "--identities", path]);
  const [{ serial }] = JSON.parse(readFileSync(path, "utf8"));
  const who = ["--meter", serial, "--identities", path, "--client", "48", "--state", state];
  expect((await dlms(["read", "0.0.42.0.0.255", ...who])).code).toBe(0);
  expect(await run.stop()).toBe(0);
  const counters = join(state, "counter-0123456789abcdef-0123456789abcdef");
  writeFileSync(counters, "4294967290\n");
  const fenced = await dlms([
    "store",
    "fence",
    "--store",
    store,
    "--state",
    state,
    "--counters",
    "1000",
    "--clients",
    "--json",
  ]);
  expect(fenced.stderr).toBe("");
  expect(
    fenced.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { fenced: "store", counters: 1000, keys: 1, clients: 1 },
    { fenced: "state", counters: 1000, keys: 2 },
  ]);
  // Not past the end.
  expect(readFileSync(counters, "utf8")).toBe("4294967296\n");
  const wrong = await dlms(["store", "fence"]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("--store or --state is missing")]);
  expect((await dlms(["store", "fence", "--store", "memory"])).code).toBe(2);
});
