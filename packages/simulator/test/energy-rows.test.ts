import type { PowerQualityEventConfig } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { createModel, defaultLoadProfiles, type Model } from "../src/index.ts";
import { commissioned, day, hour, often, options, shapeOf } from "./model-fixtures.ts";

const minute = 60_000;

describe("what the rows say", () => {
  const quiet = { ...options, powerQuality: [] };
  const flat = defaultLoadProfiles.map((row) => ({ ...row, baseLoad: 1, peakLoad: 1 }));
  const meters = Array.from({ length: 12 }, (_, at) => `DLK${at}`);
  const years = [commissioned, commissioned + 4 * 365 * day] as const;
  // A household of size 1 takes 1 kWh an hour of rows that say 1 kW.
  const sizeOf = (meter: string) =>
    createModel({ ...quiet, meter, templates: flat }).flow(...years).importWh / (4 * 365 * 24_000);

  it("is what a household takes in the long run, times its size", () => {
    const shapeMean = (row: (typeof defaultLoadProfiles)[number]) => {
      const shape = shapeOf(row);
      return row.baseLoad + ((row.peakLoad - row.baseLoad) * shape.reduce((sum, one) => sum + one, 0)) / shape.length;
    };
    const seasonOfMonth =
      "WINTER WINTER SPRING SUMMER SUMMER SUMMER MONSOON MONSOON MONSOON AUTUMN AUTUMN WINTER".split(" ");
    let expected = 0;
    for (let at = years[0]; at < years[1]; at += day) {
      const local = new Date(at + 330 * minute);
      const ofYear = local.toISOString().slice(5, 10);
      const weekend = [0, 6].includes(local.getUTCDay());
      const dayType = ["01-26", "08-15", "10-02"].includes(ofYear) ? "HOLIDAY" : weekend ? "WEEKEND" : "WEEKDAY";
      const season = seasonOfMonth[local.getUTCMonth()];
      const row = defaultLoadProfiles.find((one) => one.season === season && one.dayType === dayType);
      expected += shapeMean(row as (typeof defaultLoadProfiles)[number]) * 24_000;
    }
    const sizes = meters.map(sizeOf);
    for (const [at, meter] of meters.entries()) {
      const size = sizes[at] as number;
      expect(size).toBeGreaterThan(0.58);
      expect(size).toBeLessThan(1.63);
      const taken = createModel({ ...quiet, meter }).flow(...years).importWh;
      expect(Math.abs(taken / (expected * size) - 1)).toBeLessThan(0.02);
    }
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeGreaterThan(0.3);
  });

  it("shows in the mean day of many households, quarter by quarter, with its jitter", () => {
    const [row] = defaultLoadProfiles.filter((one) => one.season === "SUMMER" && one.dayType === "WEEKDAY");
    const all = Array.from({ length: 300 }, (_, at) => createModel({ ...quiet, meter: `m${at}` }));
    const midnight = (all[0] as Model).startOfDay(Date.UTC(2026, 4, 13, 12));
    const means = [0, 24, 48, 80].map((slot) => {
      const from = midnight + slot * 15 * minute;
      return all.reduce((sum, one) => sum + one.flow(from, from + 15 * minute).importWh, 0) / all.length;
    });
    const shape = shapeOf(row as (typeof defaultLoadProfiles)[number]);
    const expected = [0, 24, 48, 80].map((slot) => {
      const place = (slot + 0.5) / 4 - 0.5;
      const before = Math.floor(place);
      const [one, next] = [shape[(before + 24) % 24] as number, shape[(before + 25) % 24] as number];
      return (0.35 + (3.1 - 0.35) * (one + (next - one) * (place - before))) * 250 * 1.1;
    });
    for (const [at, mean] of means.entries()) expect(Math.abs(mean / (expected[at] as number) - 1)).toBeLessThan(0.1);
    const evenings = (jitter: number) => {
      const templates = defaultLoadProfiles.map((one) => ({
        ...one,
        variationPattern: { version: 1 as const, shape: shapeOf(one), jitter },
      }));
      const model = createModel({ ...quiet, templates });
      const wh = Array.from({ length: 40 }, (_, n) => {
        const evening = midnight + n * day + 20 * hour;
        return model.flow(evening, evening + 15 * minute).importWh / model.flow(evening - 20 * hour, evening).importWh;
      });
      const mean = wh.reduce((sum, one) => sum + one, 0) / wh.length;
      return Math.sqrt(wh.reduce((sum, one) => sum + (one - mean) ** 2, 0) / wh.length) / mean;
    };
    expect(evenings(0.8)).toBeGreaterThan(2 * evenings(0));
  });

  it("is how often an event happens: with its probability on each day, whatever other days have", () => {
    for (const probability of [0.02, 0.3, 0.9, 1]) {
      const row = { ...(often[2] as PowerQualityEventConfig), probability };
      const model = createModel({ ...options, powerQuality: [row] });
      const first = model.startOfDay(commissioned) + day;
      const days = 3000;
      const starts = model.events(first, first + days * day).filter(({ start }) => start >= first);
      const ofDay = starts.map(({ start }) => Math.floor((start - first) / day));
      expect(new Set(ofDay).size).toBe(ofDay.length);
      const deviation = Math.sqrt(days * probability * (1 - probability));
      expect(Math.abs(ofDay.length - days * probability)).toBeLessThanOrEqual(4 * deviation);
      // Days on end, too.
      const known = new Set(ofDay);
      const pairs = ofDay.filter((one) => known.has(one + 1)).length;
      expect(Math.abs(pairs - days * probability ** 2)).toBeLessThanOrEqual(5 * Math.sqrt(days) * probability + 1);
      for (const { start, end, magnitude } of starts) {
        expect((end - start) / 1000).toBeGreaterThanOrEqual(3);
        expect((end - start) / 1000).toBeLessThanOrEqual(3000);
        expect(magnitude).toBeGreaterThanOrEqual(50);
        expect(magnitude).toBeLessThanOrEqual(80);
      }
    }
    const never = { ...(often[0] as PowerQualityEventConfig), probability: 0 };
    expect(createModel({ ...options, powerQuality: [never] }).events(commissioned, commissioned + 900 * day)).toEqual(
      [],
    );
  });

  it("takes the energy of an interruption away, and no other", () => {
    const rare = { ...(often[0] as PowerQualityEventConfig), probability: 0.03, minDuration: 7200, maxDuration: 7200 };
    const [steady, failing] = [createModel(quiet), createModel({ ...options, powerQuality: [rare] })];
    const outages = failing.events(commissioned, commissioned + 700 * day);
    const lost = outages.reduce((sum, { start, end }) => sum + steady.flow(start, end).importWh, 0);
    const missing =
      steady.energy(commissioned + 700 * day).importWh - failing.energy(commissioned + 700 * day).importWh;
    expect(outages.length).toBeGreaterThan(5);
    expect(Math.abs(missing / lost - 1)).toBeLessThan(0.25);
  });

  it("never has any supply where an interruption is always on", () => {
    const dark = {
      ...(often[0] as PowerQualityEventConfig),
      probability: 1,
      minDuration: 172_800,
      maxDuration: 172_800,
    };
    const model = createModel({ ...options, powerQuality: [dark] });
    const from = commissioned + 2 * day;
    expect(model.flow(from, from + 700 * day).importWh).toBe(0);
    expect(model.block(from, from + 30 * day)).toMatchObject({ importVAh: 0, averageVoltage: 0, averageCurrent: 0 });
    expect(model.powerOnMinutes(from + 700 * day)).toBe(model.powerOnMinutes(from));
  });
});

