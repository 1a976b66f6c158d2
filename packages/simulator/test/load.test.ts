import { daysOf } from "@dlmskit/core";
import type { LoadProfileTemplate } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { createModel, type Model, type ModelOptions, prepareModel } from "../src/index.ts";
import { curveOf } from "../src/model/curve.ts";
import { easterOf, holidaysOf, orthodoxEasterOf } from "../src/model/holiday-rules.ts";
import { calendarOf, seasonsAt } from "../src/model/place.ts";
import { weatherOf } from "../src/model/weather.ts";
import { faultOf } from "./code-of.ts";
import { commissioned, day, hour, options } from "./model-fixtures.ts";

const minute = 60_000;
type Pattern = Extract<LoadProfileTemplate["variationPattern"], { version: 2 }>;
const first: LoadProfileTemplate = {
  ...{ templateName: "t", season: "SUMMER", dayType: "WEEKDAY", intervalMinutes: 15, baseLoad: 1, peakLoad: 3 },
  variationPattern: { version: 2, points: [{ hour: 12, level: 0.5 }] },
};
const rowOf = (pattern: Omit<Pattern, "version">, change: Partial<LoadProfileTemplate> = {}): LoadProfileTemplate => ({
  ...first,
  ...change,
  variationPattern: { version: 2, points: [{ hour: 12, level: 0.5 }], ...pattern },
});
const modelOf = (pattern: Omit<Pattern, "version">, change: Partial<ModelOptions> = {}): Model =>
  createModel({ ...options, powerQuality: [], templates: [rowOf(pattern)], ...change });
const customer = (of: NonNullable<Pattern["customer"]>, change: Partial<ModelOptions> = {}): Model =>
  modelOf({ customer: { size: [1, 1], ...of } }, change);
/** Many meters of one kind. */
function meters(count: number, of: NonNullable<Pattern["customer"]>, change: Partial<ModelOptions> = {}): Model[] {
  const templates = [rowOf({ customer: { size: [1, 1], ...of } })];
  const prepared = prepareModel({ ...options, powerQuality: [], templates, ...change });
  return Array.from({ length: count }, (_, n) => prepared.model({ ...options, meter: `m${n}` }));
}
const year = 365 * day;
const from = commissioned + day - ((commissioned + 330 * minute) % day);
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

describe("the curve of a day", () => {
  it("goes through its points, over midnight too, and never leaves its neighbours", () => {
    const points = [
      { hour: 2.125, level: 0.1 },
      { hour: 9.125, level: 0.7 },
      { hour: 21.125, level: 0.9 },
    ];
    const curve = curveOf({ version: 2, points });
    for (const { hour: at, level } of points) expect(curve[Math.floor(at * 4)]).toBeCloseTo(level, 9);
    expect(Math.max(...curve)).toBeCloseTo(0.9, 9);
    expect(Math.min(...curve)).toBeCloseTo(0.1, 9);
    // From the last point of the day down to the first one of the next.
    const night = [...curve.slice(85), ...curve.slice(0, 8)];
    expect(night.every((level, at) => at === 0 || level <= (night[at - 1] as number))).toBe(true);
    expect(Math.abs((curve[0] as number) - (curve[95] as number))).toBeLessThan(0.1);
  });

  it("has peaks of a height and a width, and at most 1", () => {
    const curve = curveOf({
      version: 2,
      peaks: [
        { hour: 8.125, hours: 2, height: 0.4 },
        { hour: 20.125, hours: 1, height: 1 },
        { hour: 20.125, hours: 1, height: 0.5 },
      ],
    });
    expect(curve[32]).toBeCloseTo(0.4, 6);
    expect(curve[36]).toBeCloseTo(0.2, 2);
    expect(Math.max(...curve)).toBe(1);
  });

  it("is what a meter consumes without noise", () => {
    const model = customer({}, { templates: [rowOf({ customer: { size: [1, 1] } })] });
    expect(model.flow(from, from + year).importWh / (365 * 24)).toBeCloseTo(2000, -2);
  });

  it("follows the sun where lamps burn at night", () => {
    const model = modelOf({ lampsAtNight: true, customer: { size: [1, 1], calendar: { latitude: 52 } } });
    const burning = (at: number): number => {
      const midnight = model.startOfDay(at);
      const wh = Array.from({ length: 96 }, (_, n) =>
        model.flow(midnight + n * 15 * minute, midnight + (n + 1) * 15 * minute),
      );
      return wh.filter(({ importWh }) => importWh > 620).length / 4;
    };
    expect(burning(Date.UTC(2026, 5, 21))).toBeLessThan(9);
    expect(burning(Date.UTC(2026, 11, 21))).toBeGreaterThan(14);
  });
});

