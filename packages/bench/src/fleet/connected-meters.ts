// The meters of `connected.ts`, in a process of their own: a million meters, of which some are connected.
import { createSimulator } from "@dlmskit/simulator";
import { held } from "../held.ts";

const meters = 1_000_000;

/** What the process is asked: all, or no more than the resident memory, without a collection, which would give memory back. */
export type Asked = "all" | "resident";

/** What the process tells. Times in ms, memory in octets. */
export interface Told {
  /** Since the process started. */
  readonly ms: number;
  /** Of the processor. */
  readonly processor: number;
  /** Heap and buffers, after a collection; 0 if it was not asked. */
  readonly held: number;
  /** All memory of the process. */
  readonly resident: number;
  readonly connections: number;
  readonly sessions: number;
  readonly ports: readonly number[];
}

const simulator = await createSimulator({ meters, seed: "bench", limits: { inactivity: 0, connections: 65_536 } });
const { ports } = await simulator.listen({ port: 0 });
const ready = performance.now();
const used = process.cpuUsage();

async function tell(ms: number, asked: Asked): Promise<void> {
  // Before the collection.
  const { rss: resident } = process.memoryUsage();
  const { connections, sessions } = simulator.server;
  process.send?.({
    ...{
      ms,
      processor: (used.user + used.system) / 1000,
      resident,
      held: asked === "all" ? await held() : 0,
      connections,
      sessions: sessions.length,
    },
    ports: ports.map(({ port }) => port),
  } satisfies Told);
}

process.on("message", (asked: Asked) => void tell(performance.now(), asked));
process.on("disconnect", () => process.exit(0));
await tell(ready, "all");
