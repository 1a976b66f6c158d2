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
  for (let warm = 0; warm < 10; warm++) await round();
  const before = await heldNow();
  const rounds = 20;
  for (let again = 0; again < rounds; again++) await round();
  const left = ((await heldNow()) - before) / (rounds * 3 * associations);

  const lines: Duplex[] = [];
  const free = await heldNow();
  await opened(0, associations, async ({ drop }) => void lines.push(drop()));
  const servers = await heldNow();
  const pairs = Array.from({ length: associations }, () => {
    const pair = memoryPair();
    pair[0].start({ received: () => undefined, closed: () => undefined });
    return pair;
  });
  // The line itself is no server's.
  const line = (await heldNow()) - servers;
  const server = (servers - free - line) / pairs.length;
  for (const one of lines) one.destroy();

  const ends = await heldNow();
  const open: Associated[] = [];
  await opened(0, associations, async (one) => void open.push(one));
  const both = ((await heldNow()) - ends) / associations;
  await Promise.all(open.map(released));
  await simulator.close();
  return [
    { name: `left by a released association, ${who}`, value: left, unit: "octets", goal: 16 },
    { name: `an open association, server side, ${who}`, value: server, unit: "octets", goal: 12_288 },
    { name: `an open association, both ends, ${who}`, value: both, unit: "octets" },
  ];
}