describe("the noise", () => {
  /** The deviations of the quarters of an hour of many days from their day. */
  const correlation = (memoryHours: number): [lag: number, deviation: number] => {
    const model = modelOf({ noise: { amount: 1, memoryHours }, customer: { size: [1, 1] } });
    const pairs: [number, number][] = [];
    for (let n = 0; n < 120; n++) {
      const ofDay = Array.from(
        { length: 96 },
        (_, slot) =>
          model.flow(from + n * day + slot * 15 * minute, from + n * day + (slot + 1) * 15 * minute).importWh,
      );
      const usual = mean(ofDay);
      for (let slot = 1; slot < 96; slot++)
        pairs.push([(ofDay[slot - 1] as number) / usual - 1, (ofDay[slot] as number) / usual - 1]);
    }
    const deviation = mean(pairs.map(([, one]) => one * one));
    return [mean(pairs.map(([one, other]) => one * other)) / deviation, Math.sqrt(deviation)];
  };

  it("is as large with a memory as without, and lasts as long as the memory", () => {
    const [[short, small], [long, large]] = [correlation(0), correlation(6)];
    expect(short).toBeLessThan(0.6);
    expect(long).toBeGreaterThan(0.85);
    expect(large / small).toBeGreaterThan(0.7);
    expect(large / small).toBeLessThan(1.4);
  });
});

describe("the calendar", () => {
  const date = (y: number, m: number, d: number): number => daysOf(y, m, d);

  it("knows Easter, weekdays of a month and listed dates", () => {
    expect([2024, 2025, 2026].map(easterOf)).toEqual([date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)]);
    expect([2024, 2025, 2026].map(orthodoxEasterOf)).toEqual([date(2024, 5, 5), date(2025, 4, 20), date(2026, 4, 12)]);
    const of = (country: string): readonly string[] => calendarOf({ country, latitude: 40 }).holidays;
    expect(of("US")).toContain("2026-11-26");
    expect(of("GB")).toContain("2026-05-25");
    expect(of("DE")).toContain("2026-04-03");
    expect(of("IN")).toContain("2026-11-08");
    expect(calendarOf({ country: "SA", latitude: 24 }).weekend).toEqual([5, 6]);
    expect(holidaysOf([{ month: 12, weekday: 4, nth: -1 }], 2026, 2026)).toEqual(["2026-12-31"]);
  });

  it("has the seasons of a latitude, and a monsoon where there is one", () => {
    expect([seasonsAt(52)[0], seasonsAt(52)[6], seasonsAt(-33)[0], seasonsAt(-33)[6]]).toEqual([
      "WINTER",
      "SUMMER",
      "SUMMER",
      "WINTER",
    ]);
    expect(seasonsAt(1).every((season) => season === "SUMMER")).toBe(true);
    expect(seasonsAt(28, true).filter((season) => season === "MONSOON")).toHaveLength(3);
    expect(calendarOf({ country: "IN", latitude: 9 }).seasonOfMonth[7]).toBe("MONSOON");
  });

  it("gives a holiday its own row", () => {
    const calendar = { country: "DE", latitude: 51 };
    const templates = [
      rowOf({ customer: { calendar } }),
      rowOf({ points: [{ hour: 1, level: 0 }] }, { dayType: "HOLIDAY", peakLoad: 1, baseLoad: 0.1 }),
    ];
    const model = createModel({ ...options, powerQuality: [], zoneMinutesEast: 60, templates });
    const ofDay = (at: number) => model.flow(model.startOfDay(at), model.startOfDay(at) + day).importWh;
    const goodFriday = Date.UTC(2026, 3, 3, 12);
    expect(ofDay(goodFriday) * 4).toBeLessThan(ofDay(goodFriday - day));
  });
});

