import type { PowerQualityEventConfig } from "@dlmskit/storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  defaultLoadProfiles,
  defaultPowerQuality,
  type Model,
  type PowerQualityEvent,
  prepareModel,
} from "../src/index.ts";
import { commissioned, day, hour, instants, often, options } from "./model-fixtures.ts";

const network = { metersPerTransformer: 10, transformersPerFeeder: 5 };
const metersOf = (
  powerQuality: readonly PowerQualityEventConfig[],
  numbers: readonly number[],
  phases: 1 | 3 = 1,
): Model[] => {
  const prepared = prepareModel({ templates: defaultLoadProfiles, powerQuality, network, phases });
  return numbers.map((number) => prepared.model({ seed: "s", meter: `m${number}`, number, commissioned }));
};
const row = (change: Partial<PowerQualityEventConfig>): PowerQualityEventConfig => ({
  ...{ eventType: "INTERRUPTION", probability: 0.2, minDuration: 600, maxDuration: 7200, affectedPhases: [] },
  ...change,
});
const text = ({ type, start, end }: PowerQualityEvent): string => `${type} ${start} ${end}`;
const span = [commissioned, commissioned + 2000 * day] as const;

describe("events that neighbours share", () => {
  it("are the same for a transformer and a feeder, and others for another feeder", () => {
    const [one, near, sameFeeder, far] = metersOf([row({})], [0, 9, 45, 1000]).map(
      (model) => new Set(model.events(...span).map(text)),
    ) as [Set<string>, Set<string>, Set<string>, Set<string>];
    const shared = (other: Set<string>): number => [...one].filter((event) => other.has(event)).length / one.size;
    expect(shared(near)).toBeGreaterThan(0.7);
    expect(shared(near)).toBeLessThan(0.9);
    expect(shared(sameFeeder)).toBeGreaterThan(0.4);
    expect(shared(sameFeeder)).toBeLessThan(0.6);
    expect(shared(far)).toBe(0);
  });

  it("still happen at each meter with the probability of the row, and last as it says", () => {
    for (const { eventType } of defaultPowerQuality) {
      const numbers = Array.from({ length: 40 }, (_, n) => n * 60);
      const events = metersOf([row({ eventType, probability: 0.02 })], numbers).map((model) => model.events(...span));
      const all = events.flat();
      const expected = 0.02 * 2000 * (eventType === "FREQUENCY_VARIATION" ? 1 : 40);
      const found = eventType === "FREQUENCY_VARIATION" ? (events[0] as PowerQualityEvent[]).length : all.length;
      expect(Math.abs(found - expected)).toBeLessThan(4 * Math.sqrt(expected) + expected * 0.02);
      const lengths = all.map(({ start, end }) => (end - start) / 1000);
      expect(Math.abs(lengths.reduce((sum, one) => sum + one, 0) / lengths.length / 3900 - 1)).toBeLessThan(0.25);
      expect(Math.min(...lengths)).toBeGreaterThanOrEqual(600);
    }
  });

  it("change the frequency of all meters at once, and turn off the lights of neighbours at the same instant", () => {
    const meters = metersOf([row({ eventType: "FREQUENCY_VARIATION", minMagnitude: 97, maxMagnitude: 97 })], [0, 4321]);
    const [event] = (meters[0] as Model).events(...span);
    for (const model of meters) {
      expect(model.instantaneous((event as PowerQualityEvent).start + 1000).frequency).toBeLessThan(48.6);
    }
    const [one, near] = metersOf([row({})], [0, 1]) as [Model, Model];
    const both = one
      .events(...span)
      .find((found) => near.events(found.start, found.start + 1).some((other) => text(other) === text(found)));
    const { start, end } = both as PowerQualityEvent;
    expect([one, near].map((model) => model.flow(start, end).importWh)).toEqual([0, 0]);
  });
});

