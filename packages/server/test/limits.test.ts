import { type Data, T } from "@dlmskit/apdu";
import { dateTimeOf, unspecifiedDateTime } from "@dlmskit/core";
import {
  type AnyObject,
  type Context,
  DisconnectControl,
  disconnectControl,
  type LimiterOptions,
  limiter,
  localDisconnect,
  type RegisterMonitorOptions,
  register,
  registerMonitor,
  scriptTable,
} from "@dlmskit/cosem-objects";
import { openMemoryStore, type Store } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { meter, none } from "../src/index.ts";
import { served } from "./a-served-meter.ts";

const associations = { open: { client: 16, security: none(), access: "full" as const } };
const start = Date.UTC(2026, 4, 4, 10);
const second = 1000;
const table = "0.0.10.0.106.255";
const script = (scriptSelector: number) => ({ scriptLogicalName: table, scriptSelector });
const u32 = (value: number): Data => ({ type: "double-long-unsigned", value });

/** The objects of a meter that is served; which scripts ran, when (s since the start), and by whom. */
async function noted(objects: readonly AnyObject[], store?: Store, from = start) {
  const ran: string[] = [];
  const note = (id: number, { elapsed, by }: Context): void => {
    ran.push(`${(elapsed - start) / second}: ${id} by ${"self" in by ? by.self : by.association}`);
  };
  const scripts = scriptTable(table, [], {}, { invoke: { execute: (_, id, context) => note(id, context) } });
  const life = await served([...objects, scripts], { from, store });
  /** What ran since it was asked last. */
  return { ...life, ran: () => ran.splice(0) };
}

