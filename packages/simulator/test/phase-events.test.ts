import type { Data } from "@dlmskit/apdu";
import { openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { eventStatus } from "../src/meter/event-status.ts";
import { simulated } from "../src/meter/simulated-meter.ts";
import { bottled, day, now0, readBy } from "./bottle.ts";

type Phase = "L1" | "L2" | "L3";

const contentOf = (data: Data | undefined): unknown => (data as { value?: unknown } | undefined)?.value;

/** A three-phase meter whose supply on these phases fails on each of 9 days for 10 minutes: its logs and counters. */
async function met(template: string, affectedPhases: readonly Phase[]) {
  const store = await openMemoryStore();
  await store.powerQualityEvents.add({
    ...{ eventType: "INTERRUPTION", probability: 1, minDuration: 600, maxDuration: 600, affectedPhases },
  });
  const { simulator } = await bottled({ store, template, network: null, commissioned: now0 - 9 * day });
  const read = (classId: number, instanceId: string) => readBy(simulator, 0, { classId, instanceId, attributeId: 2 });
  const codes = async (log: string): Promise<readonly unknown[]> => {
    const rows = (await read(7, log)) as Data & { type: "array" };
    return [...new Set(rows.value.map((row) => contentOf((row as Data & { type: "structure" }).value[1])))];
  };
  const count = async (e: number) => contentOf(await read(1, `0.0.96.7.${e}.255`));
  const meter = await simulator.using(0, ({ identity: { own } }) => simulated({ own }));
  const { readings } = meter;
  const events = readings.model.events(now0 - 9 * day, now0);
  /** The bits of the event status word in the middle of the first failure. */
  const word = [...eventStatus(meter, (events[0]?.start ?? 0) + 300_000)];
  const bits = word.flatMap((bit, at) => (bit === "1" ? [at] : []));
  return { simulator, codes, count, bits, failures: events.length };
}

describe("interruptions of single phases", () => {
  it("IDIS: one phase is a missing voltage in the power quality log, and counts for that phase and for any phase", async () => {
    const { simulator, codes, count, failures } = await met("idis-2", ["L2"]);
    expect(failures).toBeGreaterThanOrEqual(8);
    expect(await codes("0.0.99.98.4.255")).toEqual([83, 86]);
    expect(await codes("0.0.99.98.0.255")).toEqual([]);
    expect(await Promise.all([0, 1, 2, 3, 21].map(count))).toEqual([0, 0, failures, 0, failures]);
    await simulator.close();
  });

  it("IDIS: all phases are a power down in the standard log, and count for the meter and for each phase", async () => {
    const { simulator, codes, count, failures } = await met("idis-2", []);
    expect(await codes("0.0.99.98.4.255")).toEqual([]);
    expect(await codes("0.0.99.98.0.255")).toEqual([1, 2]);
    expect(await Promise.all([0, 1, 2, 3, 21].map(count))).toEqual(Array(5).fill(failures));
    await simulator.close();
  });

  it.each<[Phase[], number[], number[], number[]]>([
    [["L1"], [1, 2], [], [0]],
    [["L2", "L3"], [3, 5, 4, 6], [], [1, 2]],
    [["L1", "L2", "L3"], [], [101, 102], [85]],
  ])("IS 15959, three phases: %j are missing voltages, or a power failure", async (phases, voltage, power, status) => {
    const { simulator, codes, bits } = await met("is15959-d2", phases);
    expect(bits).toEqual(status);
    expect([await codes("0.0.99.98.0.255"), await codes("0.0.99.98.2.255")]).toEqual([voltage, power]);
    await simulator.close();
  });

  it("a single-phase meter has a power failure, whichever phases the row names", async () => {
    const { simulator, codes, failures } = await met("is15959-d1", ["L3"]);
    expect(await codes("0.0.99.98.2.255")).toEqual([101, 102]);
    expect(failures).toBeGreaterThanOrEqual(8);
    await simulator.close();
  });
});
