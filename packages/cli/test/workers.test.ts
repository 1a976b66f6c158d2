import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ApduTag } from "@dlmskit/apdu";
import { parseRecord } from "@dlmskit/simulator";
import { expect, it } from "vitest";
import { freePort } from "../../storage-pg/test/harness.ts";
import { dlms, dlmsProcess, folder, servingProcess } from "./run.ts";

it.each<[string, string[]]>([
  ["--serial", ["--serial", "/dev/none"]],
  ["--transport udp", ["--transport", "udp"]],
  ["--port 0", ["--port", "0"]],
  ["--metrics 0", ["--metrics", "0"]],
  ["--store pglite:DIR", ["--store", "pglite:nowhere"]],
  ["1 meters", ["--meters", "1"]],
])("--workers is refused with %s, and says what to do", async (what, args) => {
  const { code, stderr } = await dlms(["simulate", "--workers", "2", "--meters", "4", ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain(`--workers cannot be used with ${what}`);
  expect(stderr).toMatch(/try: \S/);
});

it.each(["4/4", "1", "-1/2", "a/b"])("--shard %s is refused", async (shard) => {
  const { code, stderr } = await dlms(["simulate", "--meters", "4", "--shard", shard]);
  expect(code).toBe(2);
  expect(stderr).toContain("give I/N");
});

it("ends with the exit code of workers that cannot begin", { timeout: 120_000 }, async () => {
  const port = String(await freePort());
  const args = ["simulate", "--workers", "2", "--meters", "4", "--port", port, "--template", "nosuch"];
  const { code, stderr } = await dlmsProcess(args);
  expect(stderr).toContain("nosuch");
  expect(code).toBe(1);
});

it("workers share a port, any of them serves any meter", {
  timeout: 120_000,
}, async () => {
  using place = folder();
  const identities = join(place.path, "meters.csv");
  const port = await freePort();
  const record = join(place.path, "all.jsonl");
  const files = ["--identities", identities, "--record", record];
  const args = ["simulate", "--meters", "4", "--workers", "2", "--port", String(port), ...files];
  await using serving = await servingProcess([...args, "--json"]);
  expect(serving.lines.map((line) => JSON.parse(line))).toEqual([
    { event: "listening", host: "127.0.0.1", port, link: "wrapper" },
  ]);
  const serials = readFileSync(identities, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",")[0] as string);
  expect(serials).toHaveLength(4);
  const name = async (serial: string) =>
    (await dlms(["read", "--meter", serial, "--identities", identities, "0.0.42.0.0.255", "--json"])).stdout;
  const first = await Promise.all(serials.map(name));
  expect(new Set(first).size).toBe(4);
  // Connections go to the workers in turn: each meter is asked at both of them.
  expect(await Promise.all(serials.toReversed().map(name))).toEqual(first.toReversed());
  expect(await serving.stop("SIGTERM")).toBe(0);
  // All workers write one record. A session that was forwarded is in it once.
  const sessions = parseRecord(readFileSync(record, "utf8"));
  expect(sessions.map(({ meter }) => meter).toSorted()).toEqual([...serials, ...serials].toSorted());
  expect(sessions.every(({ apdus }) => apdus[0]?.pdu[0] === ApduTag.aarq && apdus.length >= 4)).toBe(true);
  if (process.platform !== "win32") expect(statSync(record).mode & 0o777).toBe(0o600);
});
