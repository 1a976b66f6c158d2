import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createSimulator } from "@dlmskit/simulator";
import { tcpConnect } from "@dlmskit/transport/node";
import type { Figure } from "../figures.ts";
import { energy, open, profile } from "./associate.ts";
import type { Collection, Measured } from "./serving.ts";
import type { Stretch, Work } from "./stretches.ts";

const clients = 50;
/** Number of rounds of reads by all clients after the engine has compiled the code. */
const later = 3;
const limit = 10;

/**
 * How long the event loop of the meters is blocked while 50 clients each read a profile of 4,320 rows over TCP: by the work
 * of the meters alone, and by one turn of the loop, which includes the work of Node and the engine.
 */
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
  const measured = async (): Promise<{ took: number } & Measured> => {
    worker.postMessage("start");
    const began = performance.now();
    await Promise.all(sessions.map((session) => session.get(profile)));
    const took = performance.now() - began;
    worker.postMessage("stop");
    const [found] = (await once(worker, "message")) as [Measured];
    return { took, ...found };
  };
  const first = await measured();
  const rounds = [];
  for (let round = 0; round < later; round++) rounds.push(await measured());
  await Promise.all(sessions.map((session) => session.release()));
  await simulator.close();
  await worker.terminate();
  const stretches = rounds.flatMap((round) => round.stretches);
  const turns = rounds.flatMap((round) => round.turns);
  const collections = rounds.flatMap((round) => round.collections);
  const work = "a read's work until it yields";
  const turn = "a turn of the event loop";
  return [
    { name: "50 clients read 4,320 rows each, all together, first", value: first.took, unit: "ms" },
    { name: "the same, later", value: Math.min(...rounds.map(({ took }) => took)), unit: "ms" },
    ...figures(work, "by the clock", clockOf(stretches), limit),
    ...figures(work, "without waits for a processor", withoutWaits(stretches), limit),
    ...figures(work, "of the processor", threadOf(stretches), limit),
    { name: "such pieces of work", value: stretches.length, unit: "" },
    ...longest(work, "first reads, by the clock", clockOf(first.stretches)),
    ...longest(work, "first reads, without waits", withoutWaits(first.stretches)),
    ...longest(work, "first reads, of the processor", threadOf(first.stretches)),
    ...figures(turn, "by the clock", clockOf(turns)),
    ...figures(turn, "of the processor", threadOf(turns)),
    ...figures(turn, "without garbage collection", withoutCollections(turns, collections)),
    { name: "turns", value: turns.length, unit: "" },
    { name: "longest garbage collection", value: Math.max(0, ...collections.map(({ ms }) => ms)), unit: "ms" },
  ];
}

const clockOf = (stretches: readonly Stretch[]): number[] => stretches.map(({ clock }) => clock);
const withoutWaits = (stretches: readonly Work[]): number[] => stretches.map(({ clock, waited }) => clock - waited);
const threadOf = (stretches: readonly Stretch[]): number[] => stretches.map(({ thread }) => thread);

/** The duration of each stretch by the clock, ms, without the collections that began in it. Both lists are in the order of time. */
function withoutCollections(stretches: readonly Stretch[], collections: readonly Collection[]): number[] {
  let next = 0;
  return stretches.map(({ began, clock }) => {
    let left = clock;
    for (; ; next++) {
      const collection = collections[next];
      if (collection === undefined || collection.began >= began + clock) return left;
      if (collection.began >= began) left -= collection.ms;
    }
  });
}

const ascending = (all: readonly number[]): number[] => [...all].sort((one, other) => one - other);

function longest(what: string, how: string, all: readonly number[], goal?: number): Figure[] {
  const aim = goal === undefined ? {} : { goal };
  return [
    { name: `${what}, ${how}: longest`, value: ascending(all).at(-1) ?? 0, unit: "ms", ...aim },
    { name: `  longer than ${limit} ms`, value: all.filter((one) => one > limit).length, unit: "" },
  ];
}

function figures(what: string, how: string, all: readonly number[], goal?: number): Figure[] {
  const sorted = ascending(all);
  const part = (of: number): number => sorted[Math.floor((sorted.length - 1) * of)] ?? 0;
  return [
    ...longest(what, how, sorted, goal),
    { name: "  one in a hundred", value: part(0.99), unit: "ms" },
    { name: "  one in a thousand", value: part(0.999), unit: "ms" },
  ];
}
