import { expect, it } from "vitest";
import { parseFaults } from "../src/index.ts";
import { bottled, hour, now0, stepTo } from "./bottle.ts";

it.each(["reboot", "magnet"])("%s of many meters: connections and timers are served meanwhile", async (fault) => {
  const start = new Date(now0 + hour).toISOString();
  const bottle = await bottled({ meters: 720, faults: parseFaults({ faults: [{ fault, start }] }) });
  const { simulator } = bottle;
  await stepTo(bottle, now0 + hour - 1000);
  let turns = 0;
  let going = true;
  const turn = (): void => {
    const { times } = simulator.explain(0).faults[0] ?? {};
    const { times: last } = simulator.explain(719).faults[0] ?? {};
    // Those in which the first meter has the fault, and the last one not yet.
    if (times === 1 && last === 0) turns++;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await stepTo(bottle, now0 + hour + 1000);
  } finally {
    going = false;
  }
  expect(simulator.explain(719).faults[0]?.times).toBe(1);
  // At least one after each 64 meters.
  expect(turns).toBeGreaterThanOrEqual(10);
  await simulator.close();
});
