import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createSimulator } from "@dlmskit/simulator";
import type { Store } from "@dlmskit/storage";
import { openPglite } from "@dlmskit/storage-pg";
import { type Figure, ms } from "../figures.ts";
import { associate, energy, name } from "./associate.ts";

/** Counts the queries to a database. */
function counted(store: Store): { queries(): number } {
  let count = 0;
  type Query = (...args: unknown[]) => unknown;
  const { database } = store as unknown as { database: { query: Query; transaction: Query } };
  const query = database.query.bind(database);
  const transaction = database.transaction.bind(database);
  database.query = (...args) => {
    count++;
    return query(...args);
  };
  database.transaction = (run) =>
    transaction((tx: { query: Query }) => {
      const inner = tx.query.bind(tx);
      return (run as Query)({
        ...tx,
        query: (...args: unknown[]) => {
          count++;
          return inner(...args);
        },
      });
    });
  return { queries: () => count };
}

/** The start time of a store on PGlite, and the number of queries of a first contact. */
export async function onPglite(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "dlmskit-bench-"));
  const found: Figure[] = [];
  try {
    for (const time of ["the first time", "the second time"]) {
      const opening = performance.now();
      const store = await openPglite(join(folder, "store"));
      found.push(ms(`opening PGlite, ${time}`, opening));
      const began = performance.now();
      const simulator = await createSimulator({ meters: 1000, seed: "bench", store });
      found.push(ms(`start of 1,000 meters on PGlite, ${time}`, began, 2000));
      const { queries } = counted(store);
      for (const client of [16, 48] as const) {
        const index = client + (time === "the first time" ? 0 : 100);
        const own = await simulator.identity(index);
        const before = queries();
        const { session } = await associate({ ...simulator, identity: async () => own }, index, client);
        await session.get(energyOrName(client));
        const contact = queries() - before;
        await session.release();
        await simulator.meter(index).settled();
        const whole = queries() - before;
        // The row of the connection is written a moment later; it does not belong to the next contact.
        for (let last = -1; last !== queries(); await sleep(100)) last = queries();
        found.push({ name: `queries at first contact, client ${client}, ${time}`, value: contact, unit: "", goal: 3 });
        found.push({
          name: `queries until the meter is let go, client ${client}`,
          value: whole,
          unit: "",
        });
      }
      await simulator.close();
      await store.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return found;
}

const energyOrName = (client: number) => (client === 16 ? name : energy);
