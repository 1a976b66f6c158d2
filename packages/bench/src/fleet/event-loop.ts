import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createSimulator } from "@dlmskit/simulator";
import { tcpConnect } from "@dlmskit/transport/node";
import type { Figure } from "../figures.ts";
import { energy, open, profile } from "./associate.ts";

const clients = 50;

/** How long the meters' event loop is held while 50 clients read a profile of 4,320 rows each over TCP, beside one idle. */
export async function eventLoop(): Promise<Figure[]> {
  const worker = new Worker(new URL("./serving.ts", import.meta.url));
  const [port] = (await once(worker, "message")) as [number];
  const simulator = await createSimulator({ meters: clients, seed: "bench" });
  const sessions = await Promise.all(
    Array.from({ length: clients }, async (_, index) =>
      open(await tcpConnect("127.0.0.1", port), await simulator.identity(index), 48),
    ),
  );
  await Promise.all(sessions.map((session) => session.get(energy)));
  worker.postMessage("start");
  const began = performance.now();
  await Promise.all(sessions.map((session) => session.get(profile)));
  const took = performance.now() - began;
  worker.postMessage("stop");
  const [{ clock, thread }] = (await once(worker, "message")) as [{ clock: number[]; thread: number[] }];
  await Promise.all(sessions.map((session) => session.release()));
  await simulator.close();
  await worker.terminate();
  return [
    { name: "50 clients read 4,320 rows each, all together", value: took, unit: "ms" },
    ...figures(thread, "of the processor", 10),
    ...figures(clock, "by the clock"),
    { name: "turns", value: clock.length, unit: "" },
  ];
}

function figures(turns: number[], how: string, goal?: number): Figure[] {
  turns.sort((one, other) => one - other);
  const part = (of: number): number => turns[Math.floor((turns.length - 1) * of)] as number;
  const aim = goal === undefined ? {} : { goal };
  return [
    { name: `a turn of the meters' event loop, one in a hundred, ${how}`, value: part(0.99), unit: "ms", ...aim },
    { name: `the same, one in a thousand, ${how}`, value: part(0.999), unit: "ms", ...aim },
    { name: `the same, longest, ${how}`, value: part(1), unit: "ms", ...aim },
    { name: `turns longer than 10 ms, ${how}`, value: turns.filter((turn) => turn > 10).length, unit: "" },
  ];
}
