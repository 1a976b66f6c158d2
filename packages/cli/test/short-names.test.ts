import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dlms, folder, type Serving, serving } from "./run.ts";

const place = folder();
const identities = join(place.path, "meters.json");
let run: Serving;
let at: string;
beforeAll(async () => {
  const args = ["simulate", "--port", "0", "--seed", "x", "--speed", "0", "--start", "2026-01-31T18:30:00Z", "--json"];
  run = await serving([...args, "--identities", identities]);
  const { host, port } = JSON.parse(run.lines[0] as string);
  at = `${host}:${port}`;
});
afterAll(async () => {
  await run[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const serial = async (): Promise<string> => {
  const { readFile } = await import("node:fs/promises");
  return JSON.parse(await readFile(identities, "utf8"))[0].serial;
};

/** As client 48 of the meter, with its keys. */
const utility = async (command: string, ...args: string[]) => {
  const who = ["--meter", await serial(), "--identities", identities, "--client", "48"];
  return dlms([command, ...args, ...who, "--state", join(place.path, "state"), "--json"]);
};
const lines = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

it("reads a simulated meter by short names as by logical names", async () => {
  const read = ["read", at, "0.0.1.0.0.255", "0.0.42.0.0.255", "--json"];
  const [byName, byShortName] = [await dlms(read), await dlms([...read, "--referencing", "sn"])];
  expect(byShortName.code, byShortName.stderr).toBe(0);
  expect(byShortName.stdout).toBe(byName.stdout);
});

it("discovers: the association, the objects with their base names", async () => {
  const ran = await dlms(["discover", at, "--referencing", "sn", "--json"]);
  expect(ran.code, ran.stderr).toBe(0);
  const [{ association }, ...objects] = lines(ran.stdout);
  expect(association.conformance).toContain("parameterized-access");
  expect(association.conformance).not.toContain("get");
  expect(objects.find(({ classId }: { classId: number }) => classId === 12)).toMatchObject({ baseName: 0xfa00 });
  const people = await dlms(["discover", at, "--referencing", "sn"]);
  expect(people.stdout).toMatch(/fa00 +12 v2 +Association SN/);
});

it("writes, invokes and reads a profile as a client with keys", async () => {
  const written = await utility("write", "1.0.0.8.0.255", "1800", "--referencing", "sn");
  expect(written.code, written.stderr + written.stdout).toBe(0);
  const read = await utility("read", "1.0.0.8.0.255", "--referencing", "sn");
  expect(lines(read.stdout)[0].value.value).toBe(1800);
  const byName = await utility("read", "1.0.0.8.0.255");
  expect(lines(byName.stdout)[0].value.value).toBe(1800);
  const invoked = await utility("invoke", "0.0.96.3.10.255:1", "--referencing", "sn");
  expect(invoked.code, invoked.stderr + invoked.stdout).toBe(0);
  const range = ["1.0.99.1.0.255", "--from", "2026-01-31T12:00:00Z", "--to", "2026-01-31T18:00:00Z"];
  const [one, other] = [await utility("profile", ...range), await utility("profile", ...range, "--referencing", "sn")];
  expect(other.code, other.stderr).toBe(0);
  expect(lines(other.stdout).length).toBeGreaterThan(3);
  // When the rows arrived differs.
  const same = (text: string): string => text.replace(/"received":"[^"]*"/, "");
  expect(same(other.stdout)).toBe(same(one.stdout));
});

it("a meter that has only the other referencing: what to try is said", async () => {
  await using own = await serving(["simulate", "--port", "0", "--referencing", "sn", "--json"]);
  const { host, port } = JSON.parse(own.lines[0] as string);
  const refused = await dlms(["read", `${host}:${port}`, "--json"]);
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.stdout).fault.hint).toContain("--referencing sn");
  const ran = await dlms(["read", `${host}:${port}`, "0.0.42.0.0.255", "--json", "--referencing", "sn"]);
  expect(ran.code, ran.stderr).toBe(0);
});
