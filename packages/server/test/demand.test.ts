import { T } from "@dlmskit/apdu";
import { dateTimeOf, instantOf } from "@dlmskit/core";
import {
  type AnyObject,
  clock,
  type DemandRegisterOptions,
  demandRegister,
  extendedRegister,
  maximumRegister,
  register,
  storeValue,
} from "@dlmskit/cosem-objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { berlin } from "../../../test/zones.ts";
import { served } from "./a-served-meter.ts";

// 12:00 of a summer day in Berlin.
const start = Date.UTC(2026, 4, 4, 10);
const minute = 60_000;
const quarter = 15 * minute;

async function demand(more: Partial<DemandRegisterOptions> = {}, from = start) {
  const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 5000, unit: "Wh" });
  const object = demandRegister("1.0.1.4.0.255", { source: [energy, 2], period: 900, unit: "W", ...more });
  const maximum = maximumRegister("1.0.1.6.0.255", object);
  const life = await served([clock("0.0.1.0.0.255", {}, { zone: berlin }), energy, object, maximum], { from });
  let read = 5000;
  return {
    ...life,
    object,
    energy,
    maximum,
    /** Consumes energy, Wh. */
    async use(wattHours: number) {
      read += wattHours;
      await life.meter.change((device) => device.set(energy, "value", read as never));
    },
    /** Current and last average, and when the times are, minutes since the start. */
    async shown() {
      const current = (await life.get(object, 2)) as number;
      const { lastAverageValue, captureTime, startTimeCurrent } = life.meter.values(object);
      const minutes = (time: typeof captureTime) => ((instantOf(time) ?? Number.NaN) - start) / minute;
      return [current, (lastAverageValue as { value: number }).value, minutes(captureTime), minutes(startTimeCurrent)];
    },
    call: (of: AnyObject, method: number) => life.meter.invoke(of, method, { type: "integer", value: 0 }),
  };
}

