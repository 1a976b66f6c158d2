import { type Data, fromData, T } from "@dlmskit/apdu";
import { instantOf } from "@dlmskit/core";
import { openMemoryStore, type Store } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { Control, Watch } from "../src/control.ts";
import { defaultLoadProfiles, openTruth, parseFaults, type SimulatorOptions, truth } from "../src/index.ts";
import { simulated } from "../src/meter/simulated-meter.ts";
import { createModel } from "../src/model/model.ts";
import { withOutages } from "../src/model/with-outages.ts";
import { bottled, day, hour, listed, now0, readBy, stepTo } from "./bottle.ts";

const at = (hours: number): string => new Date(now0 + hours * hour).toISOString();
const blocks = "1.0.99.1.0.255";
const powerLog = "0.0.99.98.2.255";
const standardLog = "0.0.99.98.0.255";

/** A store whose supply never fails. */
async function steady(): Promise<Store> {
  const store = await openMemoryStore();
  await store.powerQualityEvents.addIfEmpty([
    { ...{ eventType: "INTERRUPTION", probability: 0, minDuration: 600, maxDuration: 600, affectedPhases: [] } },
  ]);
  return store;
}

type Row = readonly unknown[] & { readonly at: number };

async function met(options: SimulatorOptions = {}) {
  const store = options.store ?? (await steady());
  const watch = new Watch();
  const bottle = await bottled(
    watch.options({ ...{ network: null, commissioned: now0 - 3 * day }, ...options, store }),
  );
  const { simulator, clock } = bottle;
  /** Reads while the machine's clock goes on, for what a meter that has its power back still waits for. */
  const read = async (classId: number, instanceId: string): Promise<Data> => {
    let over = false;
    const reading = readBy(simulator, 0, { classId, instanceId, attributeId: 2 }).finally(() => {
      over = true;
    });
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (!over) await clock.advanceAsync(1);
    }
    return reading;
  };
  const rows = async (instanceId: string): Promise<readonly Row[]> => {
    const buffer = (await read(7, instanceId)) as Data & { type: "array" };
    return buffer.value.map((row) => {
      const cells = (row as Data & { type: "structure" }).value as Data[];
      const time = instantOf(fromData(T.dateTimeOctets, cells[0] as Data), -330) as number;
      return Object.assign(
        cells.map((cell) => ("value" in cell ? cell.value : null)),
        { at: time },
      );
    });
  };
  const number = async (classId: number, instanceId: string): Promise<number> =>
    ((await read(classId, instanceId)) as { value: number }).value;
  return {
    ...{ ...bottle, store, rows, number, control: new Control(simulator, watch) },
    serial: simulator.fleet.serial(0),
    to: (hours: number) => stepTo(bottle, Math.round(now0 + hours * hour)),
  };
}

type Met = Awaited<ReturnType<typeof met>>;

/** Everything that a D1 meter shows of an outage from hour 1.25 to hour 3.25, read at hour 5. */
async function expectShown({ rows, number }: Met, before: number, outages = 1): Promise<void> {
  const shown = (await rows(blocks)).filter((row) => row.at > now0);
  // The block register is the third column, the average voltage the second.
  const inside = shown.filter((row) => row.at > now0 + 1.5 * hour && row.at <= now0 + 3 * hour);
  expect(inside.map((row) => [row[1], row[2]])).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  const outside = shown.filter((row) => row.at <= now0 + 1.5 * hour || row.at > now0 + 3 * hour);
  expect(outside.length).toBe(7);
  expect(outside.every((row) => (row[1] as number) > 20_000)).toBe(true);
  const sum = shown.reduce((all, row) => all + (row[2] as number), 0);
  expect((await number(3, "1.0.1.8.0.255")) - before).toBe(sum);
  expect((await rows(powerLog)).map((row) => [row.at - now0, row[1]]).slice(0, 2)).toEqual([
    [1.25 * hour, 101],
    [3.25 * hour, 102],
  ]);
  expect((await rows(powerLog)).length).toBe(2 * outages);
  // Three days and five hours, less two hours.
  expect(await number(3, "0.0.94.91.14.255")).toBe((3 * 24 + 5 - 2) * 60);
}

