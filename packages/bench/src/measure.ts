import { measure } from "mitata";

/** The cost of one operation. */
export interface Cost {
  /** Median time, ns. */
  readonly time: number;
  /** Octets allocated, average. */
  readonly allocated: number;
}

/** Keeps the compiler from removing code whose result is not used. */
let sink: unknown;

/** Octets that one run of `fn` allocates, measured by the growth of the heap while nothing is collected. */
function allocatedBy(fn: () => unknown): number {
  const found: number[] = [];
  for (let round = 0; round < 15; round++) {
    globalThis.gc?.();
    const runs = 20;
    const before = process.memoryUsage();
    for (let run = 0; run < runs; run++) sink = fn();
    const after = process.memoryUsage();
    const grown = after.heapUsed - before.heapUsed + (after.arrayBuffers - before.arrayBuffers);
    // A garbage collection during the runs makes the growth look smaller.
    if (grown >= 0) found.push(grown / runs);
  }
  found.sort((one, other) => one - other);
  return found[found.length >> 1] ?? Number.NaN;
}

/** The median time of an operation, measured with mitata, ns. */
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
 * The cost of operations. Each is measured several times in turn, and the best of its medians is used. If the machine is busy with other
 * work, all operations are affected equally.
 */
export async function costs(...fns: readonly (() => unknown)[]): Promise<Cost[]> {
  const times = fns.map(() => Number.POSITIVE_INFINITY);
  // The compiler runs in parallel, and this loop gives it enough time even on a busy machine.
  for (const fn of fns) for (const end = performance.now() + 400; performance.now() < end; ) sink = fn();
  for (let round = 0; round < 4; round++) {
    for (const [at, fn] of fns.entries()) times[at] = Math.min(times[at] as number, await time(fn));
  }
  const all = fns.map((fn, at) => ({ time: times[at] as number, allocated: allocatedBy(fn) }));
  return sink === all ? [] : all;
}
