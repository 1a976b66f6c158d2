import { type Data, T } from "@dlmskit/apdu";
import { type RegisterMonitorOptions, register, registerMonitor, scriptTable } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { meter, none } from "../src/index.ts";
import { noted, power, script, table, u32 } from "./a-served-meter.ts";

const associations = { open: { client: 16, security: none(), access: "full" as const } };

describe("Register monitor", () => {
  async function monitor(more: Partial<RegisterMonitorOptions> = {}) {
    const value = power();
    const thresholds = [300, 100, 200].map(u32) as never;
    const actions = [3, 1, 2].map((id) => ({ actionUp: script(id), actionDown: script(10 + id) }));
    const object = registerMonitor("0.0.16.1.0.255", { monitored: [value, 2], thresholds, actions, ...more });
    const life = await noted([value, object]);
    return { ...life, object, value, to: (watts: number) => life.set(value, 2, u32(watts)) };
  }

  it("12.1, O15: acts at a crossing, in each direction once; an equal value is below", async () => {
    const { to, ran } = await monitor();
    for (const watts of [100, 101, 150, 101]) await to(watts);
    expect(ran()).toEqual(["0: 1 by monitor"]);
    await to(100);
    await to(50);
    expect(ran()).toEqual(["0: 11 by monitor"]);
  });

  it("12.2: several in one step go up in ascending and down in descending order; a missing action is none", async () => {
    const { to, ran, set, object } = await monitor();
    await to(1000);
    expect(ran()).toEqual([1, 2, 3].map((id) => `0: ${id} by monitor`));
    await to(0);
    expect(ran()).toEqual([13, 12, 11].map((id) => `0: ${id} by monitor`));
    await set(object, 4, { type: "array", value: [] });
    await to(1000);
    expect(ran()).toEqual([]);
  });

  it("12.3: takes thresholds of the value's type only (O7), and a simple attribute that is there", async () => {
    const { set, object } = await monitor();
    const thresholds = (...elements: Data[]): Data => ({ type: "array", value: elements });
    const attribute = (instance: number[], attributeId: number): Data => ({
      type: "structure",
      value: [
        { type: "long-unsigned", value: 3 },
        { type: "octet-string", value: Uint8Array.from(instance) },
        { type: "integer", value: attributeId },
      ],
    });
    const code = (run: () => unknown) =>
      Promise.resolve()
        .then(run)
        .then(
          () => "done",
          (error) => error.code,
        );
    expect(await code(() => set(object, 2, thresholds(u32(1), { type: "long", value: 1 })))).toBe("other-reason");
    expect(await code(() => set(object, 2, thresholds({ type: "long", value: 1 })))).toBe("other-reason");
    expect(await code(() => set(object, 2, thresholds(u32(1))))).toBe("done");
    expect(await code(() => set(object, 3, attribute([1, 0, 2, 7, 0, 255], 2)))).toBe("other-reason");
    expect(await code(() => set(object, 3, attribute([1, 0, 1, 7, 0, 255], 9)))).toBe("other-reason");
    // O8: a dummy.
    expect(await code(() => set(object, 3, attribute([0, 0, 0, 0, 0, 0], 0)))).toBe("done");
  });

  it("12.4: a write of thresholds sets the side without an action", async () => {
    const { to, ran, set, object, meter } = await monitor();
    await to(150);
    ran();
    await set(object, 2, { type: "array", value: [u32(120)] });
    await set(object, 2, { type: "array", value: [u32(160)] });
    expect(ran()).toEqual([]);
    await to(161);
    expect(ran()).toEqual(["0: 3 by monitor"]);
    await to(0);
    expect(ran()).toEqual(["0: 13 by monitor"]);
    expect(meter.values(object).state).toEqual([false]);
  });

  it("12.4: power-up sets the side without an action", async () => {
    const { to, ran, set, value, meter, go } = await monitor();
    await to(150);
    ran();
    await meter.powerDown();
    await go(5);
    await meter.change((device) => device.set(value, "value", 50 as never));
    await meter.powerUp();
    expect(ran()).toEqual([]);
    await set(value, 2, u32(150));
    expect(ran()).toEqual(["5: 1 by monitor"]);
  });

  it("acts in the unit of work of the change: both are kept, or none", async () => {
    const { meter, value, ran, object } = await monitor();
    const change = meter.change(async (device) => {
      device.set(value, "value", 150 as never);
      await Promise.resolve();
      throw new Error("no");
    });
    await expect(change).rejects.toThrow("no");
    expect(ran()).toEqual([]);
    await meter.change((device) => {
      device.set(value, "value", 150 as never);
      device.set(value, "value", 250 as never);
    });
    expect(ran()).toEqual(["0: 1 by monitor", "0: 2 by monitor"]);
    expect(meter.values(object).state).toEqual([false, true, true]);
  });

  it("samples a value that nobody stores", async () => {
    let watts = 0;
    const value = register(
      "1.0.1.7.0.255",
      { type: T.doubleLongUnsigned, value: 0, unit: "W" },
      { read: { value: () => watts } },
    );
    const actions = [{ actionUp: script(1), actionDown: script(2) }];
    const object = registerMonitor("0.0.16.1.0.255", {
      monitored: [value, 2],
      thresholds: [u32(100)] as never,
      actions,
      sampleEvery: 10,
    });
    const { go, ran } = await noted([value, object]);
    await go(35);
    watts = 101;
    await go(3);
    expect(ran()).toEqual([]);
    await go(60);
    expect(ran()).toEqual(["40: 1 by monitor"]);
  });

  it("hears what the program assigns to a meter of its own", () => {
    const value = power();
    const seen: number[] = [];
    const scripts = scriptTable(table, [], {}, { invoke: { execute: (_, id) => void seen.push(id) } });
    const actions = [{ actionUp: script(1), actionDown: script(2) }];
    const options = { monitored: [value, 2] as const, thresholds: [u32(100)] as never, actions };
    const own = meter({
      name: "ABC1",
      associations,
      objects: [value, scripts, registerMonitor("0.0.16.1.0.255", options)],
    });
    own.change(() => undefined);
    value.values.value = 150;
    value.values.value = 160;
    value.values.value = 50;
    expect(seen).toEqual([1, 2]);
  });

  it("objects that move one another come to an end, and that is told", async () => {
    let written = 0;
    const count = (values: { value: unknown }, to: unknown) => {
      values.value = to;
      written++;
    };
    const options = { type: T.doubleLongUnsigned, value: 0, unit: "W" } as const;
    const value = register("1.0.1.7.0.255", options, { write: { value: count as never } });
    const flip = (to: number) => ({
      serviceId: 1,
      classId: 3,
      instanceId: value.instance,
      index: 2,
      parameter: u32(to),
    });
    const scripts = scriptTable("0.0.10.0.107.255", [
      { scriptIdentifier: 1, actions: [flip(0)] },
      { scriptIdentifier: 2, actions: [flip(200)] },
    ]);
    const of = (scriptSelector: number) => ({ scriptLogicalName: scripts.instance, scriptSelector });
    const object = registerMonitor("0.0.16.1.0.255", {
      monitored: [value, 2],
      thresholds: [u32(100)] as never,
      actions: [{ actionUp: of(1), actionDown: of(2) }],
    });
    const { set, events } = await noted([value, object, scripts]);
    await set(value, 2, u32(150));
    // The client's, and one a round.
    expect(written).toBe(1 + 8);
    expect(JSON.stringify(events)).toContain("objects that watch one another");
  });
});
