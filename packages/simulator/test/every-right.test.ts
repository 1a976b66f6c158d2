import { describe, expect, it } from "vitest";
import { rightsMismatches, stateOf } from "../../../test/rights-mismatches.ts";
import { associate, bottled } from "./bottle.ts";

/** The invocation counters count the requests themselves. */
const moving = new Set([1, 2, 3, 4, 5, 6].map((n) => `0.0.43.1.${n}.255`));

describe("the meter of IS 15959", () => {
  it.each([16, 32, 48, 64, 80])(
    "O9: does for client %i what its object list declares, and no more",
    {
      timeout: 120_000,
    },
    async (client) => {
      const { simulator, clock } = await bottled();
      const objects = simulator.meterTemplate.devices.get(1)?.objects ?? [];
      const utility = await associate(simulator, clock, 48);
      const session = client === 48 ? utility : await associate(simulator, clock, client);
      const before = await stateOf(utility, objects, moving);
      const { mismatches, granted, denied } = await rightsMismatches(session, utility, objects);
      expect(mismatches).toEqual([]);
      expect(granted).toBeGreaterThan(client === 16 ? 10 : 40);
      expect(denied).toBeGreaterThan(100);
      expect(await stateOf(utility, objects, moving)).toEqual(before);
    },
  );
});
