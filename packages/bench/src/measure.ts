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

/** Measures an operation with mitata. */
export async function cost(fn: () => unknown): Promise<Cost> {
  const stats = await measure(
    () => {
      sink = fn();
    },
    { min_cpu_time: 300e6 },
  );
  const allocated = allocatedBy(fn);
  return { time: stats.p50, allocated: sink === cost ? Number.NaN : allocated };
}
