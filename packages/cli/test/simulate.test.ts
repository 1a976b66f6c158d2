import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { dlms, folder, serving } from "./run.ts";

const cells = (line: string | undefined): string[] => (line ?? "").split(",");

it("writes who the meters are and where each is reached, for its owner's eyes, and they are there", async () => {
  using place = folder();
  const path = join(place.path, "meters.csv");
  const args = ["simulate", "--meters", "3", "--port", "0", "--seed", "x", "--json", "--speed", "0"];
  await using run = await serving([...args, "--identities", path, "--start", "2026-01-31T18:30:00Z"]);
  const { event, host, port, link } = JSON.parse(run.lines[0] as string);
  expect([event, host, link]).toEqual(["listening", "127.0.0.1", "wrapper"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const [names, ...meters] = readFileSync(path, "utf8").trimEnd().split("\r\n");
  expect(meters).toHaveLength(3);
  const of = (line: string | undefined, name: string) => cells(line)[cells(names).indexOf(name)];
  expect(meters.map((line) => of(line, "serverAddress"))).toEqual(["1", "16", "17"]);
  for (const line of meters) {
    expect([of(line, "host"), of(line, "port"), of(line, "link")]).toEqual(["127.0.0.1", String(port), "wrapper"]);
    const who = ["--server", of(line, "serverAddress") as string, "--state", join(place.path, "state"), "--json"];
    const ran = await dlms(["read", `127.0.0.1:${port}`, "1/0.0.42.0.0.255", "8/0.0.1.0.0.255", ...who]);
    expect(ran.code, ran.stderr).toBe(0);
    const [name, time] = ran.stdout
      .trimEnd()
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(Buffer.from(name.value.value, "hex").toString()).toBe(of(line, "logicalDeviceName"));
    // Midnight in India, where time stands still.
    expect(time.value.value).toMatch(/^07ea0201..000000/);
  }
  expect(of(meters[0], "client.48.mechanism")).toBe("2");
  expect(of(meters[0], "client.48.encryptionKey")).toMatch(/^[0-9a-f]{32}$/);
});

it.skipIf(process.platform === "win32")("narrows a file of identities that others could read", async () => {
  using place = folder();
  const path = join(place.path, "meters.json");
  writeFileSync(path, "");
  chmodSync(path, 0o644);
  await using run = await serving(["simulate", "--port", "0", "--identities", path]);
  expect(run.lines).toHaveLength(1);
  expect(readFileSync(path, "utf8")).toContain("encryptionKey");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it("writes JSON with the clients by SAP, the same by the same seed", async () => {
  using place = folder();
  const texts: string[] = [];
  for (const file of ["one.json", "two.json"]) {
    const path = join(place.path, file);
    const run = await serving(["simulate", "--meters", "2", "--port", "0", "--seed", "x", "--identities", path]);
    expect(await run.stop()).toBe(0);
    texts.push(readFileSync(path, "utf8").replace(/"port": \d+/g, '"port": 0'));
  }
  expect(texts[0]).toBe(texts[1]);
  const [first] = JSON.parse(texts[0] as string);
  expect(first.clients["48"]).toMatchObject({ mechanism: 2, ciphered: true });
});

it("says so where the file cannot be written, and where time is no number", async () => {
  using place = folder();
  const ran = await dlms(["simulate", "--port", "0", "--identities", join(place.path, "none", "meters.csv")]);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("could not be written");
  expect((await dlms(["simulate", "--speed", "-1"])).code).toBe(2);
  expect((await dlms(["simulate", "--meters", "0"])).code).toBe(2);
});
