import { decodeData, encodeData, treeOf } from "@dlmskit/apdu";
import type { AnyObject, CaptureObject } from "@dlmskit/cosem-objects";
import type { Meter } from "@dlmskit/server";
import { describe, expect, it } from "vitest";
import { loadTemplate, templateNames, templateText } from "../src/index.ts";
import { associate, bottled, day, now0 } from "./bottle.ts";

/** Reads all that a client may read, from its object list alone. */
async function readWhole(template: string) {
  const { simulator, clock } = await bottled({ template, commissioned: now0 - 40 * day });
  const failed: string[] = [];
  let objects = 0;
  let attributes = 0;
  for (const { client } of simulator.template.clients) {
    const session = await associate(simulator, clock, client);
    const discovery = await session.discover();
    expect(discovery.problems).toEqual([]);
    objects = Math.max(objects, discovery.objects.length);
    for (const { classId, instanceId, attributes: listed } of discovery.objects) {
      const references = listed
        .filter(({ readable }) => readable)
        .map(({ attributeId }) => ({ classId, instanceId, attributeId }));
      for (const [at, result] of (await session.get(references)).entries()) {
        attributes++;
        const where = `client ${client}: ${classId} ${instanceId} ${references[at]?.attributeId}`;
        if ("error" in result) failed.push(`${where}: ${result.error}`);
        else expect(decodeData(encodeData(result.data))).toBeDefined();
      }
    }
    await session.release();
  }
  await simulator.close();
  return { failed, objects, attributes };
}

describe("templates", () => {
  it.each(["nordic-han", "swiss-push", "czech-push"])(
    "the title of %s names the makers of its pushes",
    async (name) => {
      const { title, pushLayouts } = JSON.parse(await templateText(name));
      const makers = pushLayouts.flatMap(({ manufacturer }: { readonly manufacturer: string }) =>
        manufacturer.split(", "),
      );
      expect(makers.length).toBeGreaterThan(0);
      for (const maker of makers) expect(title).toContain(maker);
    },
  );

  it.each(templateNames)("%s is served and read whole by a client that knows only the object list", async (name) => {
    const { failed, objects, attributes } = await readWhole(name);
    expect(failed).toEqual([]);
    expect(objects).toBeGreaterThan(10);
    expect(attributes).toBeGreaterThan(objects);
  });
});

type Row = readonly (number | bigint | string)[];

/** The rows of a profile, numbers as they are and all else as text; and its columns. */
async function rowsOf(meter: Meter, profile: AnyObject): Promise<{ columns: readonly CaptureObject[]; rows: Row[] }> {
  const { classId } = profile.spec;
  const data = treeOf(await meter.get({ classId, instanceId: profile.instance, attributeId: 2 }));
  if (data.type !== "array") throw new Error("no array");
  const rows = data.value.map((row) => {
    if (row.type !== "structure") throw new Error("no row");
    return row.value.map((cell) => {
      const { value } = cell as { value?: unknown };
      return typeof value === "number" || typeof value === "bigint" ? value : JSON.stringify(value ?? null);
    });
  });
  return { columns: profile.values.captureObjects as readonly CaptureObject[], rows };
}

const register = /^(?:1\.\d+\.\d+\.8\.\d|[78]\.0\.(?:1|13)\.[02]\.\d)\.255$/;

describe("registers and profiles", () => {
  it.each(["is15959-d2", "is15959-d4", "idis-2", "dsmr-5", "prepayment", "water", "gas"])(
    "of %s agree: the last row of each profile has what the registers have at that instant",
    async (template) => {
      const { zoneMinutesEast } = await loadTemplate(template);
      const midnight = Date.UTC(2026, 10, 24) - zoneMinutesEast * 60_000;
      const { simulator } = await bottled({ template, start: midnight, speed: 0, commissioned: midnight - 40 * day });
      let compared = 0;
      await simulator.using(0, async (meter) => {
        const objects = simulator.meterTemplate.devices.get(1)?.objects ?? [];
        for (const profile of objects.filter(({ spec, hooks }) => spec.classId === 7 && !hooks.invoke?.capture)) {
          if (/\.99\.98\.|\.94\.91\./.test(profile.instance)) continue;
          const { columns, rows } = await rowsOf(meter, profile);
          const last = rows.at(-1);
          if (last === undefined) continue;
          for (const [at, { classId, instanceId, attributeId }] of columns.entries()) {
            if (!register.test(instanceId) || attributeId !== 2) continue;
            const { value } = treeOf(await meter.get({ classId, instanceId, attributeId })) as { value: number };
            expect(last[at], `${profile.instance} ${instanceId}`).toBe(value);
            expect(value, instanceId).toBeGreaterThanOrEqual(0);
            compared++;
          }
        }
      });
      expect(compared).toBeGreaterThan(1);
      await simulator.close();
    },
  );

  it("of is15959-d2: the blocks of a day sum to what the daily registers rose by, in import and apparent energy", async () => {
    const { simulator } = await bottled({ template: "is15959-d2", commissioned: now0 - 40 * day });
    await simulator.using(0, async (meter) => {
      const device = simulator.meterTemplate.devices.get(1);
      const blocks = await rowsOf(meter, device?.byName.get("1.0.99.1.0.255") as AnyObject);
      const days = await rowsOf(meter, device?.byName.get("1.0.99.2.0.255") as AnyObject);
      const thousandths = (rows: readonly Row[], at: number): number[] =>
        rows.map((row) => Math.round((row[at] as number) * 1000));
      const columnOf = (columns: readonly CaptureObject[], name: string): number =>
        columns.findIndex(({ instanceId }) => instanceId === name);
      for (const [block, daily] of [
        ["1.0.1.29.0.255", "1.0.1.8.0.255"] as const,
        ["1.0.9.29.0.255", "1.0.9.8.0.255"] as const,
      ]) {
        const registers = thousandths(days.rows, columnOf(days.columns, daily));
        const flowed = thousandths(blocks.rows, columnOf(blocks.columns, block));
        const [last, before] = [registers.at(-1) as number, registers.at(-2) as number];
        // 28 half hours have passed since the last midnight.
        const ofTheDay = flowed.slice(-28 - 48, -28).reduce((sum, one) => sum + one, 0);
        expect(ofTheDay).toBeGreaterThan(0);
        expect(ofTheDay).toBe(last - before);
      }
    });
    await simulator.close();
  });

  it.each(["is15959-d2", "idis-2", "dsmr-5"])("of %s: the tariff zones sum to the register", async (template) => {
    const { simulator } = await bottled({ template, commissioned: now0 - 40 * day });
    const device = simulator.meterTemplate.devices.get(1);
    await simulator.using(0, async (meter) => {
      const value = async (instanceId: string): Promise<number> => {
        if (device?.byName.get(instanceId) === undefined) return 0;
        const data = treeOf(await meter.get({ classId: 3, instanceId, attributeId: 2 })) as { value: number };
        return Math.round(data.value * 1000);
      };
      for (const quantity of [1, 2, 3]) {
        const zones = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((zone) => value(`1.0.${quantity}.8.${zone}.255`)));
        if (device?.byName.get(`1.0.${quantity}.8.1.255`) === undefined) continue;
        expect(zones.reduce((sum, one) => sum + one, 0)).toBe(await value(`1.0.${quantity}.8.0.255`));
      }
      expect(await value("1.0.1.8.0.255")).toBeGreaterThan(0);
    });
    await simulator.close();
  });
});