describe("a load of a few watts", () => {
  it("counts each Wh in one phase", () => {
    const templates = defaultLoadProfiles.map((row) => ({ ...row, baseLoad: 0.002, peakLoad: 0.012 }));
    const model = createModel({ ...options, templates, phases: 3 });
    let before = model.phases(commissioned);
    for (let at = commissioned; at < commissioned + 20 * day; at += 7 * minute) {
      const phases = model.phases(at);
      expect(phases.reduce((sum, { importWh }) => sum + importWh, 0)).toBe(model.energy(at).importWh);
      for (const [n, { importWh }] of phases.entries()) {
        expect(importWh).toBeGreaterThanOrEqual(before[n]?.importWh as number);
      }
      before = phases;
    }
    expect(before[2]?.importWh).toBeGreaterThan(300);
  });
});

describe("a solar plant", () => {
  const model = createModel({ ...options, powerQuality: [], solarPeak: 5 });
  it("exports at noon, imports in the evening, and never both at once", () => {
    const midnight = model.startOfDay(Date.UTC(2026, 4, 13, 12));
    const noon = model.instantaneous(midnight + 12 * hour);
    expect(noon.activePower).toBeLessThan(-500);
    expect(noon.powerFactor).toBeGreaterThan(0.8);
    expect(Math.abs(noon.voltage * noon.current - noon.apparentPower)).toBeLessThan(1e-6);
    expect(model.instantaneous(midnight + 20 * hour).activePower).toBeGreaterThan(500);
    for (let slot = 0; slot < 96; slot++) {
      const from = midnight + slot * 15 * minute;
      const { importWh, exportWh } = model.flow(from, from + 15 * minute);
      expect(importWh === 0 || exportWh === 0).toBe(true);
    }
    const { importWh, exportWh } = model.flow(midnight, midnight + day);
    expect(importWh).toBeGreaterThan(1000);
    expect(exportWh).toBeGreaterThan(1000);
  });
});

