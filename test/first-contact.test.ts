import { VirtualClock } from "@dlmskit/transport";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createSimulator } from "../packages/simulator/src/index.ts";
import { associate, now0 } from "../packages/simulator/test/bottle.ts";
import type { Driver, Queryable } from "../packages/storage-pg/src/driver.ts";
import { openStore } from "../packages/storage-pg/src/store.ts";
import { type Bench, startBench } from "../packages/storage-pg/test/pglite-schemas.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
}, 120_000);
afterAll(() => bench?.close());

/** The driver, and the statements that went to the database, those within transactions included. */
function counted(driver: Driver): { readonly driver: Driver; take(): readonly string[] } {
  const statements: string[] = [];
  const counting = (on: Queryable): Queryable => ({
    query(sql, parameters) {
      statements.push(sql);
      return on.query(sql, parameters);
    },
  });
  return {
    driver: {
      ...driver,
      ...counting(driver),
      transaction: (run) => driver.transaction((tx) => run(counting(tx))),
    },
    take: () => statements.splice(0),
  };
}

const name = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 };
const energy = { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 };

/** Everything that a database in this process does in the background has come to its end. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

it("takes at most three queries on PGlite, on a new store and after a restart, and none goes on in the background", async () => {
  await bench.empty();
  for (const start of ["first", "second"]) {
    const { driver, take } = counted(bench.driver);
    const clock = new VirtualClock({ epoch: now0 });
    const store = await openStore(driver, "dlmskit test");
    const simulator = await createSimulator({ meters: 1000, seed: "contact", store, clock, limits: { inactivity: 0 } });
    const contacts = [
      { client: 16, meter: 16, queries: 2 },
      { client: 48, meter: 48, queries: 3 },
      // On the second start the store has the first two meters, but not this one.
      { client: 48, meter: start === "first" ? 49 : 50, queries: 3 },
    ];
    for (const { client, meter, queries } of contacts) {
      const identity = await simulator.identity(meter);
      take();
      const session = await associate(simulator, clock, client, { identity });
      await session.get(client === 16 ? name : energy);
      await quiet();
      expect(take(), `client ${client} of meter ${meter}, ${start} start`).toHaveLength(queries);
      await session.release();
      await simulator.meter(meter).settled();
    }
    await simulator.close();
    await store.close();
  }
});
