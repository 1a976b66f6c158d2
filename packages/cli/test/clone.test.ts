import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { templateNames } from "@dlmskit/simulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownMeter } from "./own-meter.ts";
import { dlms, serving } from "./run.ts";

let meter: Awaited<ReturnType<typeof ownMeter>>;
const folder = mkdtempSync(join(tmpdir(), "dlms-clone-"));
const file = join(folder, "copy.json");
const reader = ["--client", "32", "--auth", "lls", "--password", "reader-secret"];

beforeAll(async () => {
  meter = await ownMeter();
});
afterAll(async () => {
  await meter.close();
  rmSync(folder, { recursive: true });
});

describe("dlms templates", () => {
  it("lists each with country, kind, objects and confidence", async () => {
    const { code, stdout } = await dlms(["templates", "--json"]);
    expect(code).toBe(0);
    const listed = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(listed.map(({ name }) => name)).toEqual(templateNames);
    expect(listed.find(({ name }) => name === "dsmr-5")).toMatchObject({
      country: "NL",
      objects: 172,
      confidence: "high",
    });
    expect((await dlms(["templates"])).stdout).toContain("prepayment");
  });

  it("prints one, which is no difference from itself", async () => {
    const { stdout } = await dlms(["templates", "water"]);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, name: "water" });
    expect((await dlms(["templates", "nonsense"])).stderr).toContain("unknown-template");
    expect((await dlms(["validate", "water", "--against", "water"])).code).toBe(0);
  });
});

describe("dlms clone", () => {
  it("makes a file of a meter, with the types on the wire, and validate holds it", async () => {
    const { code, stdout } = await dlms(["clone", meter.at("wrapper"), ...reader, "-o", file, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ file, refused: 0 });
    const form = JSON.parse(readFileSync(file, "utf8"));
    const energy = form.objects.find(({ instanceId }: { instanceId: string }) => instanceId === "1.0.1.8.0.255");
    expect(energy.attributes[2]).toMatchObject({
      ...{ type: "double-long-unsigned", value: 12345, scaler: -1, unit: 30 },
    });
    expect(readFileSync(file, "utf8")).not.toContain("reader-secret");
    const held = await dlms(["validate", file, "--against", "idis-2", "--json"]);
    expect(held.code).toBe(1);
    const findings = held.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(findings.some(({ clause }) => clause === "object")).toBe(true);
  });

  it("validates a live meter, and says what its list is short of", async () => {
    const { code, stdout } = await dlms(["validate", meter.at("wrapper"), ...reader, "--against", "is15959-d1"]);
    expect(code).toBe(1);
    expect(stdout).toContain("differences from the 109 objects of is15959-d1");
    expect(stdout).toContain("Cumulative energy, VAh (import)");
  });

  it("refuses more objects than its limit, and wrong usage", async () => {
    const small = await dlms(["clone", meter.at("wrapper"), ...reader, "-o", file, "--max-objects", "2"]);
    expect(small.code).toBe(1);
    expect(small.stderr).toContain("clone-too-large");
    expect((await dlms(["clone", meter.at("wrapper")])).code).toBe(2);
    expect((await dlms(["validate", "water", "--against", "nonsense"])).code).toBe(1);
  });
});

describe("dlms clone --import", () => {
  const xml = fileURLToPath(new URL("../../simulator/test/gurux/meter.xml", import.meta.url));

  it("makes a template of a Gurux file, says what is not taken, and the template is served", async () => {
    const made = await dlms(["clone", "--import", xml, "-o", file, "--name", "gurux"]);
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/: 15 objects, \d+ values, 8 not taken\n$/);
    expect(made.stderr).toContain("not taken: 1.0.32.7.0.255 value: <Value> does not say its type");
    const { stdout } = await dlms(["clone", "--import", xml, "-o", file, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ file, objects: 15, left: expect.any(Array) });
    const keys = join(folder, "keys.json");
    writeFileSync(keys, JSON.stringify({ clients: { 32: { password: "reader-secret" } } }), { mode: 0o600 });
    await using served = await serving(["simulate", "--template", file, "--port", "0", "--keys", keys, "--json"]);
    const { port } = JSON.parse(served.lines[0] as string);
    const read = await dlms(["read", `127.0.0.1:${port}`, ...reader, "1.0.1.8.0.255", "--json"]);
    expect(JSON.parse(read.stdout)).toMatchObject({
      ...{ value: { type: "double-long-unsigned", value: 123456 }, scaled: 123.456, unit: "Wh" },
    });
  });

  it("shows no control characters of the file, and cuts long texts", async () => {
    const hostile = join(folder, "hostile.xml");
    const value = `\u009b2J${"x".repeat(5000)}`;
    writeFileSync(
      hostile,
      `<Objects><GXDLMSData><LN>0.0.96.10.1.255</LN><Access>13</Access><Value Type="17">${value}</Value></GXDLMSData></Objects>`,
    );
    const { stderr } = await dlms(["clone", "--import", hostile, "-o", file]);
    expect(stderr).toContain('value: "\\u{9b}2Jxxx');
    expect(stderr.length).toBeLessThan(400);
  });

  it("reads a meter or a file, not both and not neither", async () => {
    expect((await dlms(["clone", meter.at("wrapper"), "--import", xml, "-o", file])).stderr).toContain("bad-option");
    expect((await dlms(["clone", "-o", file])).stderr).toContain("give HOST[:PORT], or --import FILE");
    expect((await dlms(["clone", "--import", join(folder, "none.xml"), "-o", file])).stderr).toContain("no-such-file");
  });
});
