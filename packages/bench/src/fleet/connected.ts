import { fork } from "node:child_process";
import { once } from "node:events";
import type { Session } from "@dlmskit/client";
import { createSimulator } from "@dlmskit/simulator";
import { tcpConnect } from "@dlmskit/transport/node";
import type { Figure } from "../figures.ts";
import { energy, open } from "./associate.ts";
import type { Asked, Told } from "./connected-meters.ts";

const connected = Number(process.env.DLMSKIT_BENCH_CONNECTED ?? 10_000);
const atOnce = 32;
const million = 1_000_000;

/** Runs `run` for `from` to `to - 1`, some at the same time. Returns the seconds that it took. */
async function each(from: number, to: number, run: (index: number) => Promise<void>): Promise<number> {
  const began = performance.now();
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) await run(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return (performance.now() - began) / 1000;
}

/**
 * A million meters in a process of their own, from its start until all can be reached, and ten thousand of them with a ciphered association
 * at the same time, each over a TCP connection of its own. Each is read while all are open.
 */
export async function connectedMeters(): Promise<Figure[]> {
  const child = fork(new URL("./connected-meters.ts", import.meta.url), {
    execArgv: ["--expose-gc", "--conditions=dlmskit-source"],
  });
  const heard = async (): Promise<Told> => ((await once(child, "message")) as [Told])[0];
  const asked = (what: Asked): Promise<Told> => {
    child.send(what);
    return heard();
  };
  try {
    const ready = await heard();
    // The same seed gives the same identities here.
    const simulator = await createSimulator({ meters: million, seed: "bench" });
    const sessions: Session[] = [];
    let read = 0;
    let connecting = 0;
    let reading = 0;
    const connectAndRead = async (from: number, to: number): Promise<void> => {
      connecting += await each(from, to, async (index) => {
        const duplex = await tcpConnect("127.0.0.1", ready.ports[0] as number);
        sessions[index] = await open(duplex, await simulator.identity(index), 48);
      });
      reading += await each(from, to, async (index) => {
        const data = await (sessions[index] as Session).get(energy);
        if (data.type === "double-long-unsigned") read++;
      });
    };
    // The first half also makes the young generation of the heap larger, once for the process: the second half shows what a meter takes.
    await connectAndRead(0, connected >> 1);
    const half = await asked("resident");
    await connectAndRead(connected >> 1, connected);
    const all = await asked("all");
    await each(0, connected, (index) => (sessions[index] as Session).release());
    await simulator.close();
    return [
      { name: "1,000,000 meters ready, from the start of the process", value: ready.ms / 1000, unit: "s", goal: 10 },
      { name: "  of the processor", value: ready.processor / 1000, unit: "s" },
      { name: "resident memory of that process", value: ready.resident / 2 ** 20, unit: "MiB", goal: 500 },
      {
        name: "meters that are not connected at the same time",
        value: connected - all.connections,
        unit: "",
        goal: 0,
      },
      { name: "meters without an open association", value: connected - all.sessions, unit: "", goal: 0 },
      { name: "meters that were not read", value: connected - read, unit: "", goal: 0 },
      { name: "associations opened a second", value: connected / connecting, unit: "/s" },
      { name: "reads a second", value: connected / reading, unit: "/s" },
      {
        name: "memory of a connected meter: heap and buffers",
        value: (all.held - ready.held) / connected,
        unit: "octets",
        goal: 30_000,
      },
      {
        name: "memory of a connected meter: resident",
        value: (all.resident - half.resident) / (connected - (connected >> 1)),
        unit: "octets",
        goal: 30_000,
      },
      {
        name: "  with the growth of the young generation, once for the process",
        value: (all.resident - ready.resident) / connected,
        unit: "octets",
      },
      { name: "resident memory with all of them connected", value: all.resident / 2 ** 20, unit: "MiB" },
    ];
  } finally {
    child.disconnect();
  }
}