describe("Demand register", () => {
  it("3.1, 3.2, 3.3: block demand is the energy of the last period; the running one rises to it", async () => {
    const { use, go, shown } = await demand();
    await go(60);
    await use(250);
    expect((await shown())[0]).toBe(1000);
    await use(250);
    expect((await shown())[0]).toBe(2000);
    await go(14 * 60);
    expect(await shown()).toEqual([0, 2000, 15, 15]);
    await use(100);
    await go(15 * 60);
    expect(await shown()).toEqual([0, 400, 30, 30]);
  });

  it("an average that its type has no room for, by a scaler that was written, is the nearest value", async () => {
    for (const [scaler, type, most] of [
      [-128, "double-long-unsigned", 0xffffffff],
      [-100, "long", 0x7fff],
      [127, "double-long-unsigned", 0],
    ] as const) {
      const { object, meter, use, go, shown } = await demand({ type });
      await meter.change((device) => device.set(object, "scalerUnit", { scaler, unit: 27 } as never));
      await use(250);
      expect((await shown())[0]).toBe(most);
      await go(15 * 60);
      expect((await shown())[1]).toBe(most);
    }
  });

  it("3.1, 3.2: sliding demand is over n periods, anew each period, with a constant divisor", async () => {
    const { use, go, shown } = await demand({ numberOfPeriods: 3, period: 300 });
    // 300, 600, 0, 900 Wh in four periods of 5 min: divided by a quarter of an hour.
    for (const [wattHours, expected] of [
      [300, [300, 1200, 5, -5]],
      [600, [900, 3600, 10, 0]],
      [0, [600, 3600, 15, 5]],
      [900, [900, 6000, 20, 10]],
    ] as const) {
      await use(wattHours);
      await go(300);
      const [within, last, at, since] = expected;
      expect(await shown()).toEqual([within * 4, last, at, since]);
    }
  });

  it("3.4: next_period closes the running period now; the next boundary is where it was", async () => {
    const { use, go, shown, call, object } = await demand();
    await go(60);
    await use(250);
    await call(object, 2);
    expect(await shown()).toEqual([0, 1000, 1, 1]);
    await use(100);
    await go(14 * 60);
    // 3.6: a short period is divided by the full time all the same.
    expect(await shown()).toEqual([0, 400, 15, 15]);
  });

  it("3.5, 3.7: reset empties all; so does a write of the period or of the number of periods", async () => {
    for (const how of ["reset", "period", "number"]) {
      const { use, go, shown, call, object, set } = await demand({ numberOfPeriods: 2, period: 300 });
      await use(300);
      await go(301);
      await use(100);
      if (how === "reset") await call(object, 1);
      if (how === "period") await set(object, 8, { type: "double-long-unsigned", value: 600 });
      if (how === "number") await set(object, 9, { type: "long-unsigned", value: 4 });
      const [current, last, at, since] = await shown();
      expect([how, current, last]).toEqual([how, 0, 0]);
      expect(at).toBeCloseTo(301 / 60, 2);
      expect(since).toBe(at);
    }
    const { set, object } = await demand();
    const refused = (attribute: number, type: "double-long-unsigned" | "long-unsigned") =>
      expect(Promise.resolve().then(() => set(object, attribute, { type, value: 0 }))).rejects.toThrow();
    await refused(8, "double-long-unsigned");
    await refused(9, "long-unsigned");
  });

  it("3.6: periods lie on multiples from local midnight, also where they do not fill a day", async () => {
    const midnight = Date.UTC(2026, 4, 4, 22);
    const times: number[] = [];
    const source = ({ now }: { now: number }) => {
      times.push((now - midnight) / minute);
      return 0;
    };
    const { go } = await demand({ source, period: 7 * 60 }, midnight - 10 * minute);
    await go(25 * 60);
    // 1440 min are 205 times 7 and 5 more: the last boundary of the day is 5 min before midnight.
    expect(times).toEqual([-5, 0, 7, 14]);
  });

  it("1.3, 3.6: setting the clock closes the period; a synchronisation does not", async () => {
    for (const by of [-60 * minute, 60 * minute + 30_000]) {
      const { use, go, shown, meter } = await demand();
      await go(300);
      await use(250);
      await meter.setClock(meter.now + by);
      await go(1);
      expect(await shown()).toEqual([0, 1000, expect.closeTo(5 + by / minute, 1), expect.closeTo(5 + by / minute, 1)]);
    }
    const { use, go, shown, meter } = await demand();
    await go(300);
    await use(250);
    await meter.setClock(meter.now + 5000);
    await go(1);
    expect((await shown()).slice(0, 2)).toEqual([1000, 0]);
  });

  it("3.8: a power failure ends the period at power-down, or is bridged where the power is back in time", async () => {
    const closed = await demand();
    await closed.go(300);
    await closed.use(250);
    await closed.meter.powerDown();
    await closed.go(120);
    await closed.meter.powerUp();
    expect(await closed.shown()).toEqual([0, 1000, 5, 7]);
    for (const [away, expected] of [
      [120, [1000, 0]],
      [900, [0, 1000]],
    ] as const) {
      const bridged = await demand({ powerFailure: "continue" });
      await bridged.go(300);
      await bridged.use(250);
      await bridged.meter.powerDown();
      await bridged.go(away);
      await bridged.meter.powerUp();
      expect((await bridged.shown()).slice(0, 2)).toEqual(expected);
    }
  });

  it("3.9: a maximum register takes the greatest average at the boundary; reset begins anew", async () => {
    const { use, go, call, maximum, meter, get } = await demand();
    const at = () => ((instantOf(meter.values(maximum).captureTime) ?? Number.NaN) - start) / quarter;
    for (const wattHours of [100, 300, 200]) {
      await use(wattHours);
      await go(900);
    }
    expect([await get(maximum, 2), at()]).toEqual([1200, 2]);
    await call(maximum, 1);
    expect([await get(maximum, 2), at()]).toEqual([0, 3]);
    await use(50);
    await go(900);
    expect([await get(maximum, 2), at()]).toEqual([200, 4]);
  });

  it("reads with the scalers of its source and its own, and through a reset of the source", async () => {
    const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 70, unit: "Wh", scaler: 2 });
    const options = { source: [energy, 2] as const, period: 900, unit: "W" as const, scaler: -1 };
    const object = demandRegister("1.0.1.4.0.255", options);
    const float = demandRegister("1.0.1.4.1.255", { ...options, scaler: 0, type: "float32" });
    const { meter, go, get } = await served([energy, object, float], { from: start });
    await meter.change((device) => device.set(energy, "value", 73 as never));
    await go(900);
    expect(await get(object, 3)).toBe(12_000);
    expect(await get(float, 3)).toBe(1200);
    await meter.change((device) => device.set(energy, "value", 1 as never));
    await go(900);
    expect(await get(object, 3)).toBe(4000);
  });

  it("conserves energy, whatever ends its periods", async () => {
    const step = fc.oneof(
      fc.record({ use: fc.integer({ min: 0, max: 5000 }) }),
      fc.record({ wait: fc.integer({ min: 1, max: 2000 }) }),
      fc.constant({ next: true }),
      fc.record({ dark: fc.integer({ min: 1, max: 2000 }) }),
    );
    const number = fc.integer({ min: 1, max: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), number, async (steps, numberOfPeriods) => {
        const { use, go, call, object, meter } = await demand({ numberOfPeriods, period: 300, type: "float64" });
        // The energy of each period, as the reading since the one before tells.
        const slots: number[] = [];
        let [base, reading] = [5000, 5000];
        const closed = () => {
          slots.push(reading - base);
          base = reading;
        };
        let now = start;
        const pass = (seconds: number, dark = false) => {
          const until = now + seconds * 1000;
          const ends = Math.floor(until / 300_000) - Math.floor(now / 300_000);
          for (let at = 0; at < (dark ? 1 : ends); at++) closed();
          now = until;
        };
        for (const one of steps) {
          if ("use" in one) {
            await use(one.use);
            reading += one.use;
          } else if ("wait" in one) {
            await go(one.wait);
            pass(one.wait);
          } else if ("dark" in one) {
            await meter.powerDown();
            await go(one.dark);
            await meter.powerUp();
            pass(one.dark, true);
          } else {
            await call(object, 2);
            closed();
          }
          const last = (meter.values(object).lastAverageValue as { value: number }).value;
          const expected = slots.slice(-numberOfPeriods).reduce((sum, slot) => sum + slot, 0);
          expect(last * numberOfPeriods * (300 / 3600)).toBeCloseTo(expected, 6);
        }
        expect(slots.reduce((sum, slot) => sum + slot, 0) + reading - base).toBe(reading - 5000);
      }),
      { numRuns: 40 },
    );
  });
});

