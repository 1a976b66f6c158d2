import type { VariationPattern } from "@dlmskit/storage";
import { slotsPerDay } from "./grid.ts";

// The curve of a day from the JSON of a variation pattern: for each quarter of an hour a level from 0 (base load) to 1 (peak load).

type SecondVersion = Extract<VariationPattern, { readonly version: 2 }>;
type Point = NonNullable<SecondVersion["points"]>[number];

/** The values at the middles of equal parts of the day, and straight lines between them. The last part is followed by the first. */
function fromShape(shape: readonly number[]): Float64Array {
  const span = slotsPerDay / shape.length;
  return Float64Array.from({ length: slotsPerDay }, (_, slot) => {
    const place = (slot + 0.5) / span - 0.5;
    const before = Math.floor(place);
    const [one, other] = [before, before + 1].map((at) => shape[(at + shape.length) % shape.length] as number);
    return (one as number) + ((other as number) - (one as number)) * (place - before);
  });
}

/**
 * A smooth curve through the points, over midnight too: monotone cubic interpolation (Fritsch and Butland), which does not swing above the
 * higher or below the lower of two neighbours.
 */
function throughPoints(points: readonly Point[]): Float64Array {
  const count = points.length;
  const hourOf = (n: number): number =>
    (points[((n % count) + count) % count] as Point).hour + Math.floor(n / count) * 24;
  const levelOf = (n: number): number => (points[((n % count) + count) % count] as Point).level;
  const width = (n: number): number => hourOf(n + 1) - hourOf(n);
  const steepness = (n: number): number => (levelOf(n + 1) - levelOf(n)) / width(n);
  const slope = (n: number): number => {
    const [before, after] = [steepness(n - 1), steepness(n)];
    if (before * after <= 0) return 0;
    const [one, other] = [2 * width(n) + width(n - 1), width(n) + 2 * width(n - 1)];
    return (one + other) / (one / before + other / after);
  };
  return Float64Array.from({ length: slotsPerDay }, (_, slot) => {
    const hour = (slot + 0.5) / 4;
    let n = points.findLastIndex((point) => point.hour <= hour);
    // Before the first point of the day, the curve comes from the last point of the day before.
    if (n < 0) n = -1;
    const [x, h] = [(hour - hourOf(n)) / width(n), width(n)];
    const [from, to] = [levelOf(n), levelOf(n + 1)];
    const rising = x * x * (3 - 2 * x);
    return from + (to - from) * rising + h * (x * (1 - x) * (1 - x) * slope(n) - x * x * (1 - x) * slope(n + 1));
  });
}

/** A bell whose height is half of its maximum at `hours` / 2 from its middle. */
function bell(slot: number, hour: number, hours: number): number {
  const apart = Math.abs((slot + 0.5) / 4 - hour);
  const distance = Math.min(apart, 24 - apart) / (hours / 2);
  return 2 ** -(distance * distance);
}

/** The level of each quarter of an hour, 0 to 1. */
export function curveOf(pattern: VariationPattern): Float64Array {
  if (pattern.version === 1) return fromShape(pattern.shape);
  const { shape, points, peaks = [] } = pattern;
  const curve =
    shape !== undefined
      ? fromShape(shape)
      : points !== undefined
        ? throughPoints(points)
        : new Float64Array(slotsPerDay);
  return curve.map((level, slot) =>
    Math.min(
      1,
      Math.max(
        0,
        peaks.reduce((sum, peak) => sum + peak.height * bell(slot, peak.hour, peak.hours), level),
      ),
    ),
  );
}
