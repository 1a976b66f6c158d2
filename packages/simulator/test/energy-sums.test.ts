import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { createModel, type Model, type ModelOptions, prepareModel, Readings, type Span } from "../src/index.ts";
import { TariffRegisters } from "../src/meter/tariff.ts";
import { commissioned, day, everything, hour, instants, nothingFlowed, often, options } from "./model-fixtures.ts";

const minute = 60_000;
const onAllPhases = often.map((row) => ({ ...row, affectedPhases: ["L1", "L2", "L3"] as const }));
const households: readonly (readonly [string, Partial<ModelOptions>])[] = [
  ["few faults", {}],
  ["faults all the time", { powerQuality: often }],
  ["a solar plant and faults all the time", { powerQuality: often, solarPeak: 4 }],
  ["three phases, a solar plant and faults all the time", { powerQuality: onAllPhases, solarPeak: 4, phases: 3 }],
  ["all that a customer can have", { powerQuality: often, templates: everything }],
  ["three phases and all that a customer can have", { powerQuality: onAllPhases, templates: everything, phases: 3 }],
];
describe.each(households)("a household with %s", (_, change) => {
  // A household has a part for each phase and direction, a large one up to 14: each has its own registers, which round down.
  const large = change.templates === everything;
  const runs = { numRuns: times(large ? 3 : 15) };
  const roundings = large ? 14 : change.phases === 3 ? 6.001 : 2.001;
  const model = createModel({ ...options, ...change });
  const sumOf = (from: number, to: number, step: number) => {
    const sum = { ...nothingFlowed };
    for (let at = from; at < to; at += step) {
      const flowed = model.flow(at, Math.min(to, at + step));
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) {
        expect(flowed[name]).toBeGreaterThanOrEqual(0);
        expect(Number.isInteger(flowed[name])).toBe(true);
        sum[name] += flowed[name];
      }
    }
    return sum;
  };

  it("has minutes that sum to blocks, blocks to days, days to months, months to the register", () => {
    fc.assert(
      fc.property(instants, (at) => {
        const midnight = model.startOfDay(at) + day;
        const quarter = midnight + Math.floor((at % day) / (15 * minute)) * 15 * minute;
        expect(sumOf(quarter, quarter + 15 * minute, minute)).toEqual(model.flow(quarter, quarter + 15 * minute));
        expect(sumOf(midnight, midnight + day, 15 * minute)).toEqual(model.flow(midnight, midnight + day));
        expect(sumOf(midnight, midnight + 70 * day, day)).toEqual(model.flow(midnight, midnight + 70 * day));
        expect(sumOf(commissioned, at, 30 * day)).toEqual(model.energy(at));
      }),
      runs,
    );
  });

  it("flows what its registers differ by", () => {
    fc.assert(
      fc.property(instants, instants, (one, other) => {
        const [before, after, flowed] = [model.energy(one), model.energy(other), model.flow(one, other)];
        for (const name of Object.keys(flowed) as (keyof typeof flowed)[]) {
          expect(flowed[name]).toBe(after[name] - before[name]);
        }
      }),
      { numRuns: times(large ? 20 : 100) },
    );
  });

  it("gives the same cold and warm, in any order, beside other meters", () => {
    const rows = { ...options, ...change };
    const shared = prepareModel(rows);
    const meters = ["a", "b", "c"].map((meter) => shared.model({ seed: "s", meter, commissioned }));
    const asks: readonly ((of: Model, at: number, length: number) => unknown)[] = [
      (of, at) => of.energy(at),
      (of, at, length) => of.flow(at, at + length),
      (of, at, length) => of.block(at, at + length),
      (of, at) => of.instantaneous(at),
      (of, at) => of.phases(at),
      (of, at, length) => of.maximumDemand(at, at + length, 15),
      (of, at, length) => of.flowByPart(at, at + length, [0, 361, 600]),
      (of, at, length) => of.events(at, at + length),
      (of, at) => of.powerOnMinutes(at),
    ];
    const ask = fc.record({
      meter: fc.nat(2),
      what: fc.nat(asks.length - 1),
      at: instants,
      length: fc.oneof(fc.constantFrom(minute, 15 * minute, day), fc.integer({ min: 1, max: 3 * day })),
    });
    const cold = prepareModel(rows);
    fc.assert(
      fc.property(fc.array(ask, { minLength: 1, maxLength: 12 }), (all) => {
        for (const { meter, what, at, length } of all) {
          const said = asks[what]?.(meters[meter] as Model, at, length);
          const alone = cold.model({ seed: "s", meter: "abc"[meter] as string, commissioned });
          // Another meter in between: nothing is left of what was found for this one.
          cold.model({ seed: "other", meter: "", commissioned }).energy(at);
          expect(said).toEqual(asks[what]?.(alone, at, length));
        }
      }),
      runs,
    );
  });

  it("has parts of the day that sum to what flowed", () => {
    const minutes = fc.uniqueArray(fc.integer({ min: 1, max: 1439 }), { maxLength: 5 });
    const ranges = fc.tuple(instants, fc.integer({ min: 0, max: 9 * day }));
    fc.assert(
      fc.property(ranges, minutes, ([from, length], some) => {
        const starts = [0, ...some.sort((one, other) => one - other)];
        const parts = model.flowByPart(from, from + length, starts);
        const whole = model.flow(from, from + length);
        for (const name of Object.keys(whole) as (keyof typeof whole)[]) {
          expect(parts.reduce((sum, part) => sum + part[name], 0)).toBe(whole[name]);
        }
        // A part is what flowed in its hours.
        const inFirst = [...new Array(11).keys()].reduce((sum, n) => {
          const midnight = model.startOfDay(from) + n * day;
          const [start, end] = [Math.max(from, midnight), midnight + (starts[1] ?? 1440) * minute];
          return start < Math.min(end, from + length)
            ? sum + model.flow(start, Math.min(end, from + length)).importVAh
            : sum;
        }, 0);
        expect(parts[0]?.importVAh).toBe(inFirst);
      }),
      runs,
    );
  });

  it("has phases that sum to the registers, and never fall", () => {
    fc.assert(
      fc.property(fc.array(instants, { minLength: 2, maxLength: 6 }), fc.nat(5 * minute), (some, step) => {
        let before = model.phases(commissioned);
        const sorted = [...some, ...some.map((at) => at + step)].sort((one, other) => one - other);
        for (const at of sorted) {
          const phases = model.phases(at);
          for (const name of Object.keys(nothingFlowed) as (keyof typeof nothingFlowed)[]) {
            expect(phases.reduce((sum, phase) => sum + phase[name], 0)).toBe(model.energy(at)[name]);
            for (const [n, phase] of phases.entries()) {
              expect(phase[name]).toBeGreaterThanOrEqual(before[n]?.[name] as number);
            }
          }
          before = phases;
        }
      }),
      { numRuns: times(large ? 5 : 40) },
    );
    const last = model.phases(commissioned + 700 * day);
    const all = last.reduce((sum, { importWh }) => sum + importWh, 0);
    for (const { importWh } of last) expect(importWh).toBeGreaterThan((0.35 * all) / last.length);
  });

  it("has a maximum demand that is the highest of its blocks", () => {
    const periods = fc.constantFrom(15, 20, 30, 60, 50);
    fc.assert(
      fc.property(instants, fc.integer({ min: 0, max: 3 * day }), periods, (from, length, period) => {
        let best = { value: 0, at: undefined as number | undefined };
        let bestApparent = best;
        for (let midnight = model.startOfDay(from); midnight < from + length; midnight += day) {
          for (let start = midnight; start + period * minute <= midnight + day; start += period * minute) {
            const end = start + period * minute;
            if (start < from || end > from + length) continue;
            const { importWh, importVAh } = model.block(start, end);
            const [w, va] = [importWh * (60 / period), importVAh * (60 / period)];
            if (best.at === undefined || w > best.value) best = { value: w, at: end };
            if (bestApparent.at === undefined || va > bestApparent.value) bestApparent = { value: va, at: end };
          }
        }
        expect(model.maximumDemand(from, from + length, period)).toEqual({ active: best, apparent: bestApparent });
      }),
      runs,
    );
  });

  it("consumes nothing while interrupted, and counts the minutes with supply", () => {
    fc.assert(
      fc.property(instants, (from) => {
        const to = from + 3 * day;
        const outages = model.events(from, to).filter(({ type }) => type === "INTERRUPTION");
        for (const { start, end } of outages) {
          expect(model.flow(start, end)).toEqual(nothingFlowed);
          expect(model.instantaneous(end - 1).apparentPower).toBe(0);
        }
        let dark = 0;
        let until = from;
        for (const { start, end } of outages) {
          dark += Math.max(0, Math.min(end, to) - Math.max(start, until));
          until = Math.max(until, Math.min(end, to));
        }
        const minutes = model.powerOnMinutes(to) - model.powerOnMinutes(from);
        expect(Math.abs(minutes - (to - from - dark) / minute)).toBeLessThanOrEqual(1);
      }),
      runs,
    );
  });

  it("has a power that, minute by minute, is what its registers count", () => {
    fc.assert(
      fc.property(instants, (at) => {
        const from = Math.floor(Math.max(at, commissioned + minute) / minute) * minute;
        let [wh, vah, out] = [0, 0, 0];
        for (let start = from; start < from + 300 * minute; start += minute) {
          // With supply in a part of the minute only, power is that of the part.
          let sum = 0;
          const seconds = model.events(start, start + minute).length === 0 ? 1 : 60;
          for (let n = 0; n < seconds; n++) {
            const { activePower, apparentPower } = model.instantaneous(start + n * 1000);
            sum += Math.max(0, activePower) / seconds / 60;
            out -= Math.min(0, activePower) / seconds / 60;
            vah += apparentPower / seconds / 60;
          }
          wh += sum;
        }
        const flowed = model.flow(from, from + 300 * minute);
        // A device can run while the plant exports: the power is the difference.
        expect(Math.abs(wh - out - flowed.importWh + flowed.exportWh)).toBeLessThan(roundings);
        expect(Math.abs(vah - flowed.importVAh - flowed.exportVAh)).toBeLessThan(roundings);
      }),
      { numRuns: times(large ? 2 : 6) },
    );
  });

  it("keeps all sums behind a load switch, zones and demand too", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 40 * day }), { maxLength: 7 });
    fc.assert(
      fc.property(lengths, fc.boolean(), instants, fc.integer({ min: 1, max: 3 * day }), (some, still, at, length) => {
        let passed = commissioned;
        const times = some.map((one) => (passed += one));
        const spans: Span[] = [];
        for (let n = 0; n + 1 < times.length; n += 2)
          spans.push({ start: times[n] as number, end: times[n + 1] as number });
        if (still) spans.push({ start: passed + 1, end: Number.POSITIVE_INFINITY });
        const readings = new Readings(model, commissioned, { switchedOff: spans, outages: [] });
        const [before, after] = [readings.energy(at), readings.energy(at + length)];
        const flowed = readings.flow(at, at + length);
        for (const name of Object.keys(flowed) as (keyof typeof flowed)[]) {
          expect(flowed[name]).toBe(after[name] - before[name]);
          expect(flowed[name]).toBeGreaterThanOrEqual(0);
        }
        expect(readings.block(at, at + length)).toMatchObject(flowed);
        for (const { start, end } of spans) {
          expect(readings.switchedOff(start)).toBe(start < end);
          expect(readings.switchedOff(end)).toBe(spans.some((span) => span.start <= end && end < span.end));
          expect(readings.instantaneous(start).apparentPower).toBe(0);
          const inside = readings.flow(start, Math.min(end, start + 500 * day));
          expect(inside).toEqual(nothingFlowed);
        }
        const tariff = new TariffRegisters(readings, commissioned, 330, [
          { minute: 0, zone: 1 },
          { minute: 370, zone: 3 },
          { minute: 600, zone: 1 },
        ]);
        const zones = tariff.at(at);
        expect(zones.reduce((sum, { wh }) => sum + wh, 0)).toBe(before.importWh);
        expect(zones.reduce((sum, { vah }) => sum + vah, 0)).toBe(before.importVAh);
        const { active } = readings.maximumDemand(at, at + length, 30);
        const hours = readings.startOfDay(at) + Math.ceil((at - readings.startOfDay(at)) / (hour / 2)) * (hour / 2);
        let best = -1;
        for (let start = hours; start + hour / 2 <= at + length; start += hour / 2) {
          best = Math.max(best, readings.flow(start, start + hour / 2).importWh);
        }
        expect(active.value).toBe(best < 0 ? 0 : best * 2);
      }),
      runs,
    );
  });
});
