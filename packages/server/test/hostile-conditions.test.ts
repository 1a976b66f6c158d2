import { dataOf, T } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import {
  type AnyObject,
  clock,
  demandRegister,
  imageTransfer,
  limiter,
  profileGeneric,
  type Rights,
  register,
  registerMonitor,
  schedule,
  scriptTable,
  singleActionSchedule,
} from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { Meter, meterTemplate, none } from "../src/index.ts";
import { Bench } from "./a-client.ts";

const everything: Rights = { attribute: () => 3, method: () => 1 };
const scripts = "0.0.10.0.100.255";
const u32 = (value: number) => ({ type: "double-long-unsigned", value }) as const;
const script = (scriptSelector: number) => ({ scriptLogicalName: scripts, scriptSelector });
const power = () => register("1.0.1.7.0.255", { type: T.doubleLongUnsigned, value: 5, unit: "W" });
const many = <E>(count: number, make: (at: number) => E): E[] => Array.from({ length: count }, (_, at) => make(at));
const anyDate = { year: null, month: null, day: null, dayOfWeek: null };
const anyTime = { hour: null, minute: null, second: null, hundredths: null };
const execute = (id: number) => ({
  ...{ serviceId: 2, classId: 9, instanceId: scripts, index: 1 },
  parameter: { type: "long-unsigned", value: id },
});

async function world(objects: AnyObject[]) {
  const association = { client: 16, security: none(), access: everything, maxReceivePduSize: 0xffff } as const;
  const template = meterTemplate({ objects, associations: { open: association } });
  const bench = new Bench(new Meter(template, { name: "HST1" }), { limits: { inactivity: 0 } });
  const client = await bench.client({ maxReceivePduSize: 0xffff, timeout: 1e9 }).open();
  return {
    client,
    bench,
    set: async (object: AnyObject, name: string, value: unknown): Promise<string> => {
      const { id, type } = object.spec.attributes[name];
      return client.set(object.spec.classId, object.instance, id, dataOf(type, value as never) as never);
    },
    /** After so many seconds the meter still answers, and what failed by a defect. */
    async after(seconds: number): Promise<unknown[]> {
      for (let second = 0; second < seconds; second++) bench.clock.advance(1000);
      const [name] = await client.get([1, "0.0.42.0.0.255", 2]);
      expect(name).toHaveProperty("data");
      return bench.events.filter((one) => one.type === "hook-failed" && !(one.error as { code?: string }).code);
    },
  };
}

