// The meters of `event-loop.ts`, in a thread of their own.
import { parentPort } from "node:worker_threads";
import { createSimulator } from "@dlmskit/simulator";

const simulator = await createSimulator({ meters: 50, seed: "bench" });
const { ports } = await simulator.listen({ port: 0 });

// The time of each turn of this thread's event loop, ms. It counts what other programs took.
let turns: number[] | undefined;
let last = 0;

function turn(): void {
  if (turns === undefined) return;
  const now = performance.now();
  turns.push(now - last);
  last = now;
  setImmediate(turn);
}

parentPort?.on("message", (message: "start" | "stop") => {
  if (message === "start") {
    turns = [];
    last = performance.now();
    setImmediate(turn);
    return;
  }
  parentPort?.postMessage(turns);
  turns = undefined;
});
parentPort?.postMessage(ports[0]?.port);
