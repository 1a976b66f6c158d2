import { getHeapSpaceStatistics } from "node:v8";

/** The spaces of compiled code. The engine compiles, and removes compiled code, at any time. */
const compiled = /^(code|trusted)_/;

/** The memory in use: heap without compiled code, and array buffers, after unreferenced objects are collected. */
export async function held(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    // Finalizers, and the last work of a store, run in later turns.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const code = getHeapSpaceStatistics().filter(({ space_name }) => compiled.test(space_name));
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed - code.reduce((sum, { space_used_size }) => sum + space_used_size, 0) + arrayBuffers;
}
