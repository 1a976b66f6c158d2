// The meters of `event-loop.ts`, in a thread of their own.
import { parentPort } from "node:worker_threads";
import { createSimulator } from "@dlmskit/simulator";

const simulator = await createSimulator({ meters: 50, seed: "bench" });
const { ports } = await simulator.listen({ port: 0 });

// The time of each turn of this thread's event loop, ms: by the clock, which counts what other programs took as well, and by what
// this thread had of a processor (Node 24; NaN before).
let turns: { readonly clock: number[]; readonly thread: number[] } | undefined;
let last = { clock: 0, thread: 0 };

function instants() {
  const { user, system } = process.threadCpuUsage?.() ?? { user: Number.NaN, system: Number.NaN };
  return { clock: performance.now(), thread: (user + system) / 1000 };
}

function turn(): void {
  if (turns === undefined) return;
  const now = instants();
  turns.clock.push(now.clock - last.clock);
  turns.thread.push(now.thread - last.thread);
  last = now;
  setImmediate(turn);
}

parentPort?.on("message", (message: "start" | "stop") => {
  if (message === "start") {
    turns = { clock: [], thread: [] };
    last = instants();
    setImmediate(turn);
    return;
  }
  parentPort?.postMessage(turns);
  turns = undefined;
});
parentPort?.postMessage(ports[0]?.port);
