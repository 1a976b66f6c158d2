import type { Data } from "@dlmskit/apdu";
import type { Session } from "@dlmskit/client";
import { describe, expect, it } from "vitest";
import { associate, bottled, day, hour, now0, readBy, stepTo } from "./bottle.ts";

const contentOf = (data: Data | undefined): unknown => (data as { value?: unknown } | undefined)?.value;
const octets: Data = { type: "octet-string", value: new Uint8Array(16).fill(9) };
const nothing: Data = { type: "integer", value: 0 };

async function meterOf(template: string, client: number, meter = 0) {
  const bottle = await bottled({ template, meters: 2, commissioned: now0 - 40 * day });
  const { simulator, clock } = bottle;
  const read = async (classId: number, instanceId: string, attributeId = 2) =>
    contentOf(await readBy(simulator, meter, { classId, instanceId, attributeId }));
  const asClient = async (run: (session: Session) => Promise<unknown>): Promise<void> => {
    const session = await associate(simulator, clock, client, { meter });
    await run(session);
    await session.release();
  };
  const invoke = (methodId: number, argument: Data, channel = 1) =>
    asClient((session) => session.invoke({ classId: 72, instanceId: `0.${channel}.24.1.0.255`, methodId }, argument));
  const to = (hours: number) => stepTo({ simulator, clock }, now0 + hours * hour);
  return { simulator, read, invoke, to };
}

const value = "0.1.24.2.2.255";
const rowsOf = (content: unknown): unknown[] => (content as { value: Data[] }[]).map((row) => contentOf(row.value[2]));

describe("an electricity meter with meters on its M-Bus", () => {
  it("the gas meter counts on, and each capture gives the reading of the last full hour", async () => {
    const { simulator, read, invoke, to } = await meterOf("dsmr-5", 1);
    const first = (await read(4, value)) as number;
    await to(5);
    const later = (await read(4, value)) as number;
    expect(later).toBeGreaterThan(first);
    await invoke(3, nothing);
    expect(await read(4, value)).toBe(later);
    expect(await read(72, "0.1.24.1.0.255", 10)).toBe(1);
    await simulator.close();
  });

  it("21.1: a gas meter that is taken away leaves its last value, and the rows of before; installed again, it has counted on", async () => {
    const { simulator, read, invoke, to } = await meterOf("dsmr-5", 1);
    const before = rowsOf(await read(7, "0.1.24.3.0.255"));
    const last = await read(4, value);
    await invoke(2, nothing);
    expect([await read(4, value), await read(72, "0.1.24.1.0.255", 5)]).toEqual([last, 0]);
    await to(6);
    expect(await read(4, value)).toBe(last);
    const rows = rowsOf(await read(7, "0.1.24.3.0.255"));
    expect(rows.slice(0, before.length - 6)).toEqual(before.slice(6));
    expect(new Set(rows.slice(-5))).toEqual(new Set([last]));
    await invoke(1, { type: "unsigned", value: 1 });
    expect(await read(4, value)).toBeGreaterThan(last as number);
    await simulator.close();
  });

  it("21.3: a key that only the gas meter has stops its values, until the electricity meter gets the key too", async () => {
    const { simulator, read, invoke, to } = await meterOf("dsmr-5", 1);
    const last = await read(4, value);
    await invoke(8, octets);
    await to(4);
    expect([await read(4, value), await read(72, "0.1.24.1.0.255", 14)]).toEqual([last, 2]);
    await invoke(7, octets);
    expect(await read(72, "0.1.24.1.0.255", 14)).toBe(3);
    expect(await read(4, value)).toBeGreaterThan(last as number);
    await invoke(3, nothing);
    expect(await read(72, "0.1.24.1.0.255", 14)).toBe(4);
    await simulator.close();
  });

  it("idis-2: gas and water on their channels, each with its own number; a channel without a meter stands", async () => {
    const { simulator, read, to } = await meterOf("idis-2", 1);
    const all = () => Promise.all([1, 2, 3, 4].map((channel) => read(4, `0.${channel}.24.2.1.255`) as Promise<number>));
    const [gas = 0, water = 0, third, fourth] = await all();
    await to(12);
    const [gasLater = 0, waterLater = 0, ...others] = await all();
    expect(gasLater).toBeGreaterThan(gas);
    expect(waterLater).toBeGreaterThan(water);
    expect(gasLater - gas).toBeGreaterThan(5 * (waterLater - water));
    expect(others).toEqual([third, fourth]);
    await simulator.close();
  });

  it("a column that follows nothing has what was written to the meter", async () => {
    const { simulator, read } = await meterOf("dsmr-5", 1);
    const instanceId = "0.1.96.10.3.255";
    const before = (await read(1, instanceId)) as number;
    await simulator.using(0, (meter) =>
      meter.set({ classId: 1, instanceId, attributeId: 2 }, { type: "unsigned", value: before + 5 }),
    );
    const rows = (await read(7, "0.1.24.3.0.255")) as { value: Data[] }[];
    expect(contentOf(rows.at(-1)?.value[1])).toBe(before + 5);
    await simulator.close();
  });

  it("two electricity meters have gas meters with different numbers", async () => {
    const numbers = new Set();
    for (const meter of [0, 1]) {
      const { simulator, read, invoke } = await meterOf("idis-2", 1, meter);
      await invoke(2, nothing);
      await invoke(1, { type: "unsigned", value: 0 });
      numbers.add(await read(72, "0.1.24.1.0.255", 6));
      await invoke(1, { type: "unsigned", value: 0 }, 3);
      numbers.add(await read(72, "0.3.24.1.0.255", 6));
      await simulator.close();
    }
    expect(numbers.size).toBe(4);
  });
});
