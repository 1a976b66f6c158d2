import { dateTimeOf, unspecifiedDateTime } from "@dlmskit/core";
import { disconnectControl, type LimiterOptions, limiter, scriptTable } from "@dlmskit/cosem-objects";
import { openMemoryStore, type Store } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { noted, power, script, second, start, u32 } from "./a-served-meter.ts";

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

  it("13, O15: acts after the value was over, then under, for long enough; each once a crossing", async () => {
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

  it("13.3, O15: an emergency holds from its time on for as long as it lasts, for ids of the list only", async () => {
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
