import { treeOf } from "@dlmskit/apdu";
import { openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import {
  type Calendar,
  createModel,
  createSimulator,
  customerClasses,
  defaultLoadProfiles,
  parsePopulation,
  prepareModel,
} from "../src/index.ts";
import { CustomerClasses } from "../src/model/population.ts";
import { faultOf } from "./code-of.ts";
import { commissioned, day, hour, options } from "./model-fixtures.ts";

const of = (...classes: [template: string, share: number][]) =>
  parsePopulation({ version: 1, classes: classes.map(([template, share]) => ({ template, share })) });

describe("a population", () => {
  it("gives each class its share, whatever the number of meters", () => {
    const classes = new CustomerClasses(of(["shop", 3], ["industry", 1], ["modern-household", 6]), []);
    const counts = new Map<string, number>();
    for (let n = 0; n < 20_000; n++) {
      const { template } = classes.of("seed", `m${n}`);
      counts.set(template, (counts.get(template) ?? 0) + 1);
    }
    // Five standard deviations of 20,000 draws are at most 350.
    for (const [template, share] of [
      ["shop", 0.3],
      ["industry", 0.1],
      ["modern-household", 0.6],
    ] as const) {
      expect(Math.abs((counts.get(template) ?? 0) - 20_000 * share)).toBeLessThan(350);
    }
  });

  it("takes rows of the table before built-in ones, and refuses a class without rows", () => {
    const own = { ...(defaultLoadProfiles[0] as (typeof defaultLoadProfiles)[number]), templateName: "shop" };
    expect(new CustomerClasses(of(["shop", 1]), [own]).lists).toEqual([[own]]);
    expect(faultOf(() => new CustomerClasses(of(["farm", 1]), [own]))).toMatchObject({
      code: "bad-load-profile",
      path: ["classes", "0", "template"],
      hint: expect.stringContaining("street-light"),
    });
  });

  it("is checked with the place of an error", () => {
    const place = (from: unknown) => faultOf(() => parsePopulation(from)).path.join(".");
    expect(place({ version: 2, classes: [] })).toBe("version");
    expect(place({ version: 1, classes: [] })).toBe("classes");
    expect(place({ version: 1, classes: [{ template: "shop", share: -1 }] })).toBe("classes.0.share");
    expect(place('{"version": 1, "classes": [{"template": "shop", "share": 1, "size": 2}]}')).toBe("classes.0.size");
    expect(faultOf(() => parsePopulation("{")).message).toMatch(/not JSON/);
  });

  it("makes the meters of a fleet of 1,000,000 what they are, by index", async () => {
    const population = of(["shop", 1], ["street-light", 1]);
    const simulator = await createSimulator({
      ...{ meters: 1_000_000, seed: "s", population, network: null },
      ...{ store: await openMemoryStore(), commissioned, start: commissioned + 30 * day, speed: 0 },
    });
    const customers = new Set<string | undefined>();
    for (const index of [0, 1, 2, 3, 4, 5, 6, 7, 999_999]) {
      const { customer, meterId } = simulator.explain(index);
      customers.add(customer);
      const templates = customerClasses[customer as string] ?? [];
      const model = createModel({
        seed: simulator.fleet.seed,
        meter: meterId,
        templates,
        commissioned,
        zoneMinutesEast: 330,
        powerQuality: await simulator.store.powerQualityEvents.list(),
      });
      const read = await simulator.using(index, async (meter) =>
        treeOf(await meter.get({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 })),
      );
      expect(read).toMatchObject({ value: model.energy(commissioned + 30 * day).importWh });
    }
    expect(customers).toEqual(new Set(["shop", "street-light"]));
    await simulator.close();
  });
});

describe("the built-in classes", () => {
  const sunday = Date.UTC(2026, 5, 14);
  const mean = (name: string, from: number, to: number) => {
    const prepared = prepareModel({ templates: customerClasses[name] ?? [], ...({} as { calendar?: Calendar }) });
    const midnight = prepared.model({ ...options }).startOfDay(sunday);
    return Array.from(
      { length: 20 },
      (_, n) => prepared.model({ ...options, meter: `m${n}` }).flow(midnight + from, midnight + to).importWh,
    ).reduce((sum, wh) => sum + wh, 0);
  };

  it("work and rest when such customers do", () => {
    expect(mean("industry", day, 2 * day)).toBeGreaterThan(2.5 * mean("industry", 0, day));
    expect(mean("shop", 12 * hour, 18 * hour)).toBeGreaterThan(3 * mean("shop", 0, 6 * hour));
    expect(mean("street-light", 21 * hour, 24 * hour)).toBeGreaterThan(20 * mean("street-light", 11 * hour, 14 * hour));
    expect(mean("modern-household", 19 * hour, 22 * hour)).toBeGreaterThan(
      2 * mean("modern-household", 2 * hour, 5 * hour),
    );
  });
});
