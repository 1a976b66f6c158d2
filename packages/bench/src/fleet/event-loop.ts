import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createSimulator } from "@dlmskit/simulator";
import { tcpConnect } from "@dlmskit/transport/node";
import type { Figure } from "../figures.ts";
import { energy, open, profile } from "./associate.ts";
import type { Collection, Turn } from "./serving.ts";

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
  const [{ turns, collections }] = (await once(worker, "message")) as [
    { readonly turns: readonly Turn[]; readonly collections: readonly Collection[] },
  ];
  await Promise.all(sessions.map((session) => session.release()));
  await simulator.close();
  await worker.terminate();
  return [
    { name: "50 clients read 4,320 rows each, all together", value: took, unit: "ms" },
    ...figures(withoutCollections(turns, collections), "without the engine's garbage collection", 10),
    ...figures(
      turns.map(({ clock }) => clock),
      "by the clock",
    ),
    { name: "longest garbage collection", value: Math.max(0, ...collections.map(({ ms }) => ms)), unit: "ms" },
    ...figures(
      turns.map(({ thread }) => thread),
      "of the processor",
    ),
    { name: "turns", value: turns.length, unit: "" },
  ];
}

/** What is left of each turn by the clock, ms, without the collections that began in it. Both in the order of time. */
function withoutCollections(turns: readonly Turn[], collections: readonly Collection[]): number[] {
  let next = 0;
  return turns.map(({ began, clock }) => {
    let left = clock;
    for (; ; next++) {
      const collection = collections[next];
      if (collection === undefined || collection.began >= began + clock) return left;
      if (collection.began >= began) left -= collection.ms;
    }
  });
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
