import type { Meter } from "@dlmskit/server";
import { expect, it } from "vitest";
import type { FaultSet } from "../src/faults/fault-set.ts";
import { PowerCuts } from "../src/faults/power-cuts.ts";
import { parseFaults } from "../src/index.ts";

const minute = 60_000;

it("a step back makes cuts happen again, and brings power back where it was off", async () => {
  const start = Date.UTC(2026, 0, 1);
  const file = parseFaults({
    faults: [{ fault: "reboot", with: { downFor: 600 }, start: new Date(start).toISOString() }],
  });
  let now = start - minute;
  const done: string[] = [];
  const cuts = new PowerCuts({
    faults: { file, listen: () => undefined, isOf: () => true, acted: () => undefined } as unknown as FaultSet,
    ...{ span: { first: 0, meters: 1 }, now: () => now, start: now, failed: () => undefined, changed: () => undefined },
    using: (_, run) =>
      run({
        get now() {
          return now;
        },
        powerUp: async () => void done.push("up"),
        powerDown: async () => void done.push("down"),
      } as unknown as Meter),
  });
  const goTo = async (to: number): Promise<void> => {
    const before = now;
    now = to;
    cuts.moved(before, now);
    for (let next = cuts.next; next !== undefined && next <= now; next = cuts.next) await cuts.runFirst(now);
  };
  await goTo(start + 60 * minute);
  expect(done.splice(0)).toEqual(["down", "up"]);
  await goTo(start - minute);
  await goTo(start + 60 * minute);
  expect(done.splice(0)).toEqual(["down", "up"]);
  // Into the outage: the meters are off there, and the power comes back when it did.
  await goTo(start + 5 * minute);
  expect(cuts.next).toBe(start + 10 * minute);
  await goTo(start + 60 * minute);
  expect(done).toEqual(["up"]);
});
