import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Cohort, type Due } from "../src/fleet/cohort.ts";
import { codeOf } from "./code-of.ts";

const key = new Uint8Array(32).fill(7);
const every = (period: number) => (after: number) => (Math.floor(after / period) + 1) * period;

/** Instants of a timeline that ends. */
const listed = (instants: readonly number[]) => (after: number) => instants.find((instant) => instant > after);

function take(due: Iterable<Due>, count: number): Due[] {
  const taken: Due[] = [];
  for (const one of due) {
    taken.push(one);
    if (taken.length === count) break;
  }
  return taken;
}

/** All that is due after an instant, by looking at every meter: each acts at every instant of the timeline, later by its start. */
function byMeter(cohort: Cohort, instants: readonly number[], after: number): Due[] {
  return Array.from({ length: cohort.meters }, (_, index) => index).flatMap((index) =>
    instants.map((instant) => ({ at: instant + cohort.startOf(index), index })).filter(({ at }) => at > after),
  );
}

const inOrder = (all: readonly Due[]) => all.map(({ at, index }) => `${at} ${index}`).sort();

describe("Cohort", () => {
  it("starts all meters at once without a window", () => {
    const cohort = new Cohort({ meters: 3, next: every(60_000) });
    expect(cohort.startOf(2)).toBe(0);
    expect(take(cohort.due(59_999), 4)).toEqual([
      { at: 60_000, index: 0 },
      { at: 60_000, index: 1 },
      { at: 60_000, index: 2 },
      { at: 120_000, index: 0 },
    ]);
    expect(cohort.next(60_000)).toBe(120_000);
  });

  it("spreads them evenly over the window, in an order of its own", () => {
    const cohort = new Cohort({ meters: 1000, window: 60_000, key, next: every(900_000) });
    const starts = Array.from({ length: 1000 }, (_, index) => cohort.startOf(index));
    expect([...starts].sort((one, other) => one - other)).toEqual(starts.map((_, place) => place * 60));
    expect(starts.slice(0, 20)).not.toEqual(starts.slice(0, 20).sort((one, other) => one - other));
    const due = take(cohort.due(899_999), 1000);
    expect(due.map(({ at }) => at)).toEqual(starts.map((_, place) => 900_000 + place * 60));
    for (const { at, index } of due) expect(at).toBe(900_000 + cohort.startOf(index));
  });

  it("tells what each meter by itself tells, from any instant on, windows longer than the period too", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 500 }),
        fc.uniqueArray(fc.integer({ min: -200, max: 1000 }), { maxLength: 20 }),
        fc.double({ min: -300, max: 1000, noNaN: true }),
        (meters, window, instants, after) => {
          instants.sort((one, other) => one - other);
          const cohort = new Cohort({ meters, window, key, next: listed(instants) });
          const due = [...cohort.due(after)];
          expect(inOrder(due)).toEqual(inOrder(byMeter(cohort, instants, after)));
          expect(due.map(({ at }) => at)).toEqual(due.map(({ at }) => at).sort((one, other) => one - other));
          for (const { at } of due) expect(at).toBeGreaterThan(after);
          expect(cohort.next(after)).toBe(due[0]?.at);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("goes on where it was left", () => {
    const cohort = new Cohort({ meters: 100, window: 86_400_000, key, next: every(3_600_000) });
    const all = take(cohort.due(0), 5000);
    const { at } = all[2500] as Due;
    const rest = all.filter((due) => due.at > at);
    expect(take(cohort.due(at), rest.length)).toEqual(rest);
  });

  it("makes nothing a meter: a day of a million is begun at any place", () => {
    let asked = 0;
    const next = (after: number) => {
      asked++;
      return every(900_000)(after);
    };
    const cohort = new Cohort({ meters: 1_000_000, window: 600_000, key, next });
    const [first] = take(cohort.due(Date.UTC(2026, 10, 24, 8, 5)), 1);
    expect(first?.at).toBe(Date.UTC(2026, 10, 24, 8, 5) + 1);
    expect(asked).toBeLessThan(5);
  });

  it("refuses what cannot be", () => {
    const next = every(1000);
    expect(codeOf(() => new Cohort({ meters: 0, next }))).toBe("out-of-range");
    expect(codeOf(() => new Cohort({ meters: 1, window: -1, next }))).toBe("out-of-range");
    expect(codeOf(() => new Cohort({ meters: 1, window: 1, next }))).toBe("bad-key-length");
    for (const window of [0, 10]) {
      const cohort = new Cohort({ meters: 5, window, key, next });
      expect(codeOf(() => cohort.startOf(5))).toBe("out-of-range");
      expect(codeOf(() => cohort.startOf(-1))).toBe("out-of-range");
    }
    const stuck = new Cohort({ meters: 5, next: () => 10 });
    expect(codeOf(() => [...stuck.due(0)])).toBe("bad-value");
  });
});
