import type { Noise } from "./expected-load.ts";

// Noise with memory. A day is halved again and again down to the quarter of an hour, and each halving adds a random deviation. A deviation
// that is added at a long part lasts for all of that part. So the memory of the noise is where the deviations are: with a memory of some
// hours, they are taken from the short parts and given to the parts of that length and longer.

/** The deviation between the halves of a day, down to the quarter of an hour, without memory. */
const spreadOfSlots = [0.16, 0.2, 0.3, 0.4, 0.44, 0.5, 0.6] as const;
/** The length of the halves at each level, hours. */
const hoursOfHalf = [12, 6, 3, 1.5, 0.75, 0.375, 0.25] as const;
const most = 0.9;

const withoutMemory = Float64Array.from(spreadOfSlots);

/** `memoryHours`: about how long a deviation lasts. The variance of a quarter of an hour stays about the same. */
export function noiseOf(amount: number, memoryHours: number): Noise {
  if (memoryHours === 0) return { amount, spread: withoutMemory };
  const kept = spreadOfSlots.map((spread, level) => {
    const hours = hoursOfHalf[level] as number;
    return spread * (hours >= memoryHours ? 1 : (hours / memoryHours) ** 0.8);
  });
  const variance = (all: readonly number[]): number => all.reduce((sum, spread) => sum + spread * spread, 0);
  const [all, left] = [variance(spreadOfSlots), variance(kept)];
  const long = variance(kept.filter((_, level) => (hoursOfHalf[level] as number) >= memoryHours)) || left;
  const raised = Math.sqrt(1 + (all - left) / long);
  return {
    amount,
    spread: Float64Array.from(kept, (spread, level) => {
      const isLong = (hoursOfHalf[level] as number) >= memoryHours || long === left;
      return Math.min(most, isLong ? spread * raised : spread);
    }),
  };
}