describe("the same seed", () => {
  it("gives this data for ever", () => {
    // A change of these numbers changes the data of every run that exists: only on purpose.
    const model = createModel({ ...options, solarPeak: 3 });
    const at = Date.UTC(2026, 1, 3, 6, 47, 11);
    expect({
      energy: model.energy(at),
      block: model.block(at - 11_000 - 32 * minute, at - 11_000 - 2 * minute),
      instantaneous: model.instantaneous(at),
      phases: model.phases(at),
      demand: model.maximumDemand(at - 30 * day, at),
      parts: model.flowByPart(commissioned, at, [0, 360, 600, 1080]).map(({ importWh }) => importWh),
      events: model.events(at - 20 * day, at),
      powerOnMinutes: model.powerOnMinutes(at),
    }).toMatchInlineSnapshot(`
      {
        "block": {
          "averageCurrent": 7.092300922837457,
          "averageVoltage": 232.08265101947697,
          "exportVAh": 823,
          "exportWh": 749,
          "importVAh": 0,
          "importWh": 0,
          "varhQ1": 0,
          "varhQ2": 0,
          "varhQ3": 356,
          "varhQ4": 0,
        },
        "demand": {
          "active": {
            "at": 1768491000000,
            "value": 3136,
          },
          "apparent": {
            "at": 1768491000000,
            "value": 3470,
          },
        },
        "energy": {
          "exportVAh": 3526864,
          "exportWh": 3183563,
          "importVAh": 8804308,
          "importWh": 7934167,
          "varhQ1": 3765336,
          "varhQ2": 0,
          "varhQ3": 1510829,
          "varhQ4": 0,
        },
        "events": [
          {
            "end": 1768537437000,
            "magnitude": 70.985,
            "phases": [
              "L1",
            ],
            "start": 1768537428000,
            "type": "VOLTAGE_SAG",
          },
          {
            "end": 1768560827000,
            "magnitude": 14.68,
            "phases": [
              "L1",
            ],
            "start": 1768556893000,
            "type": "HARMONIC_DISTORTION",
          },
          {
            "end": 1768597426000,
            "magnitude": 118.75,
            "phases": [
              "L1",
            ],
            "start": 1768597413000,
            "type": "VOLTAGE_SWELL",
          },
          {
            "end": 1769521969000,
            "magnitude": 65.412,
            "phases": [
              "L1",
            ],
            "start": 1769521910000,
            "type": "VOLTAGE_SAG",
          },
          {
            "end": 1769789679000,
            "magnitude": 62.424,
            "phases": [
              "L1",
            ],
            "start": 1769789563000,
            "type": "VOLTAGE_SAG",
          },
          {
            "end": 1769844959000,
            "magnitude": 100,
            "phases": [
              "L1",
              "L2",
              "L3",
            ],
            "start": 1769841982000,
            "type": "INTERRUPTION",
          },
        ],
        "instantaneous": {
          "activePower": -1181.46,
          "apparentPower": 1301.46,
          "current": 5.590023977326914,
          "distortion": 3,
          "frequency": 49.98452916115057,
          "neutralCurrent": 5.58987142011332,
          "powerFactor": 0.9077958600341155,
          "reactivePower": -560.6886105683997,
          "voltage": 232.818321581215,
        },
        "parts": [
          1683888,
          616885,
          580608,
          5052786,
        ],
        "phases": [
          {
            "exportVAh": 3526864,
            "exportWh": 3183563,
            "importVAh": 8804308,
            "importWh": 7934167,
            "varhQ1": 3765336,
            "varhQ2": 0,
            "varhQ3": 1510829,
            "varhQ4": 0,
          },
        ],
        "powerOnMinutes": 572265,
      }
    `);
  });
});
