// The meters of `event-loop.ts`, in a thread of their own.
import { PerformanceObserver } from "node:perf_hooks";
import { parentPort } from "node:worker_threads";
import { createSimulator } from "@dlmskit/simulator";

/** What a turn of this thread's event loop took, ms. */
export interface Turn {
  /** When it began, on this thread's clock. */
  readonly began: number;
  /** By the clock, which counts what other programs took as well. */
  readonly clock: number;
  /** What this thread had of a processor (Node 24; NaN before). Many machines count it in steps of 4 ms. */
  readonly thread: number;
}

/** A stop of this thread for the engine's garbage collection. */
export interface Collection {
  readonly began: number;
  readonly ms: number;
}

const simulator = await createSimulator({ meters: 50, seed: "bench" });
const { ports } = await simulator.listen({ port: 0 });

const collections: Collection[] = [];
const observer = new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) collections.push({ began: startTime, ms: duration });
});
let turns: Turn[] | undefined;
let last = { clock: 0, thread: 0 };

function instants() {
  const { user, system } = process.threadCpuUsage?.() ?? { user: Number.NaN, system: Number.NaN };
  return { clock: performance.now(), thread: (user + system) / 1000 };
}

function turn(): void {
  if (turns === undefined) return;
  const now = instants();
  turns.push({ began: last.clock, clock: now.clock - last.clock, thread: now.thread - last.thread });
  last = now;
  setImmediate(turn);
}

parentPort?.on("message", async (message: "start" | "stop") => {
  if (message === "start") {
    observer.observe({ entryTypes: ["gc"] });
    turns = [];
    last = instants();
    setImmediate(turn);
    return;
  }
  const measured = turns;
  turns = undefined;
  // The entries of the last collections come in a later turn.
  await new Promise((resolve) => setTimeout(resolve, 50));
  observer.disconnect();
  parentPort?.postMessage({ turns: measured, collections });
});
parentPort?.postMessage(ports[0]?.port);
