import { measure } from "mitata";

/** What one operation costs. */
export interface Cost {
  /** Median time, ns. */
  readonly time: number;
  /** Octets allocated, on average. */
  readonly allocated: number;
}

/** So that the compiler cannot leave out what nobody uses. */
let sink: unknown;

/** Octets that a run of `fn` allocates, from the growth of the heap while nothing is collected. */
function allocatedBy(fn: () => unknown): number {
  const found: number[] = [];
  for (let round = 0; round < 15; round++) {
    globalThis.gc?.();
    const runs = 20;
    const before = process.memoryUsage();
    for (let run = 0; run < runs; run++) sink = fn();
    const after = process.memoryUsage();
    const grown = after.heapUsed - before.heapUsed + (after.arrayBuffers - before.arrayBuffers);
    // A collection within makes it look smaller.
    if (grown >= 0) found.push(grown / runs);
  }
  found.sort((one, other) => one - other);
  return found[found.length >> 1] ?? Number.NaN;
}

/** The median time of an operation by mitata, ns. */
async function time(fn: () => unknown): Promise<number> {
  const stats = await measure(
    () => {
      sink = fn();
    },
    { min_cpu_time: 120e6 },
  );
  return stats.p50;
}

/**
 * What operations cost, each measured several times in turn, the best of its medians taken: a machine that is busy with
 * something else is so for all of them.
 */
export async function costs(...fns: readonly (() => unknown)[]): Promise<Cost[]> {
  const times = fns.map(() => Number.POSITIVE_INFINITY);
  // The compiler works beside, and has its time on a busy machine too.
  for (const fn of fns) for (const end = performance.now() + 400; performance.now() < end; ) sink = fn();
  for (let round = 0; round < 4; round++) {
    for (const [at, fn] of fns.entries()) times[at] = Math.min(times[at] as number, await time(fn));
  }
  const all = fns.map((fn, at) => ({ time: times[at] as number, allocated: allocatedBy(fn) }));
  return sink === all ? [] : all;
}
