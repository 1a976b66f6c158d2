import type { Data } from "@dlmskit/apdu";
import { openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { eventCodes } from "../src/faults/event-codes.ts";
import { loadTemplate, parseFaults } from "../src/index.ts";
import { bottled, day, hour, now0, readBy, stepTo } from "./bottle.ts";

const at = (hours: number): string => new Date(now0 + hours * hour).toISOString();
const contentOf = (data: Data | undefined): unknown => (data as { value?: unknown } | undefined)?.value;

/** A meter of IDIS, or of another template, with faults; on each day its supply fails once, unless told otherwise. */
async function met(faults: readonly object[], { template = "idis-2", probability = 0 } = {}) {
  const store = await openMemoryStore();
  await store.powerQualityEvents.add({
    ...{ eventType: "INTERRUPTION", probability, minDuration: 600, maxDuration: 600, affectedPhases: [] },
  });
  const bottle = await bottled({
    ...{ store, template, network: null, commissioned: now0 - 3 * day, faults: parseFaults({ faults }) },
  });
  const { simulator } = bottle;
  // Code is the second column of every log.
  const log = async (instanceId: string): Promise<readonly unknown[]> => {
    const rows = await readBy(simulator, 0, { classId: 7, instanceId, attributeId: 2 });
    return (rows as Data & { type: "array" }).value.map((row) =>
      contentOf((row as Data & { type: "structure" }).value[1]),
    );
  };
  return { ...bottle, log, to: (hours: number) => stepTo(bottle, now0 + hours * hour) };
}

const standard = "0.0.99.98.0.255";
const fraud = "0.0.99.98.1.255";
const mbus = "0.0.99.98.3.255";

describe("events that a meter notices by itself", () => {
  it.each([
    ["cover-opened", {}, fraud, [44, 45]],
    ["magnet", {}, fraud, [42, 43]],
    ["neutral-disturbed", {}, standard, [89]],
    ["battery-low", {}, standard, [8, 7]],
    ["relay-failed", {}, "0.0.99.98.2.255", [68]],
    ["mbus-battery-low", { channel: 2 }, mbus, [112]],
    ["mbus-tamper", { channel: 1 }, mbus, [103]],
  ] as const)(
    "%s: the entries of the log at the start and the end, and what explain says",
    async (fault, parameters, of, codes) => {
      const { simulator, log, to } = await met([{ fault, with: parameters, start: at(1), end: at(3) }]);
      expect([await log(of), simulator.explain(0).faults[0]?.state]).toEqual([[], "not yet"]);
      await to(2);
      expect([await log(of), simulator.explain(0).faults[0]]).toMatchObject([
        [codes[0]],
        { fault, state: "acting", times: 1 },
      ]);
      await to(4);
      expect([await log(of), simulator.explain(0).faults[0]?.state]).toEqual([codes, "over"]);
      await simulator.close();
    },
  );

  it("ends when it is switched off, and begins again when it is switched on", async () => {
    const { simulator, log, to } = await met([{ fault: "magnet" }]);
    await to(1);
    simulator.faults?.switch("magnet", false);
    await to(2);
    simulator.faults?.switch("magnet", true);
    await to(3);
    expect(await log(fraud)).toEqual([42, 43, 42]);
    await simulator.close();
  });

  it("begins again when its window changes, and another fault of its name begins", async () => {
    const { simulator, log, to } = await met([{ name: "one", fault: "magnet", start: at(1), end: at(3) }]);
    const replace = (fault: object): void =>
      simulator.faults?.replace(parseFaults({ faults: [{ name: "one", ...fault }] }));
    await to(4);
    replace({ fault: "magnet", start: at(1), end: at(3) });
    await to(5);
    expect(await log(fraud)).toEqual([42, 43]);
    replace({ fault: "magnet", start: at(6), end: at(8) });
    await to(7);
    expect(await log(fraud)).toEqual([42, 43, 42]);
    replace({ fault: "magnet", start: at(6), end: at(9) });
    await to(8.5);
    expect(await log(fraud)).toEqual([42, 43, 42]);
    replace({ fault: "cover-opened" });
    await to(10);
    expect(await log(fraud)).toEqual([42, 43, 42, 43, 44]);
    replace({ fault: "cover-opened", start: at(11) });
    await to(10.5);
    expect((await log(fraud)).slice(5)).toEqual([45]);
    await to(12);
    expect((await log(fraud)).slice(5)).toEqual([45, 44]);
    await simulator.close();
  });

  it("is of the meters that have it, and of no others", async () => {
    const { simulator, to } = await met([{ fault: "magnet", meters: { first: 1, count: 5 } }]);
    await to(1);
    expect(simulator.explain(0).faults).toEqual([]);
    await simulator.close();
  });

  it("stands in one log with the failures of the supply, in the order of their times, with one number for each", async () => {
    const { simulator, log, to } = await met([{ fault: "battery-low", start: at(1) }], { probability: 1 });
    const before = await log(standard);
    expect(before.length).toBeGreaterThanOrEqual(4);
    expect(new Set(before)).toEqual(new Set([1, 2]));
    await to(40);
    const codes = await log(standard);
    expect(codes.filter((code) => code === 8)).toHaveLength(1);
    expect(codes.slice(0, before.length)).toEqual(before);
    expect(codes.lastIndexOf(8)).toBeLessThan(codes.length - 1);
    const last = await readBy(simulator, 0, { classId: 1, instanceId: "0.0.96.11.0.255", attributeId: 2 });
    expect(contentOf(last)).toBe(codes.at(-1));
    await simulator.close();
  });

  it("has no entries where the companion standard has no number, or the template has no such log", async () => {
    const of = async (name: string, event: Parameters<typeof eventCodes>[1]) =>
      eventCodes(await loadTemplate(name), event)?.occurrence;
    expect(await of("is15959-d1", "battery")).toBeUndefined();
    expect(await of("is15959-d1", { mbus: "tamper", channel: 1 })).toBeUndefined();
    expect(await of("nordic-han", "magnet")).toBeUndefined();
    expect(await of("dsmr-5", { mbus: "battery", channel: 4 })).toBe(132);
  });
});
