import { fork } from "node:child_process";
import { once } from "node:events";
import type { Session } from "@dlmskit/client";
import { createSimulator } from "@dlmskit/simulator";
import { tcpConnect } from "@dlmskit/transport/node";
import type { Figure } from "../figures.ts";
import { energy, open } from "./associate.ts";
import type { Told } from "./connected-meters.ts";

const connected = Number(process.env.DLMSKIT_BENCH_CONNECTED ?? 10_000);
const atOnce = 32;
const million = 1_000_000;

/** Runs `run` for 0 to `count - 1`, some at the same time. */
async function each(count: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
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
  const asked = (): Promise<Told> => {
    child.send("tell");
    return heard();
  };
  try {
    const ready = await heard();
    // The same seed gives the same identities here.
    const simulator = await createSimulator({ meters: million, seed: "bench" });
    const sessions: Session[] = [];
    const connecting = performance.now();
    await each(connected, async (index) => {
      const duplex = await tcpConnect("127.0.0.1", ready.ports[0] as number);
      sessions.push(await open(duplex, await simulator.identity(index), 48));
    });
    const connectingSeconds = (performance.now() - connecting) / 1000;
    const during = await asked();
    let read = 0;
    const reading = performance.now();
    await each(connected, async (index) => {
      const data = await (sessions[index] as Session).get(energy);
      if (data.type === "double-long-unsigned") read++;
    });
    const readingSeconds = (performance.now() - reading) / 1000;
    const after = await asked();
    await each(connected, (index) => (sessions[index] as Session).release());
    await simulator.close();
    return [
      { name: "1,000,000 meters ready, from the start of the process", value: ready.ms / 1000, unit: "s", goal: 10 },
      { name: "  of the processor", value: ready.processor / 1000, unit: "s" },
      { name: "resident memory of that process", value: ready.resident / 2 ** 20, unit: "MiB", goal: 500 },
      {
        name: "meters that are not connected at the same time",
        value: connected - during.connections,
        unit: "",
        goal: 0,
      },
      { name: "meters without an open association", value: connected - after.sessions, unit: "", goal: 0 },
      { name: "meters that were not read", value: connected - read, unit: "", goal: 0 },
      { name: "associations opened a second", value: connected / connectingSeconds, unit: "/s" },
      { name: "reads a second", value: connected / readingSeconds, unit: "/s" },
      {
        name: "memory of a connected meter: heap and buffers",
        value: (after.held - ready.held) / connected,
        unit: "octets",
        goal: 30_000,
      },
      {
        name: "memory of a connected meter: resident",
        value: (after.resident - ready.resident) / connected,
        unit: "octets",
        goal: 30_000,
      },
      { name: "resident memory with all of them connected", value: after.resident / 2 ** 20, unit: "MiB" },
    ];
  } finally {
    child.disconnect();
  }
}
