// The meters of `event-loop.ts`, in their own thread.
import { PerformanceObserver } from "node:perf_hooks";
import { parentPort } from "node:worker_threads";
import { createSimulator } from "@dlmskit/simulator";
import { systemClock, tcpListen } from "@dlmskit/transport/node";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { type Instant, instant, type Stretch, Stretches, stretchSince, type Work } from "./stretches.ts";

/** A pause of this thread for the garbage collection of the engine. */
export interface Collection {
  readonly began: number;
  readonly ms: number;
}

/** The measurements between "start" and "stop", in the order of time. */
export interface Measured {
  /** Turns of the event loop: the work of the meters, and all work of Node and the engine. */
  readonly turns: readonly Stretch[];
  /** The work of the meters alone. */
  readonly stretches: readonly Work[];
  readonly collections: readonly Collection[];
}

const stretches = new Stretches();
const simulator = await createSimulator({ meters: 50, seed: "bench", clock: stretches.clock(systemClock) });
const { port } = await tcpListen({
  port: 0,
  accept: (duplex) => simulator.server.accept(stretches.duplex(duplex), new WrapperServerLink()),
});

let collections: Collection[] = [];
const observer = new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) collections.push({ began: startTime, ms: duration });
});
let turns: Stretch[] | undefined;
let last: Instant = { clock: 0, thread: 0 };

function turn(): void {
  if (turns === undefined) return;
  turns.push(stretchSince(last));
  last = instant();
  setImmediate(turn);
}

parentPort?.on("message", async (message: "start" | "stop") => {
  if (message === "start") {
    observer.observe({ entryTypes: ["gc"] });
    turns = [];
    stretches.take();
    last = instant();
    setImmediate(turn);
    return;
  }
  const measured = { turns, stretches: stretches.take() };
  turns = undefined;
  // The entries of the last collections arrive in a later turn.
  await new Promise((resolve) => setTimeout(resolve, 50));
  observer.disconnect();
  parentPort?.postMessage({ ...measured, collections });
  collections = [];
});
parentPort?.postMessage(port);
