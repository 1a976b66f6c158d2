import { describe, expect, it } from "vitest";
import { delayOf, drawOf } from "../../src/behaviour/push-schedule.ts";

/** The Kolmogorov-Smirnov distance of samples in 0 to 1 from the uniform distribution. */
function distance(samples: readonly number[]): number {
  const sorted = [...samples].sort((one, other) => one - other);
  const n = sorted.length;
  return Math.max(...sorted.map((x, at) => Math.max((at + 1) / n - x, x - at / n)));
}

describe("16.2 the randomised start", () => {
  it.each(["IN", "meter-", "ACM0000", "4d4d4d"])("P5 is uniform over 1,000 meters named %s…", (prefix) => {
    for (const trigger of [0, Date.UTC(2026, 0, 1), Date.UTC(2026, 6, 1, 12)]) {
      const draws = Array.from({ length: 1000 }, (_, at) => drawOf(`${prefix}${at}`, trigger));
      expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...draws)).toBeLessThanOrEqual(1);
      // p > 0.01: 1.63 by the root of n.
      expect(distance(draws)).toBeLessThan(1.63 / Math.sqrt(1000));
    }
  });

  it("is the same again, and another for another trigger", () => {
    expect(drawOf("a", 5)).toBe(drawOf("a", 5));
    expect(drawOf("a", 5)).not.toBe(drawOf("a", 6));
  });
});

describe("16.5 the delay before a repetition", () => {
  it("P4 is fixed in versions 0 and 1, and grows to its maximum in versions 2 and 3", () => {
    expect([1, 2, 3].map((k) => delayOf(30, k))).toEqual([30_000, 30_000, 30_000]);
    const growing = { repetitionDelayMin: 10, repetitionDelayExponent: 200, repetitionDelayMax: 60 };
    expect([1, 2, 3, 4, 5].map((k) => delayOf(growing, k))).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
    expect([1, 9].map((k) => delayOf({ ...growing, repetitionDelayExponent: 100 }, k))).toEqual([10_000, 10_000]);
  });
});
