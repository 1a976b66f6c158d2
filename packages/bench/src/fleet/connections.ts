import { createSimulator } from "@dlmskit/simulator";
import { openMemoryStore } from "@dlmskit/storage";
import { type Duplex, memoryPair } from "@dlmskit/transport";
import type { Figure } from "../figures.ts";
import { held } from "../held.ts";
import { type Associated, associate, energy, name } from "./associate.ts";

const associations = 100;

/** What associations leave and hold: of a public client (16), or of one whose association is ciphered (48). */
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
  /** Without the rows of who was connected: they are the store's. */
  const heldNow = async (): Promise<number> => {
    await simulator.server.settled();
    await store.connections.forget(Number.MAX_SAFE_INTEGER);
    return held();
  };
  const who = client === 16 ? "public client" : "ciphered client";

  // Past every bound: recent handles, computed readings. The same meters come again, whose rows the store has then.
  const round = () => opened(0, 3 * associations, released);
  // What the engine makes of code while it runs comes in the first rounds; what an association leaves comes with every round.
  for (let warm = 0; warm < 20; warm++) await round();
  // The heap goes up and down by some hundred KiB from one look to the next, whatever is left: halves of many looks are compared.
  const looks: number[] = [];
  for (let look = 0; look < 8; look++) {
    for (let again = 0; again < 10; again++) await round();
    looks.push(await heldNow());
  }
  const mean = (some: readonly number[]): number => some.reduce((sum, one) => sum + one, 0) / some.length;
  const left = (mean(looks.slice(4)) - mean(looks.slice(0, 4))) / (4 * 10 * 3 * associations);

  /** What one of many takes: what is held while they are open, against the mean of before and after; the mean of some goes. */
  const each = async (open: () => Promise<() => Promise<void>>): Promise<number> => {
    const goes: number[] = [];
    for (let go = 0; go < 5; go++) {
      const before = await heldNow();
      const close = await open();
      const during = await heldNow();
      await close();
      goes.push((during - (before + (await heldNow())) / 2) / (2 * associations));
    }
    return mean(goes);
  };
  const served = await each(async () => {
    const lines: Duplex[] = [];
    await opened(0, 2 * associations, async ({ drop }) => void lines.push(drop()));
    return async () => {
      for (const line of lines.splice(0)) line.destroy();
    };
  });
  // The line itself is no server's.
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