const power = () => register("1.0.1.7.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "W" });

describe("Register monitor", () => {
  async function monitor(more: Partial<RegisterMonitorOptions> = {}) {
    const value = power();
    const thresholds = [300, 100, 200].map(u32) as never;
    const actions = [3, 1, 2].map((id) => ({ actionUp: script(id), actionDown: script(10 + id) }));
    const object = registerMonitor("0.0.16.1.0.255", { monitored: [value, 2], thresholds, actions, ...more });
    const life = await noted([value, object]);
    return { ...life, object, value, to: (watts: number) => life.set(value, 2, u32(watts)) };
  }

  it("12.1: acts at a crossing, in each direction once; an equal value is below", async () => {
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
    ran();
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
    const value = power();
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
    expect(JSON.stringify(events)).toContain("objects that watch one another");
  });
});

describe("Limiter", () => {
  async function limited(more: Partial<LimiterOptions> = {}, store?: Store, from?: number) {
    const value = power();
    const object = limiter("0.0.17.0.0.255", {
      monitored: [value, 2],
      thresholdNormal: u32(1000) as never,
      minOverThresholdDuration: 60,
      minUnderThresholdDuration: 30,
      actions: { actionOverThreshold: script(1), actionUnderThreshold: script(2) },
      ...more,
    });
    const life = await noted([value, object], store, from);
    const shown = () => {
      const { thresholdActive, emergencyProfileActive } = life.meter.values(object);
      return [(thresholdActive as { value: number }).value, emergencyProfileActive];
    };
    return { ...life, object, value, shown, to: (watts: number) => life.set(value, 2, u32(watts)) };
  }

  it("13: acts after the value was over, then under, for long enough; each once a crossing", async () => {
    const { to, go, ran } = await limited();
    await to(1001);
    await go(59);
    await to(1000);
    await go(100);
    expect(ran()).toEqual([]);
    await to(1500);
    await go(59);
    await to(2000);
    await go(200);
    expect(ran()).toEqual(["219: 1 by limiter"]);
    await to(10);
    await go(29);
    await to(1500);
    await to(10);
    await go(29);
    expect(ran()).toEqual([]);
    await go(60);
    expect(ran()).toEqual(["477: 2 by limiter"]);
  });

  it("13.1: a duration of 0 acts at once", async () => {
    const { to, ran } = await limited({ minOverThresholdDuration: 0, minUnderThresholdDuration: 0 });
    await to(1001);
    await to(1002);
    await to(1000);
    expect(ran()).toEqual(["0: 1 by limiter", "0: 2 by limiter"]);
  });

  it("1.3: durations are elapsed time: setting the clock does not touch them", async () => {
    for (const by of [-3_600_000, 3_600_000]) {
      const { to, go, ran, meter } = await limited();
      await to(1500);
      await go(30);
      await meter.setClock(meter.now + by);
      await go(29);
      expect(ran()).toEqual([]);
      await go(2);
      expect(ran()).toEqual(["60: 1 by limiter"]);
    }
  });

  it("13.2: threshold_active is derived; a change of it begins the timer anew and runs nothing itself", async () => {
    const { to, go, ran, set, object, shown } = await limited();
    await expect(Promise.resolve().then(() => set(object, 3, u32(1)))).rejects.toThrow();
    await to(900);
    await set(object, 4, u32(800));
    expect(shown()).toEqual([800, false]);
    await go(30);
    await set(object, 4, u32(850));
    await go(59);
    expect(ran()).toEqual([]);
    await go(1);
    expect(ran()).toEqual(["90: 1 by limiter"]);
    const now = await limited({ minOverThresholdDuration: 0 });
    await now.to(900);
    await now.set(now.object, 4, u32(800));
    expect(now.ran()).toEqual([]);
    await now.go(1);
    expect(now.ran()).toEqual(["0.001: 1 by limiter"]);
  });

  const profile = (id: number, at: number | undefined, duration: number) => ({
    emergencyProfileId: id,
    emergencyActivationTime: at === undefined ? unspecifiedDateTime : dateTimeOf(start + at * second),
    emergencyDuration: duration,
  });

  it("13.3: an emergency holds from its time on for as long as it lasts, for ids of the list only", async () => {
    const emergency = { thresholdEmergency: u32(100) as never, emergencyProfile: profile(7, 100, 50) };
    const { go, shown, to, ran } = await limited({ ...emergency, emergencyProfileGroupIdList: [6, 7] });
    await to(500);
    await go(99);
    expect(shown()).toEqual([1000, false]);
    await go(2);
    expect(shown()).toEqual([100, true]);
    await go(48);
    expect(shown()).toEqual([100, true]);
    await go(2);
    expect(shown()).toEqual([1000, false]);
    await go(100);
    expect(ran()).toEqual([]);
    const other = await limited({ ...emergency, emergencyProfileGroupIdList: [6] });
    await other.go(120);
    expect(other.shown()).toEqual([1000, false]);
  });

  it("13.3, 13.4: one in the past holds for the rest; taking its id from the list ends it", async () => {
    const { go, shown, set, object } = await limited({
      thresholdEmergency: u32(100) as never,
      emergencyProfile: profile(7, -10, 50),
      emergencyProfileGroupIdList: [7],
    });
    await go(1);
    expect(shown()).toEqual([100, true]);
    await set(object, 9, { type: "array", value: [] });
    expect(shown()).toEqual([1000, false]);
    await set(object, 9, { type: "array", value: [{ type: "long-unsigned", value: 7 }] });
    expect(shown()).toEqual([100, true]);
    await go(60);
    expect(shown()).toEqual([1000, false]);
    for (const never of [profile(7, undefined, 50), profile(7, 0, 0)]) {
      const none = await limited({
        emergencyProfile: never,
        emergencyProfileGroupIdList: [7],
        thresholdEmergency: u32(1) as never,
      });
      await none.go(10);
      expect(none.shown()).toEqual([1000, false]);
    }
  });

  it("a timer goes on where the process was stopped, as time has passed", async () => {
    const store = await openMemoryStore();
    const first = await limited({}, store);
    await first.to(1500);
    await first.go(20);
    await first.close();
    const second = await limited({}, store, start + 30_000);
    await second.go(29);
    expect(second.ran()).toEqual([]);
    await second.go(2);
    expect(second.ran()).toEqual(["60: 1 by limiter"]);
    await second.close();
  });

  it("13.6: at power-up it is under, and timers begin anew", async () => {
    const { to, go, ran, meter } = await limited();
    await to(1500);
    await go(61);
    expect(ran()).toEqual(["60: 1 by limiter"]);
    await meter.powerDown();
    await go(100);
    await meter.powerUp();
    await go(59);
    expect(ran()).toEqual([]);
    await go(2);
    expect(ran()).toEqual(["221: 1 by limiter"]);
  });

  it("13.5: disconnects locally by a script, and modes 5 and 6 reconnect when it has been under", async () => {
    for (const [controlMode, reconnects] of [[4, false] as const, [5, true] as const, [6, true] as const]) {
      const value = power();
      const control = disconnectControl("0.0.96.3.10.255", {
        controlMode,
        changed: ({ outputState }, { device }) => device.set(value, "value", (outputState ? 1500 : 0) as never),
      });
      const method = (index: number) => ({
        serviceId: 2,
        classId: 70,
        instanceId: control.instance,
        index,
        parameter: { type: "integer", value: 0 } as const,
      });
      const scripts = scriptTable("0.0.10.0.108.255", [
        { scriptIdentifier: 1, actions: [method(1)] },
        { scriptIdentifier: 2, actions: [method(2)] },
      ]);
      const of = (scriptSelector: number) => ({ scriptLogicalName: scripts.instance, scriptSelector });
      const object = limiter("0.0.17.0.0.255", {
        monitored: [value, 2],
        thresholdNormal: u32(1000) as never,
        minOverThresholdDuration: 60,
        minUnderThresholdDuration: 30,
        actions: { actionOverThreshold: of(1), actionUnderThreshold: of(2) },
      });
      const { set, go, meter } = await noted([value, control, scripts, object]);
      await set(value, 2, u32(1500));
      await go(60);
      expect(meter.values(control)).toMatchObject({ controlState: 2, outputState: false });
      await go(31);
      expect(meter.values(control).outputState).toBe(reconnects);
      await go(61);
      // Over again, of course.
      expect(meter.values(control).controlState).toBe(2);
    }
  });
});

describe("Disconnect control of a meter that is served", () => {
  it("14.5: what the program does locally is kept over a restart", async () => {
    const store = await openMemoryStore();
    const control = disconnectControl();
    const first = await noted([control], store);
    expect(await first.meter.change((device) => localDisconnect(control, device))).toBe(true);
    await first.close();
    const again = disconnectControl();
    const restarted = await noted([again], store, start + second);
    expect(restarted.meter.values(again)).toMatchObject({ controlState: 2, outputState: false });
    expect(again.spec).toBe(DisconnectControl);
    await restarted.close();
  });
});