describe("the weather", () => {
  it("is warm in summer on both sides of the equator, varies, and has a memory", () => {
    const [north, south] = [weatherOf("a", 52), weatherOf("b", -52)];
    const months = (weather: typeof north, month: number) =>
      mean(
        Array.from({ length: 28 * 20 }, (_, n) =>
          weather.temperature(daysOf(2000 + Math.floor(n / 28), month, 1 + (n % 28))),
        ),
      );
    expect(months(north, 7) - months(north, 1)).toBeGreaterThan(15);
    expect(months(south, 1) - months(south, 7)).toBeGreaterThan(15);
    const rest = Array.from({ length: 3000 }, (_, n) => north.temperature(n) - north.temperature(n + 1461));
    const deviation = mean(rest.map((one) => one * one));
    expect(Math.sqrt(deviation)).toBeGreaterThan(2);
    const next = mean(rest.slice(1).map((one, n) => one * (rest[n] as number))) / deviation;
    expect(next).toBeGreaterThan(0.5);
  });

  it("heats and cools: warm days of one season take more", () => {
    const calendar = { country: "IN", latitude: 28.6 };
    const model = modelOf({
      temperature: { coolAbove: 20, coolingPerDegree: 0.2 },
      customer: { size: [1, 1], calendar },
    });
    const weather = weatherOf("IN 28.6", 28.6);
    const june = Array.from({ length: 60 }, (_, n) => {
      const at = Date.UTC(2026, 4, 1 + n);
      const local = Math.floor((at + 330 * minute) / day);
      return [
        weather.temperature(local),
        model.flow(model.startOfDay(at), model.startOfDay(at) + day).importWh,
      ] as const;
    }).sort(([one], [other]) => one - other);
    const [cold, warm] = [mean(june.slice(0, 20).map(([, wh]) => wh)), mean(june.slice(-20).map(([, wh]) => wh))];
    expect(warm / cold).toBeGreaterThan(1.1);
  });
});

describe("devices", () => {
  it("charge a vehicle at the power of its charger, as often and as much as configured", () => {
    const vehicle = { power: 7.4, energy: [10, 20] as const, perDay: 0.5, hours: [18, 20] as const };
    const [without, model] = [customer({}), customer({ vehicle })];
    const charged = (model.flow(from, from + 2 * year).importWh - without.flow(from, from + 2 * year).importWh) / 730;
    expect(Math.abs(charged / 7500 - 1)).toBeLessThan(0.03);
    let charges = 0;
    let before = 0;
    for (let at = from; at < from + 56 * day; at += 5 * minute) {
      const power = model.instantaneous(at).activePower - without.instantaneous(at).activePower;
      if (power > 3700 && before <= 3700) {
        charges++;
        const local = ((at + 330 * minute) % day) / hour;
        expect(local).toBeGreaterThanOrEqual(18);
        expect(local).toBeLessThan(20.2);
        expect(
          model.instantaneous(at + 20 * minute).activePower - without.instantaneous(at + 20 * minute).activePower,
        ).toBeCloseTo(7400, -2);
      }
      before = power;
    }
    expect(Math.abs(charges - 28)).toBeLessThanOrEqual(1);
  });

  it("switch an appliance on and off within minutes", () => {
    const kettle = { name: "kettle", power: 2, minutes: [3, 5] as const, perDay: 3, hours: [7, 8] as const };
    const [without, model] = [customer({}), customer({ appliances: [kettle] })];
    const added = Array.from({ length: 60 }, (_, n) => {
      const at = from + 3 * day + 7 * hour + n * minute;
      return model.instantaneous(at).activePower - without.instantaneous(at).activePower;
    });
    expect(added.filter((watts) => watts > 1500).length).toBeGreaterThanOrEqual(7);
    expect(added.filter((watts) => watts > 1500).length).toBeLessThanOrEqual(16);
    expect(added.filter((watts) => watts < 20).length).toBeGreaterThan(35);
  });

  it("belong to the share of the customers that have one", () => {
    const vehicle = { share: 0.3, power: 7.4, energy: [10, 20] as const, perDay: 1 };
    const owners = meters(400, { vehicle }).filter(
      (model) => model.flow(from, from + 64 * day).importWh > 64 * 24 * 2000 * 1.1,
    ).length;
    expect(owners).toBeGreaterThan(90);
    expect(owners).toBeLessThan(150);
  });
});