describe("a power cut by the control", () => {
  it("is in blocks, registers, logs, counters and truth, and lasts over a restart of the process", async () => {
    const one = await met();
    const before = await one.number(3, "1.0.1.8.0.255");
    await one.to(1.25);
    await one.control.feederPower("feeder-1", false);
    await one.to(3.25);
    await one.control.feederPower("feeder-1", true);
    await one.to(5);
    await expectShown(one, before);
    const told = await listed(truth(one.simulator, { from: now0, to: now0 + 5 * hour, profiles: [blocks, powerLog] }));
    const energies = told.flatMap((row) => (row.kind === "row" ? [(row.row[2] as { value: number }).value] : []));
    expect(energies).toEqual((await one.rows(blocks)).filter((row) => row.at >= now0).map((row) => row[2]));
    expect(told.filter(({ kind }) => kind === "event" || (kind === "row" && told.length > 0)).length).toBe(13);
    await one.simulator.close();
    const two = await met({ store: one.store, start: now0 + 5 * hour });
    await expectShown(two, before);
    await two.simulator.close();
  });

  it("goes on while the process is down, and while the meter is without power at a restart", async () => {
    const one = await met();
    const before = await one.number(3, "1.0.1.8.0.255");
    await one.to(1.25);
    await one.control.power(one.serial, false);
    await one.simulator.close();
    const two = await met({ store: one.store, start: now0 + 3.25 * hour });
    await two.control.power(two.serial, true);
    await two.to(5);
    await expectShown(two, before);
    await two.simulator.close();
  });

  it("leaves no rows and flags the next one, where the template has it so, and counts for meter and phases", async () => {
    const { simulator, control, serial, rows, number, to } = await met({ template: "idis-2" });
    const counts = async () =>
      [
        await number(1, "0.0.96.7.0.255"),
        await number(1, "0.0.96.7.1.255"),
        await number(1, "0.0.96.7.21.255"),
      ] as const;
    expect(await counts()).toEqual([0, 0, 0]);
    await to(1.1);
    await control.power(serial, false);
    await to(2.1);
    await control.power(serial, true);
    await to(3);
    const shown = (await rows(blocks)).filter((row) => row.at > now0);
    expect(shown.map((row) => [(row.at - now0) / hour, ((row[1] as number) & 0x80) !== 0])).toEqual([
      ...[0.25, 0.5, 0.75, 1].map((time) => [time, false]),
      [2.25, true],
      ...[2.5, 2.75, 3].map((time) => [time, false]),
    ]);
    expect(await counts()).toEqual([1, 1, 1]);
    expect((await rows(standardLog)).map((row) => row[1])).toEqual([1, 2]);
    await simulator.close();
  });

  it("counts once with an outage of the plan that it overlaps", async () => {
    const store = await openMemoryStore();
    await store.powerQualityEvents.add({
      ...{ eventType: "INTERRUPTION", probability: 1, minDuration: 3600, maxDuration: 7200, affectedPhases: [] },
    });
    const { simulator, control, serial, number, rows, to } = await met({ store });
    const model = await simulator.using(0, ({ identity }) => simulated({ own: identity.own }).readings.model);
    const next = model.events(now0, now0 + 2 * day).find(({ start }) => start > now0 + hour);
    const [start, end] = [next?.start ?? 0, next?.end ?? 0];
    const middle = Math.floor((start + end) / 2);
    const length = (await rows(powerLog)).length;
    const minutes = model.powerOnMinutes(end + hour);
    await to((middle - now0) / hour);
    await control.power(serial, false);
    await to((end + hour - now0) / hour);
    await control.power(serial, true);
    expect((await rows(powerLog)).slice(length).map((row) => [row.at, row[1]])).toEqual([
      [Math.floor(start / 1000) * 1000, 101],
      [Math.floor((end + hour) / 1000) * 1000, 102],
    ]);
    expect(await number(3, "0.0.94.91.14.255")).toBe(minutes - 60);
    await simulator.close();
  });
});