describe("Register and Extended register", () => {
  it("2.2, 2.3, 2.4: reset sets the default; capture_time is that of the value that was stored, or of the reset", async () => {
    const plain = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 7, unit: "Wh", resetTo: 1 });
    const status = { type: "unsigned", value: 3 } as const;
    const options = { type: T.doubleLongUnsigned, value: 7, unit: "W", captureTime: dateTimeOf(0), status } as const;
    const extended = extendedRegister("1.0.1.6.0.255", { ...options, resetTo: 0 });
    const { meter, go, set, get } = await served([plain, extended], { from: start });
    const at = () => ((instantOf(meter.values(extended).captureTime) ?? Number.NaN) - start) / 1000;
    await go(5);
    await set(extended, 2, { type: "double-long-unsigned", value: 9 });
    expect([await get(extended, 2), at()]).toEqual([9, 5]);
    await go(5);
    await get(extended, 2);
    await meter.change((device) => storeValue(extended, 11 as never, device, { type: "unsigned", value: 8 }));
    expect([await get(extended, 2), await get(extended, 4), at()]).toEqual([11, 8, 10]);
    await go(5);
    for (const one of [plain, extended]) await meter.invoke(one, 1, { type: "integer", value: 0 });
    expect([await get(plain, 2), await get(extended, 2), await get(extended, 4), at()]).toEqual([1, 0, 3, 15]);
    const without = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 7, unit: "Wh" });
    const other = await served([without], { from: start });
    await expect(Promise.resolve().then(() => other.meter.invoke(without, 1))).rejects.toThrow();
  });
});
