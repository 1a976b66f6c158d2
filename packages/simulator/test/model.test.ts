import { dateTimeOf } from "@dlmskit/core";
import type { LoadProfileTemplate, PowerQualityEventConfig } from "@dlmskit/storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createModel, defaultLoadProfiles, defaultPowerQuality, type ModelOptions } from "../src/index.ts";
import { commissioned, day, hour, instants, nothingFlowed, often, options } from "./model-fixtures.ts";

describe("energy", () => {
  it("is the same in any order and after any restart", () => {
    const walked = createModel(options);
    const asked = new Map<number, string>();
    const answer = (model: ReturnType<typeof createModel>, at: number): string =>
      JSON.stringify([
        model.energy(at),
        model.instantaneous(at),
        model.block(at - hour, at),
        model.events(at - day, at),
      ]);
    for (let at = commissioned + hour; at < commissioned + 500 * day; at += 17 * hour + 1234)
      asked.set(at, answer(walked, at));
    const backwards = createModel(options);
    for (const [at, said] of [...asked].reverse()) expect(answer(backwards, at)).toBe(said);
    const [at, said] = [...asked][200] as [number, string];
    expect(answer(createModel(options), at)).toBe(said);
  });

  it.each([
    ["few faults", defaultPowerQuality],
    ["faults all the time", often],
  ])("never falls, and parts of any interval sum to the whole, with %s", (_, powerQuality) => {
    const model = createModel({ ...options, powerQuality });
    fc.assert(
      fc.property(fc.array(instants, { minLength: 2, maxLength: 12 }), (some) => {
        const sorted = [...some].sort((one, other) => one - other);
        let sum = 0;
        for (let at = 1; at < sorted.length; at++) {
          const { importWh, importVAh } = model.flow(sorted[at - 1] as number, sorted[at] as number);
          expect(importWh).toBeGreaterThanOrEqual(0);
          expect(importVAh).toBeGreaterThanOrEqual(0);
          expect(Number.isInteger(importWh) && Number.isInteger(importVAh)).toBe(true);
          sum += importWh;
        }
        expect(sum).toBe(model.flow(sorted[0] as number, sorted.at(-1) as number).importWh);
      }),
    );
  });

  it("half hours sum to the day, days to the register, to the digit", () => {
    const model = createModel(options);
    const first = model.startOfDay(commissioned);
    let register = 0;
    for (let midnight = first; midnight < first + 400 * day; midnight += day) {
      let ofDay = 0;
      for (let at = midnight; at < midnight + day; at += hour / 2) ofDay += model.flow(at, at + hour / 2).importWh;
      register += ofDay;
      expect(model.energy(midnight + day).importWh).toBe(register);
    }
    expect(register).toBeGreaterThan(400 * 5000);
    expect(register).toBeLessThan(400 * 80_000);
  });

  it("is what the power comes to over the interval", () => {
    for (const powerQuality of [defaultPowerQuality, often]) {
      const model = createModel({ ...options, powerQuality });
      for (let slot = 0; slot < 60; slot++) {
        const from = model.startOfDay(commissioned + 30 * day) + slot * 15 * 60_000;
        let wattHours = 0;
        for (let at = from; at < from + 15 * 60_000; at += 1000)
          wattHours += model.instantaneous(at).activePower / 3600;
        expect(Math.abs(wattHours - model.block(from, from + 15 * 60_000).importWh)).toBeLessThan(
          1 + wattHours * 0.002,
        );
      }
    }
  });

  it("starts from zero at the commissioning, whatever the hour", () => {
    const model = createModel(options);
    expect(model.energy(commissioned - day)).toEqual(nothingFlowed);
    expect(model.energy(commissioned).importWh).toBe(0);
    expect(model.energy(commissioned + hour).importWh).toBeGreaterThan(0);
    expect(model.instantaneous(commissioned - 1).activePower).toBe(0);
    for (const at of [commissioned - day, commissioned, commissioned + 59_999])
      expect(model.powerOnMinutes(at)).toBe(0);
    expect(createModel({ ...options, powerQuality: [] }).powerOnMinutes(commissioned + 60_000)).toBe(1);
  });

  it("differs by seed, meter, season and kind of day", () => {
    const total = (change: Partial<ModelOptions>, from = 100) => {
      const model = createModel({ ...options, ...change });
      return model.flow(commissioned + from * day, commissioned + (from + 30) * day).importWh;
    };
    expect(new Set([total({}), total({ seed: "other" }), total({ meter: "DLK00000002" })]).size).toBe(3);
    const [summer, autumn] = [total({ powerQuality: [] }, 120), total({ powerQuality: [] }, 275)];
    expect(summer).toBeGreaterThan(autumn * 1.3);
  });
});