describe("the fault reboot", () => {
  it("is in rows, logs and counters, and the truth of the faults file alone says the same", async () => {
    const faults = [{ fault: "reboot", start: at(1.25), with: { downFor: 7200 } }];
    const one = await met({ faults: parseFaults({ faults }), start: now0 });
    const before = await one.number(3, "1.0.1.8.0.255");
    await one.to(5);
    await expectShown(one, before);
    const period = { from: now0, to: now0 + 5 * hour };
    const rules = await steady();
    const alone = await openTruth({
      ...{ seed: "test", start: now0, commissioned: now0 - 3 * day, network: null, store: rules },
      faults: parseFaults({ faults }),
    });
    const served = await listed(truth(one.simulator, period));
    expect(await listed(truth(alone, period))).toEqual(served);
    await one.simulator.close();
  });
});

describe("the fault reboot, over a restart of the process", () => {
  const faults = parseFaults({ faults: [{ fault: "reboot", start: at(1.25), with: { downFor: 7200 } }] });

  for (const hours of [1.5, 4]) {
    it(`ends when it should, and does not begin again, if the process stops at hour 1.5 and starts at hour ${hours}`, async () => {
      const one = await met({ faults, start: now0 });
      const before = await one.number(3, "1.0.1.8.0.255");
      await one.to(1.5);
      await one.simulator.close();
      const two = await met({ faults, store: one.store, start: now0 + hours * hour });
      await two.to(5);
      await expectShown(two, before);
      await two.simulator.close();
      const three = await met({ faults, store: one.store, start: now0 + 5 * hour });
      await three.control.power(three.serial, false);
      await three.simulator.close();
      const four = await met({ faults, store: one.store, start: now0 + 6 * hour });
      await four.to(7);
      // The control cut it later than the fault would restore it.
      expect((await four.control.meter(four.serial)).powered).toBe(false);
      await four.simulator.close();
    });
  }
});

describe("the supply with outages", () => {
  it("has the mean voltage of the time with supply, and no interruption counts twice", () => {
    const model = createModel({
      ...{
        seed: "test",
        meter: "one",
        templates: defaultLoadProfiles,
        commissioned: now0 - day,
        zoneMinutesEast: 330,
        phases: 3,
      },
      powerQuality: [
        {
          ...{ eventType: "INTERRUPTION", probability: 1, minDuration: 600, maxDuration: 7200, affectedPhases: ["L1"] },
        },
      ],
    });
    const [first] = model.events(now0, now0 + 3 * day);
    const start = first?.start ?? 0;
    const end = first?.end ?? 0;
    const middle = Math.floor((start + end) / 2);
    const cut = withOutages(model, now0 - day, [{ start: middle, end: end + 600_000 }]);
    const [from, to] = [start - 900_000, end + 1_800_000];
    // L1 has supply before the event and after the outage.
    const parts = [model.block(from, start, 1), model.block(end + 600_000, to, 1)];
    const times = [start - from, to - end - 600_000];
    const mean =
      parts.reduce((sum, part, n) => sum + part.averageVoltage * (times[n] as number), 0) /
      times.reduce((sum, time) => sum + time, 0);
    expect(cut.block(from, to, 1).averageVoltage).toBeCloseTo(mean, 6);
    expect(cut.interruptedMs(from, to)).toBe(end + 600_000 - middle);
    expect(cut.phase(middle, 2).voltage).toBe(0);
    expect(cut.phase(middle - 1000, 2).voltage).toBeGreaterThan(200);
    expect(cut.instantaneous(middle).frequency).toBe(0);
  });
});
