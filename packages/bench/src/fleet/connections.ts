import { createSimulator } from "@dlmskit/simulator";
import { openMemoryStore } from "@dlmskit/storage";
import { type Duplex, memoryPair } from "@dlmskit/transport";
import type { Figure } from "../figures.ts";
import { held } from "../held.ts";
import { type Associated, associate, energy, name } from "./associate.ts";

const associations = 100;

/**
 * The memory that closed associations leave and open associations use: of a public client (16), or of a client with a ciphered association
 * (48).
 */
export async function connections(client: 16 | 48): Promise<Figure[]> {
  const store = await openMemoryStore();
  const simulator = await createSimulator({ meters: 60_000, seed: "bench", limits: { inactivity: 0 }, store });
  const asked = client === 16 ? name : energy;
  const opened = async (from: number, count: number, last: (one: Associated) => Promise<void>): Promise<void> => {
    for (let index = from; index < from + count; index++) {
      const one = await associate(simulator, index, client);
      await one.session.get(asked);
      await last(one);
    }
  };
  const released = ({ session }: Associated) => session.release();
  /** Does not count the rows of connections, because they belong to the store. */
  const heldNow = async (): Promise<number> => {
    await simulator.server.settled();
    await store.connections.forget(Number.MAX_SAFE_INTEGER);
    return held();
  };
  const who = client === 16 ? "public client" : "ciphered client";

  // More meters than every limit: recent handles, computed readings. The same meters are used again, and the store has their rows by then.
  const round = () => opened(0, 3 * associations, released);
  // Allocations of the engine for compiled code occur in the first rounds. Memory that an association leaves occurs in every round.
  for (let warm = 0; warm < 20; warm++) await round();
  // The heap size changes by some hundred KiB between two measurements, even without a leak. Therefore two halves of many measurements are
  // compared.
  const looks: number[] = [];
  for (let look = 0; look < 8; look++) {
    for (let again = 0; again < 10; again++) await round();
    looks.push(await heldNow());
  }
  const mean = (some: readonly number[]): number => some.reduce((sum, one) => sum + one, 0) / some.length;
  const left = (mean(looks.slice(4)) - mean(looks.slice(0, 4))) / (4 * 10 * 3 * associations);

  /**
   * The memory of one of many items: the memory while they are open, less the average of before and after. The median of several rounds:
   * in the first ones the engine still allocates.
   */
  const each = async (open: () => Promise<() => Promise<void>>): Promise<number> => {
    const goes: number[] = [];
    for (let go = 0; go < 5; go++) {
      const before = await heldNow();
      const close = await open();
      const during = await heldNow();
      await close();
      goes.push((during - (before + (await heldNow())) / 2) / (2 * associations));
    }
    return goes.sort((one, other) => one - other)[goes.length >> 1] as number;
  };
  const served = await each(async () => {
    const lines: Duplex[] = [];
    await opened(0, 2 * associations, async ({ drop }) => void lines.push(drop()));
    return async () => {
      for (const line of lines.splice(0)) line.destroy();
    };
  });
  // The connection itself does not belong to the server.
  const line = await each(async () => {
    const pairs = Array.from({ length: 2 * associations }, () => {
      const pair = memoryPair();
      pair[0].start({ received: () => undefined, closed: () => undefined });
      return pair;
    });
    return async () => {
      pairs.length = 0;
    };
  });
  const both = await each(async () => {
    const open: Associated[] = [];
    await opened(0, 2 * associations, async (one) => void open.push(one));
    return async () => void (await Promise.all(open.splice(0).map(released)));
  });
  await simulator.close();
  return [
    { name: `left by a released association, ${who}`, value: left, unit: "octets", goal: 16 },
    { name: `an open association, server side, ${who}`, value: served - line, unit: "octets", goal: 12_288 },
    { name: `an open association, both ends, ${who}`, value: both, unit: "octets" },
  ];
}