describe("supply", () => {
  it("voltage, current, power and power factor agree", () => {
    const model = createModel(options);
    fc.assert(
      fc.property(instants, (at) => {
        const { voltage, current, powerFactor, activePower, apparentPower, distortion } = model.instantaneous(at);
        const distorted = voltage === 0 ? 0 : Math.sqrt(1 + (Math.max(0, distortion - 3) / 100) ** 2);
        expect(Math.abs(voltage * current - apparentPower * distorted)).toBeLessThan(1e-6 + apparentPower * 1e-9);
        expect(powerFactor).toBeGreaterThan(0.8);
        expect(powerFactor).toBeLessThanOrEqual(1);
        expect(Math.abs(voltage * current * powerFactor - activePower)).toBeLessThan(1e-6 + apparentPower * 1e-9);
      }),
    );
  });

  it("the voltage falls by no more than its line drops at one and a half times the peak, however much is heated", () => {
    const [row] = defaultLoadProfiles;
    const variationPattern = {
      ...{ version: 2 as const, points: [{ hour: 12, level: 0.5 }] },
      temperature: { heatBelow: 30, heatingPerDegree: 50 },
      customer: { calendar: { country: "IN", latitude: 28.6 } },
    };
    const templates = [{ ...(row as LoadProfileTemplate), variationPattern }];
    const model = createModel({ ...options, powerQuality: [], templates });
    let [most, least] = [0, Number.POSITIVE_INFINITY];
    for (let at = commissioned; at < commissioned + 20 * day; at += 7 * hour) {
      const { current, voltage } = model.instantaneous(at);
      [most, least] = [Math.max(most, current), Math.min(least, voltage)];
    }
    // Far above what a house takes without heating.
    expect(most).toBeGreaterThan(500);
    expect(least).toBeGreaterThan(180);
  });

  it("has no voltage, no current and no energy while interrupted, and shows sags", () => {
    const model = createModel({ ...options, powerQuality: often });
    const events = model.events(commissioned, commissioned + 30 * day);
    expect(events.length).toBeGreaterThan(20);
    for (const { type, start, end, magnitude } of events) {
      const middle = Math.floor((start + end) / 2);
      const { voltage, current, frequency } = model.instantaneous(middle);
      if (type === "INTERRUPTION") {
        expect([voltage, current, frequency]).toEqual([0, 0, 0]);
        expect(model.block(start, end).importWh).toBe(0);
        expect(model.block(start, end).averageVoltage).toBe(0);
      } else if (
        !events.some((other) => other.type === "INTERRUPTION" && other.start <= middle && middle < other.end)
      ) {
        expect(voltage).toBeLessThan(230 * (magnitude / 100) * 1.05);
      }
    }
    expect(model.powerOnMinutes(commissioned + 30 * day)).toBeLessThan(30 * 1440 * 0.95);
  });

  it("has the mean voltage of the instants in it", () => {
    const model = createModel({ ...options, powerQuality: often });
    const events = model.events(commissioned + 7 * day, commissioned + 21 * day);
    expect(events.filter(({ type }) => type === "VOLTAGE_SAG").length).toBeGreaterThan(5);
    for (const { start } of events.slice(0, 24)) {
      const from = start - 600_000;
      const seen: number[] = [];
      for (let second = 0; second < 1800; second++) seen.push(model.instantaneous(from + second * 1000).voltage);
      const supplied = seen.filter((voltage) => voltage > 0);
      const mean = supplied.length === 0 ? 0 : supplied.reduce((sum, one) => sum + one, 0) / supplied.length;
      expect(Math.abs(model.block(from, from + 1_800_000).averageVoltage - mean)).toBeLessThan(0.1);
    }
  });
});

describe("maximum demand", () => {
  it("is the highest half hour of the range, with the instant of its end", () => {
    const model = createModel(options);
    const from = model.startOfDay(commissioned + 40 * day);
    const to = from + 3 * day + 7 * hour;
    let best = { wh: -1, end: 0 };
    for (let at = from; at + hour / 2 <= to; at += hour / 2) {
      const wh = model.block(at, at + hour / 2).importWh;
      if (wh > best.wh) best = { wh, end: at + hour / 2 };
    }
    const { active } = model.maximumDemand(from, to);
    expect(active).toEqual({ value: best.wh * 2, at: best.end });
    expect(model.maximumDemand(from, from + hour / 4).active).toEqual({ value: 0, at: undefined });
  });
});