describe("conditions that a hostile client writes", () => {
  it("periods of 0, of one second and of an age; buffers of no row and of all that can be counted", async () => {
    const value = power();
    const load = profileGeneric("1.0.99.1.0.255", { capture: [clock(), value], entries: 10, period: 60 });
    const demand = demandRegister("1.0.1.4.0.255", { source: ({ elapsed }) => elapsed, period: 60, unit: "W" });
    const { set, after } = await world([clock(), value, load, demand]);
    for (const period of [0, 1, 0xffffffff]) {
      expect(await set(load, "capturePeriod", period)).toBe("success");
      expect(await set(demand, "period", period)).toMatch(/^(success|other-reason)$/);
      expect(await after(3)).toEqual([]);
    }
    expect(await set(demand, "numberOfPeriods", 0)).toBe("other-reason");
    expect([await set(load, "profileEntries", 0), await set(load, "profileEntries", 0xffffffff)]).toEqual([
      ...["other-reason", "success"],
    ]);
    expect(await after(3)).toEqual([]);
  });

  it("thousands of capture objects, and more than one long request may hold", async () => {
    const value = power();
    const load = profileGeneric("1.0.99.1.0.255", { capture: [value], entries: 10, period: 1 });
    const { set, after } = await world([clock(), value, load]);
    const column = { classId: 3, instanceId: value.instance, attributeId: 2, dataIndex: 0 };
    expect(
      await set(
        load,
        "captureObjects",
        many(10_000, () => column),
      ),
    ).toBe("long-set-aborted");
    expect(
      await set(
        load,
        "captureObjects",
        many(3000, () => column),
      ),
    ).toBe("success");
    expect(await after(3)).toEqual([]);
  });

  it("a schedule for each second, and one that never comes", async () => {
    const single = singleActionSchedule("0.0.15.0.0.255", { executedScript: script(1), executionTime: [] });
    const entries = schedule("0.0.12.0.0.255");
    const table = scriptTable(scripts, [{ scriptIdentifier: 1, actions: [] }]);
    const { set, after } = await world([clock(), table, single, entries]);
    expect(
      await set(
        single,
        "executionTime",
        many(1500, (at) => ({
          time: anyTime,
          date: at === 0 ? anyDate : { ...anyDate, month: 2, day: 30 },
        })),
      ),
    ).toBe("success");
    const each = many(500, (at) => ({
      ...{ index: at + 1, enable: true, scriptLogicalName: scripts, scriptSelector: 1, validityWindow: 0xffff },
      ...{ switchTime: { hour: 8, minute: 30 + Math.floor(at / 60), second: at % 60, hundredths: 0 } },
      ...{ execWeekdays: "1111111", execSpecdays: "1", beginDate: anyDate, endDate: anyDate },
    }));
    expect(await set(entries, "entries", each)).toBe("success");
    expect(await after(20)).toEqual([]);
  });

  it("a script that calls itself, and scripts that call one another by the thousand", async () => {
    const table = scriptTable(scripts, []);
    const { client, set, after } = await world([table]);
    const run = (id: number) => client.invoke(9, scripts, 1, { type: "long-unsigned", value: id });
    expect(await set(table, "scripts", [{ scriptIdentifier: 1, actions: [execute(1)] }])).toBe("success");
    expect(await run(1)).toBe("other-reason");
    // 1,000 × 1,000 calls would be a million.
    const calls = [1, 2].map((id) => ({ scriptIdentifier: id, actions: many(1000, () => execute(id + 1)) }));
    expect(await set(table, "scripts", [...calls, { scriptIdentifier: 3, actions: [] }])).toBe("success");
    expect(await run(1)).toMatch(/^(success|other-reason|temporary-failure)$/);
    expect(await after(1)).toEqual([]);
  });

  it("limits and thresholds of other types, and two that move the same value to and fro", async () => {
    const value = power();
    const write = (to: number) => ({
      ...{ serviceId: 1, classId: 3, instanceId: value.instance, index: 2, parameter: u32(to) },
    });
    const table = scriptTable(scripts, [
      { scriptIdentifier: 1, actions: [write(0) as never] },
      { scriptIdentifier: 2, actions: [write(99) as never] },
    ]);
    const monitor = registerMonitor("0.0.16.1.0.255", {
      ...{ monitored: [value, 2], thresholds: [u32(10)], actions: [{ actionUp: script(1), actionDown: script(2) }] },
    });
    const limit = limiter("0.0.17.0.0.255", {
      ...{ monitored: [value, 2], thresholdNormal: u32(10) },
      actions: { actionOverThreshold: script(1), actionUnderThreshold: script(2) },
    });
    const { set, after } = await world([value, table, monitor, limit]);
    for (const type of [
      { type: "long", value: -1 },
      { type: "float32", value: Number.NaN },
      { type: "visible-string", value: "x" },
    ]) {
      expect(await set(limit, "thresholdNormal", type)).toBe("other-reason");
    }
    for (const duration of ["minOverThresholdDuration", "minUnderThresholdDuration"]) {
      expect(await set(limit, duration, 0)).toBe("success");
    }
    expect(
      await set(
        monitor,
        "thresholds",
        many(1000, () => u32(10)),
      ),
    ).toBe("success");
    for (const to of [50, 5, 50]) {
      expect(await set(value, "value", to)).toBe("success");
      expect(await after(2)).toEqual([]);
    }
  });

  it("blocks of an image out of order, twice, too long, and past the end", async () => {
    const image = imageTransfer("0.0.44.0.0.255", { blockSize: 8, verificationTime: 1, activationTime: 1 });
    const { client, after } = await world([image]);
    const octets = (length: number) => ({ type: "octet-string", value: new Uint8Array(length) }) as const;
    const block = (number: number, length: number) =>
      client.invoke(18, image.instance, 2, { type: "structure", value: [u32(number), octets(length)] });
    const identifier = { type: "octet-string", value: fromAscii("image") } as const;
    const initiate = (size: number) =>
      client.invoke(18, image.instance, 1, { type: "structure", value: [identifier, u32(size)] });
    expect(await initiate(0xffffffff)).toMatch(/^(success|other-reason)$/);
    expect(await initiate(20)).toBe("success");
    expect([await block(2, 4), await block(0, 8), await block(2, 4)]).toEqual(["success", "success", "success"]);
    expect([await block(1, 7), await block(1, 9), await block(2, 8), await block(3, 4)]).toEqual(
      Array(4).fill("other-reason"),
    );
    expect(await block(0xffffffff, 8)).toBe("other-reason");
    expect(await block(1, 8)).toBe("success");
    expect(await after(1)).toEqual([]);
  });
});