describe("presence", () => {
  it("leaves a part of the load while nobody is there, as often as configured", () => {
    const model = customer({ vacancy: { perDay: 0.02, days: [5, 5], level: 0.25 } });
    const days = Array.from({ length: 1000 }, (_, n) => model.flow(from + n * day, from + (n + 1) * day).importWh);
    const usual = [...days].sort((one, other) => one - other)[700] as number;
    const empty = days.filter((wh) => wh < usual * 0.45).length;
    // Twenty vacancies of five days in a thousand days, of which about four days each are whole.
    expect(empty).toBeGreaterThan(45);
    expect(empty).toBeLessThan(125);
    expect(Math.min(...days) / usual).toBeGreaterThan(0.15);
  });

  it("has outliers of a factor and a length", () => {
    const outliers = { perDay: 0.2, factor: [3, 3] as const, minutes: [60, 60] as const };
    const [without, model] = [customer({}), customer({ outliers })];
    let raised = 0;
    for (let at = from; at < from + 100 * day; at += 15 * minute) {
      const [usual, now] = [without.flow(at, at + 15 * minute), model.flow(at, at + 15 * minute)];
      if (now.importWh > 2.3 * usual.importWh) raised++;
    }
    // Twenty hours, of which the first and the last quarter may be in part.
    expect(raised).toBeGreaterThan(40);
    expect(raised).toBeLessThan(100);
  });
});

describe("plants and quadrants", () => {
  const calendar = { latitude: 40 };
  const solar = { peak: 6 };

  it("export less with a battery, and import less in the evening", () => {
    const [alone, stored] = [
      customer({ calendar, solar }),
      customer({ calendar, solar, battery: { capacity: 6, power: 3 } }),
    ];
    const [one, other] = [alone.flow(from, from + year), stored.flow(from, from + year)];
    expect(other.exportWh).toBeLessThan(one.exportWh * 0.7);
    expect(other.importWh).toBeLessThan(one.importWh * 0.95);
    const [given, taken] = [one.exportWh - other.exportWh, one.importWh - other.importWh];
    expect(taken / given).toBeGreaterThan(0.85);
    expect(taken / given).toBeLessThan(0.95);
  });

  it("generate less in winter and under clouds, and only some customers have one", () => {
    const model = customer({ calendar, solar });
    const noons = Array.from(
      { length: 365 },
      (_, n) => model.flow(from + n * day + 11 * hour, from + n * day + 13 * hour).exportWh,
    );
    expect(mean(noons.slice(150, 210))).toBeGreaterThan(mean(noons.slice(320)) * 1.3);
    expect(Math.min(...noons.slice(150, 210))).toBeLessThan(0.3 * Math.max(...noons.slice(150, 210)));
    const owners = meters(300, { calendar, solar: { ...solar, share: 0.25 } }).filter(
      (one) => one.flow(from, from + 64 * day).exportWh > 0,
    ).length;
    expect(owners).toBeGreaterThan(50);
    expect(owners).toBeLessThan(100);
  });

  it("use each quadrant at its hours", () => {
    const model = customer({ calendar, solar, powerFactor: { range: [0.9, 0.9], capacitiveHours: [11, 14] } });
    const at = (hours: number) => {
      const midnight = model.startOfDay(Date.UTC(2026, 5, 20));
      const { varhQ1, varhQ2, varhQ3, varhQ4 } = model.flow(midnight + hours * hour, midnight + (hours + 1) * hour);
      return [varhQ1, varhQ2, varhQ3, varhQ4].map((varh) => varh > 100);
    };
    expect([at(20), at(12), at(9)]).toEqual([
      [true, false, false, false],
      [false, true, false, false],
      [false, false, true, false],
    ]);
    const night = customer({ powerFactor: { capacitiveHours: [23, 5] } });
    const midnight = night.startOfDay(Date.UTC(2026, 5, 20));
    expect(night.flow(midnight, midnight + 5 * hour)).toMatchObject({ varhQ1: 0 });
    expect(night.flow(midnight, midnight + 5 * hour).varhQ4).toBeGreaterThan(1000);
    expect(night.instantaneous(midnight + hour).reactivePower).toBeLessThan(0);
    expect(night.instantaneous(midnight + 12 * hour).reactivePower).toBeGreaterThan(0);
  });

  it("load the phases of each meter differently, by the imbalance", () => {
    const spread = (imbalance: number): number =>
      mean(
        meters(40, { phases: { imbalance } }, { phases: 3 }).map((model) => {
          const phases = model.phases(from + 64 * day);
          const wh = phases.map(({ importWh }) => importWh);
          return Math.max(...wh) / Math.min(...wh);
        }),
      );
    expect(spread(0)).toBeLessThan(1.3);
    expect(spread(1)).toBeGreaterThan(1.6);
  });
});