describe("what it is made from", () => {
  const [row] = defaultLoadProfiles;
  const refuse = (change: Partial<ModelOptions>) => () => createModel({ ...options, ...change });
  const withRow = (change: object) => refuse({ templates: [{ ...row, ...change } as never] });

  it("refuses rows that cannot be used, and says which column", () => {
    expect(refuse({ templates: [] })).toThrow(/no load profile template/);
    expect(withRow({ season: "RAINY" })).toThrow(/SUMMER, WINTER/);
    expect(withRow({ dayType: "SUNDAY" })).toThrow(/WEEKDAY, WEEKEND/);
    expect(withRow({ intervalMinutes: 7 })).toThrow(/interval_minutes 7/);
    expect(withRow({ baseLoad: -1 })).toThrow(/-1/);
    expect(withRow({ peakLoad: 0 })).toThrow(/below base_load/);
    expect(withRow({ variationPattern: null })).toThrow(/variation pattern/);
    expect(withRow({ variationPattern: { version: 1, shape: [1], jitter: 0 } })).toThrow(/24, 48 or 96/);
    expect(withRow({ variationPattern: { version: 1, shape: new Array(24).fill(2), jitter: 0 } })).toThrow(/0 to 1/);
    expect(withRow({ variationPattern: { version: 1, shape: new Array(24).fill(1), jitter: 2 } })).toThrow(/0 to 1/);
    expect(refuse({ powerQuality: [{ ...(often[0] as PowerQualityEventConfig), probability: 2 }] })).toThrow(/0 to 1/);
    expect(refuse({ powerQuality: [{ ...(often[0] as PowerQualityEventConfig), maxDuration: 1 }] })).toThrow(/30/);
    expect(
      refuse({ powerQuality: [{ ...(often[0] as PowerQualityEventConfig), minMagnitude: 9, maxMagnitude: 1 }] }),
    ).toThrow(/below/);
    expect(
      refuse({ powerQuality: [{ ...(often[0] as PowerQualityEventConfig), eventType: "FLOOD" as never }] }),
    ).toThrow(/INTERRUPTION/);
    expect(refuse({ zoneMinutesEast: 900 })).toThrow(/zone/);
    expect(refuse({ commissioned: Number.NaN })).toThrow(/commissioned/);
    expect(refuse({ calendar: { seasonOfMonth: [], weekend: [], holidays: [] } })).toThrow(/seasonOfMonth/);
  });

  it("takes what is there where a season or kind of day has no row", () => {
    const only = defaultLoadProfiles.filter((one) => one.season === "SUMMER" && one.dayType === "WEEKDAY");
    const model = createModel({ ...options, templates: only });
    expect(model.block(commissioned + 300 * day, commissioned + 301 * day).importWh).toBeGreaterThan(0);
  });

  it("starts days at local midnight", () => {
    const model = createModel(options);
    const { hour: hours, minute } = dateTimeOf(model.startOfDay(commissioned), -330);
    expect([hours, minute]).toEqual([0, 0]);
  });

  it("refuses what no model can be made of or asked", () => {
    expect(refuse({ solarPeak: -1 })).toThrow(/solar plant of -1 kW/);
    expect(refuse({ commissioned: -2 * day })).toThrow(/1970 to 2149/);
    expect(refuse({ commissioned: Date.UTC(2200, 0, 1) })).toThrow(/1970 to 2149/);
    const holidays = (holiday: string) =>
      refuse({ calendar: { seasonOfMonth: new Array(12).fill("SUMMER"), weekend: [7], holidays: [holiday] } });
    expect(holidays("02-29")).not.toThrow();
    expect(holidays("2026-02-29")).toThrow(/2026-02-29/);
    for (const none of ["13-01", "00-10", "01-00", "01-32", "04-31", "12-99", "1-1"]) {
      expect(holidays(none)).toThrow(`"${none}" is not a date`);
    }
    for (const period of [0, -15, 1.5, 1441, Number.NaN]) {
      expect(() => createModel(options).maximumDemand(commissioned, commissioned + day, period)).toThrow(
        /demand period/,
      );
    }
  });

  it("stands still when the days it knows are over, in 2149", () => {
    const last = Date.UTC(2149, 5, 5);
    const model = createModel({ ...options, commissioned: last - 3 * day });
    const end = model.energy(last + 30 * day);
    expect(end.importWh).toBeGreaterThan(0);
    expect(model.energy(last + 300 * day)).toEqual(end);
    expect(model.flow(last + 30 * day, last + 300 * day).importWh).toBe(0);
    expect(model.instantaneous(last + 300 * day).activePower).toBe(0);
  });
});
