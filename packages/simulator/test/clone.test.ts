import { encodeData } from "@dlmskit/apdu";
import type { Session } from "@dlmskit/client";
import { toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { isLong } from "../../../test/campaign.ts";
import { type CloneOptions, cloneMeter, parseTemplate, type Simulator, templateJson } from "../src/index.ts";
import { associate, type Bottle, bottled, day, now0 } from "./bottle.ts";

const whole = { rows: 10_000, octets: 100_000_000 };

async function cloneOf(bottle: Bottle, client: number, more: Partial<CloneOptions> = {}) {
  const { simulator, clock } = bottle;
  const known = simulator.template.clients.find((one) => one.client === client);
  const session = await associate(simulator, clock, client);
  const form = await cloneMeter(session, {
    ...{ name: "copy", client, now: () => 0, limits: whole },
    ...{ mechanism: known?.mechanism ?? 0, ciphered: known?.ciphered !== false },
    ...more,
  });
  await session.release();
  return form;
}

/** Identity, keys and what tells of the association that reads. */
const ofItself = /^(?:15|17|64) |0\.0\.42\.0\.0|0\.0\.43\.1\.|0\.\d+\.96\.1\.[012]\.|0\.0\.94\.91\.10|^72 .* 6$/;

async function valuesOf(session: Session): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const { classId, instanceId, attributes } of (await session.discover()).objects) {
    const ids = attributes.filter(({ readable }) => readable).map(({ attributeId }) => attributeId);
    const kept = ids.filter((id) => !ofItself.test(`${classId} ${instanceId} ${id}`));
    const results = await session.get(kept.map((attributeId) => ({ classId, instanceId, attributeId })));
    for (const [at, result] of results.entries()) {
      const told = "data" in result ? toHex(encodeData(result.data)) : result.error;
      values.set(`${classId} ${instanceId} ${kept[at]}`, told);
    }
  }
  return values;
}

const listOf = async (session: Session) =>
  (await session.discover()).objects
    .map(({ classId, version, instanceId, attributes, methods }) =>
      JSON.stringify([
        classId,
        version,
        instanceId,
        attributes.map(({ attributeId, readable, writable }) => [attributeId, readable, writable]),
        methods.filter(({ invocable }) => invocable).map(({ methodId }) => methodId),
      ]),
    )
    .sort();

async function compared(simulator: Simulator, bottle: Bottle, client: number) {
  const session = await associate(simulator, bottle.clock, client);
  const seen = { list: await listOf(session), values: await valuesOf(session) };
  await session.release();
  return seen;
}

describe("a clone", () => {
  it.each([["is15959-d1", 48] as const, ...(isLong ? [["dsmr-5", 1] as const] : [])])(
    "of our own %s, read by client %i, serves the same object list and values",
    async (template, client) => {
      const options = { commissioned: now0 - 10 * day, start: now0, speed: 0 };
      const original = await bottled({ template, ...options });
      const form = await cloneOf(original, client);
      const copy = await bottled({ template: parseTemplate(templateJson(form)), ...options });
      const before = await compared(original.simulator, original, client);
      const after = await compared(copy.simulator, copy, client);
      expect(after.list).toEqual(before.list);
      expect([...after.values.keys()]).toEqual([...before.values.keys()]);
      // The destinations of pushes are not copied.
      const isDestination = (key: string): boolean => /^40 .* 3$/.test(key);
      const others = [...before.values].filter(
        ([key, value]) => !isDestination(key) && after.values.get(key) !== value,
      );
      const destinations = [...after.values].flatMap(([key, value]) => (isDestination(key) ? [value] : []));
      expect(destinations.filter((value) => value.includes(Buffer.from("127.0.0.1").toString("hex")))).toEqual([]);
      expect(others.map(([key, value]) => [key, value.slice(0, 80), after.values.get(key)?.slice(0, 80)])).toEqual([]);
      expect(before.values.size).toBeGreaterThan(200);
      await original.simulator.close();
      await copy.simulator.close();
    },
  );

  it("has no serial number, no secret and no key of the meter", async () => {
    const original = await bottled({ commissioned: now0 - 3 * day });
    const identity = await original.simulator.identity(0);
    const text = templateJson(await cloneOf(original, 48));
    const told = [identity.serial, identity.logicalDeviceName];
    for (const name of told) {
      expect(text).not.toContain(name);
      expect(text).not.toContain(toHex(new TextEncoder().encode(name)));
    }
    for (const { encryptionKey, password } of identity.clients) {
      if (encryptionKey !== undefined) expect(text).not.toContain(encryptionKey);
      if (typeof password === "string") expect(text).not.toContain(password);
    }
    expect(text).not.toContain(identity.systemTitle);
    await original.simulator.close();
  });

  it("is bounded in objects, octets, time and rows, and says what it did not read", async () => {
    const original = await bottled({ commissioned: now0 - 40 * day });
    await expect(cloneOf(original, 32, { limits: { objects: 5 } })).rejects.toThrow("5 are the limit");
    const small = await cloneOf(original, 32, { limits: { octets: 100 } });
    const refused = JSON.stringify(small).match(/not read: the limit of octets/g) ?? [];
    expect(refused.length).toBeGreaterThan(50);
    let now = 0;
    const late = await cloneOf(original, 32, { now: () => now++, limits: { time: 10 } });
    expect(JSON.stringify(late)).toContain("not read: the limit of time");
    const rows = await cloneOf(original, 32, { limits: { rows: 3 } });
    const block = rows.objects.find(({ instanceId }) => instanceId === "1.0.99.1.0.255");
    expect(block?.attributes?.["2"]?.value).toHaveLength(3);
    await original.simulator.close();
  });
});