describe("a pattern that cannot be used", () => {
  const refused = (pattern: object, change: Partial<LoadProfileTemplate> = {}) =>
    faultOf(() =>
      createModel({ ...options, templates: [{ ...first, ...change, variationPattern: pattern as never }] }),
    );

  it("is refused with its place and with what is expected", () => {
    const base = { version: 2, points: [{ hour: 1, level: 1 }] };
    const cases: [object, string, RegExp][] = [
      [{ version: 3 }, "version", /versions 1 and 2/],
      [{ ...base, shape: Array(24).fill(0) }, "points", /not both/],
      [{ version: 2 }, "points", /shape, points, peaks/],
      [{ ...base, points: [{ hour: 5, level: 2 }] }, "points.0.level", /from 0 to 1/],
      [
        {
          ...base,
          points: [
            { hour: 5, level: 0 },
            { hour: 4, level: 0 },
          ],
        },
        "points",
        /ascend/,
      ],
      [{ ...base, colour: 1 }, "colour", /no such key/],
      [{ ...base, customer: { vehicle: { power: 7, energy: [9, 2], perDay: 1 } } }, "customer.vehicle.energy", /below/],
      [{ ...base, customer: { calendar: { country: "india", latitude: 1 } } }, "customer.calendar.country", /capital/],
      [{ ...base, noise: { amount: 3 } }, "noise.amount", /0 to 1/],
    ];
    for (const [pattern, place, message] of cases) {
      const fault = refused(pattern);
      expect([fault.code, fault.path.join(".")]).toEqual([
        "bad-value",
        `load_profile_templates.variation_pattern.${place}`,
      ]);
      expect(fault.message).toMatch(message);
    }
  });

  it("is refused if no holidays of the country are known, or two rows have different customers", () => {
    const pattern = {
      version: 2,
      points: [{ hour: 1, level: 1 }],
      customer: { calendar: { country: "XX", latitude: 1 } },
    };
    expect(refused(pattern)).toMatchObject({ code: "bad-calendar", hint: expect.stringContaining("AT, AU") });
    const rows = [rowOf({ customer: { size: [1, 1] } }), { ...rowOf({ customer: { size: [2, 2] } }), id: 9 }];
    const fault = faultOf(() => createModel({ ...options, templates: rows }));
    expect(fault).toMatchObject({ code: "bad-load-profile" });
    expect(fault.path).toEqual(["load_profile_templates", "id 9", "variation_pattern", "customer"]);
  });
});
