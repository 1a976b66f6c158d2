import { T } from "@dlmskit/apdu";
import { allRights, clock, dataObject, limiter, register, scriptTable } from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import type { SimulatorTemplate } from "../src/index.ts";
import { bottled, hour, now0, stepTo } from "./bottle.ts";

const minute = 60_000;
const scripts = "0.0.10.0.1.255";

/** A limiter that runs a script when its value was above the threshold for ten minutes; nothing of the template is ever due. */
function limited() {
  const ran: string[] = [];
  const power = dataObject("0.0.96.60.0.255", { type: T.doubleLongUnsigned, value: 0 });
  const shown = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
  const template: SimulatorTemplate = {
    ...{ name: "limited", title: "a meter with a limiter", manufacturer: "TST", zoneMinutesEast: 330 },
    tariffDay: [{ minute: 0, zone: 1 }],
    clients: [
      {
        ...{ name: "public", client: 16, association: "0.0.40.0.1.255", mechanism: 0, ciphered: false, policy: 0 },
        rights: allRights,
      },
    ],
    objects: () => [
      ...[clock(), shown, power],
      scriptTable(
        scripts,
        [],
        {},
        {
          invoke: {
            execute: (_, id, { now, device }) => void ran.push(`${device.name} ${(now - now0) / minute} ${id}`),
          },
        },
      ),
      limiter("0.0.17.0.0.255", {
        ...{ monitored: [power, 2], thresholdNormal: { type: "double-long-unsigned", value: 100 } },
        ...{ minOverThresholdDuration: 600 },
        actions: { actionOverThreshold: { scriptLogicalName: scripts, scriptSelector: 5 } },
      }),
    ],
  };
  return { ran, template, power };
}

describe("an idle meter whose own values make something due", () => {
  it.each([false, true])("13 wakes at its instant; after another start of the process: %s", async (again) => {
    const state = new MemoryState();
    const { ran, template, power } = limited();
    const first = await bottled({ template, meters: 20, store: await openMemoryStore({}, state) });
    await stepTo(first, now0 + 5 * minute);
    await first.simulator.using(7, (meter) =>
      Promise.resolve(meter.change((device) => device.set(power, "value", 500 as never))),
    );
    await stepTo(first, now0 + 8 * minute);
    expect(ran).toEqual([]);
    let running = first;
    if (again) {
      const start = first.simulator.time.now;
      await first.simulator.close();
      await first.store.close();
      running = await bottled({ template, meters: 20, start, store: await openMemoryStore({}, state) });
    }
    await stepTo(running, now0 + 14 * minute);
    expect(ran).toEqual([]);
    await stepTo(running, now0 + 16 * minute);
    expect(ran).toHaveLength(1);
    expect(Number(ran[0]?.split(" ").at(-2))).toBeCloseTo(15, 2);
    await stepTo(running, now0 + hour);
    expect(ran).toHaveLength(1);
    await running.simulator.close();
  });
});