describe("events of one kind that overlap", () => {
  it("are one event: from the first start to the last end, with all phases and the worst magnitude", () => {
    const sags = [
      row({
        eventType: "VOLTAGE_SAG",
        probability: 1,
        minDuration: 30_000,
        maxDuration: 30_000,
        minMagnitude: 80,
        maxMagnitude: 80,
        affectedPhases: ["L1"],
      }),
      row({
        eventType: "VOLTAGE_SAG",
        probability: 1,
        minDuration: 30_000,
        maxDuration: 30_000,
        minMagnitude: 60,
        maxMagnitude: 60,
        affectedPhases: ["L2"],
      }),
    ];
    const prepared = prepareModel({ templates: defaultLoadProfiles, powerQuality: sags, phases: 3 });
    const model = prepared.model({ seed: "s", meter: "m", commissioned });
    const events = model.events(...span);
    const joined = events.filter(({ phases }) => phases.length === 2);
    expect(joined.length).toBeGreaterThan(200);
    for (const { magnitude } of joined) expect(magnitude).toBe(60);
    // Each lasts at least as long as one of its events, but where the grid of 64 days ends it.
    expect(joined.filter(({ start, end }) => end - start < 30_000_000).length).toBeLessThan(20);
    // Within the 64 days of the grid no two touch.
    expect(events.filter((event, at) => event.start <= (events[at - 1]?.end ?? 0)).length).toBeLessThan(40);
  });

  it("are the same in whatever order and for whatever time they are asked for", () => {
    const all = [...often, ...defaultPowerQuality];
    const make = (): Model => prepareModel({ templates: defaultLoadProfiles, powerQuality: all }).model({ ...options });
    const whole = make()
      .events(...span)
      .map(text);
    fc.assert(
      fc.property(
        instants,
        fc.integer({ min: 1, max: 100 * day }),
        fc.array(instants, { maxLength: 3 }),
        (at, length, others) => {
          const model = make();
          for (const other of others) model.events(other, other + hour);
          const found = model.events(at, at + length).map(text);
          expect(whole.filter((event) => found.includes(event))).toEqual(found);
        },
      ),
      { numRuns: times(15) },
    );
  });
});

describe("a three-phase meter", () => {
  it("loses only the phase that an interruption reaches", () => {
    const [model] = metersOf([row({ affectedPhases: ["L2"] })], [0], 3) as [Model];
    const { start, end } = model.events(...span)[0] as PowerQualityEvent;
    const middle = (start + end) / 2;
    expect([1, 2, 3].map((phase) => model.phase(middle, phase).voltage > 0)).toEqual([true, false, true]);
    const [before, after] = [model.phases(start), model.phases(end)];
    expect(after.map(({ importWh }, n) => importWh > (before[n]?.importWh as number))).toEqual([true, false, true]);
    expect(model.block(start, end, 2).averageVoltage).toBe(0);
    const minutes = model.powerOnMinutes(end) - model.powerOnMinutes(start);
    expect(Math.abs(minutes - (end - start) / 60_000)).toBeLessThanOrEqual(1);
    expect(model.instantaneous(middle).frequency).toBeGreaterThan(49);
  });

  it("shows an unbalance and a distortion on the phases that they reach", () => {
    const rows = [
      row({ eventType: "VOLTAGE_UNBALANCE", minMagnitude: 8, maxMagnitude: 8, affectedPhases: ["L3"] }),
      row({ eventType: "HARMONIC_DISTORTION", minMagnitude: 20, maxMagnitude: 20, affectedPhases: ["L1"] }),
    ];
    const [model] = metersOf(rows, [0], 3) as [Model];
    const at = (type: string): number => {
      const alone = model
        .events(...span)
        .find((event) => event.type === type && model.events(event.start, event.start + 2000).length === 1);
      return (alone as PowerQualityEvent).start + 1000;
    };
    const unbalanced = [1, 2, 3].map((phase) => model.phase(at("VOLTAGE_UNBALANCE"), phase).voltage);
    expect((unbalanced[2] as number) / (unbalanced[0] as number)).toBeCloseTo(0.92, 3);
    const distorted = at("HARMONIC_DISTORTION");
    const [one, two] = [model.phase(distorted, 1), model.phase(distorted, 2)];
    expect([one.distortion, two.distortion]).toEqual([20, 3]);
    expect(one.powerFactor).toBeLessThan(two.powerFactor);
  });
});
