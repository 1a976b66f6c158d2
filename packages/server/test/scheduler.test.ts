import { type Data, type DataLike, T, treeOf } from "@dlmskit/apdu";
import { clock, dataObject, profileGeneric, register } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { meter, none } from "../src/index.ts";
import { Bench, now0 } from "./a-client.ts";

const open = { open: { client: 1, security: none(), access: "full" as const } };

describe("what a meter does by itself", () => {
  it("captures a profile at the full multiple of its period, in local time", async () => {
    const time = clock();
    const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
    const load = profileGeneric("1.0.99.1.0.255", { capture: [time, energy], entries: 100, period: 3600 });
    const made = meter({ name: "TST1", objects: [time, energy, load], associations: open, zoneMinutesEast: 330 });
    made.every(60_000, () => {
      energy.values.value += 10;
    });
    const bench = new Bench(made);
    bench.clock.advance(3 * 3_600_000);
    const data = treeOf(made.get({ classId: 7, instanceId: load.instance, attributeId: 2 }) as DataLike) as Extract<
      Data,
      { type: "array" }
    >;
    const rows = data.value.map((row) => (row as Extract<Data, { type: "structure" }>).value);
    // 08:30 UTC is 14:00 in India: captures at 15, 16 and 17 o'clock there, and a task runs 60 times an hour.
    expect(rows.map(([stamp]) => Array.from((stamp as { value: Uint8Array }).value).slice(5, 8))).toEqual([
      [15, 0, 0],
      [16, 0, 0],
      [17, 0, 0],
    ]);
    expect(rows.map(([, value]) => (value as { value: number }).value)).toEqual([600, 1200, 1800]);
    bench.server.close();
    bench.clock.advance(3 * 3_600_000);
    expect(energy.values.value).toBe(1800);
  });

  it("goes on when a task or a capture fails, and when the clock is set", async () => {
    const time = clock();
    const bad = dataObject(
      "0.0.96.1.0.255",
      { type: T.unsigned, value: 0 },
      { read: { value: () => Promise.reject(new Error("sensor")) } },
    );
    const load = profileGeneric("1.0.99.1.0.255", { capture: [bad], entries: 10, period: 900 });
    const elapsed: number[] = [];
    const made = meter({ name: "TST1", objects: [time, bad, load], associations: open });
    const bench = new Bench(made);
    made.every(1000, (_, passed) => {
      elapsed.push(passed);
      if (elapsed.length === 2) throw new Error("task");
    });
    bench.clock.advance(5000);
    expect(elapsed).toEqual([1000, 1000, 1000, 1000, 1000]);
    made.setClock(now0 + 15 * 60_000 - 500);
    await bench.clock.advanceAsync(700);
    await bench.settle();
    expect(
      bench.events.filter(({ type }) => type === "hook-failed").map((one) => (one as { what: string }).what),
    ).toEqual(["a task", "the capture of 0.0.96.1.0.255"]);
    expect(made.now - now0).toBeGreaterThan(15 * 60_000);
  });
});
