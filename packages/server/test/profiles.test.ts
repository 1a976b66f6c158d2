import { type Data, type DataLike, dataOf, T, treeOf } from "@dlmskit/apdu";
import {
  captureObject,
  clock,
  dataObject,
  ProfileStatusBit,
  profileGeneric,
  RangeDescriptor,
  SortMethod,
} from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { Meter, meterTemplate, none } from "../src/index.ts";
import { Bench, now0, restarted } from "./a-client.ts";

const minute = 60_000;
/** A value that rises and falls over the hour. */
const demand = dataObject(
  "1.0.1.4.0.255",
  { type: T.doubleLong, value: 0 },
  { read: { value: (_, { now }) => ((Math.floor(now / minute / 15) * 7) % 13) - 4 } },
);
const time = clock();
const status = dataObject("0.0.96.10.1.255", { type: T.unsigned, value: 0 });
const sorted = profileGeneric("1.0.98.1.0.255", {
  ...{ capture: [time, demand], entries: 3, period: 900, sortMethod: SortMethod.largest, sortBy: demand },
});
const load = profileGeneric("1.0.99.1.0.255", { capture: [time, demand, status], entries: 100, period: 900, status });
const template = meterTemplate({
  objects: [time, demand, status, sorted, load],
  associations: { open: { client: 16, security: none(), access: "full" } },
});

const valuesOf = (data: DataLike, column = 1): number[] =>
  (treeOf(data) as never as { value: { value: { value: number }[] }[] }).value.map(
    (row) => row.value[column]?.value as number,
  );
const expectedAt = (quarter: number): number => ((Math.floor(now0 / minute / 15 + quarter) * 7) % 13) - 4;

describe("profiles that are served", () => {
  it("5.2 a sorted buffer stays sorted over a restart, and while many captures are caught up with at once", async () => {
    const state = new MemoryState();
    const largest = (...quarters: readonly number[]): number[] =>
      quarters
        .flatMap((many) => Array.from({ length: many }, (_, at) => expectedAt(at + 1)))
        .sort((one, other) => other - one)
        .slice(0, 3);
    let store = await openMemoryStore({}, state);
    const bench = new Bench(new Meter(template, { name: "ABC1" }), { store });
    await bench.settle();
    for (let quarter = 0; quarter < 5; quarter++) {
      bench.clock.advance(15 * minute);
      await bench.settle(5);
    }
    const client = await bench.client().open();
    const [first] = await client.get([7, sorted.instance, 2]);
    expect(valuesOf((first as { data: DataLike }).data)).toEqual(largest(5));
    bench.server.close();
    await bench.server.settled();

    store = await restarted(state);
    const later = new Bench(new Meter(template, { name: "ABC1" }), { store });
    // The machine's clock of the second process begins at the same instant.
    later.clock.advance(40 * 15 * minute);
    await later.settle();
    const again = await later.client().open();
    const [second] = await again.get([7, sorted.instance, 2]);
    expect(valuesOf((second as { data: DataLike }).data)).toEqual(largest(5, 40));
    const [count] = await again.get([7, sorted.instance, 7]);
    expect(treeOf((count as { data: DataLike }).data)).toEqual({ type: "double-long-unsigned", value: 3 });
    later.server.close();
  });

  it("5.4, 5.5, O12: a client ranges over any column; the status tells of the power failure and of the clock", async () => {
    const meter = new Meter(template, { name: "ABC2" });
    const bench = new Bench(meter);
    const quarter = async (): Promise<void> => {
      bench.clock.advance(15 * minute);
      await bench.settle(3);
    };
    await quarter();
    await meter.powerDown();
    await quarter();
    await quarter();
    await meter.powerUp();
    await quarter();
    await quarter();
    await meter.setClock(meter.now - 20 * minute);
    await quarter();
    await quarter();
    const client = await bench.client().open();
    const [all] = await client.get([7, load.instance, 2]);
    const data = (all as { data: DataLike }).data;
    const bit = (name: keyof typeof ProfileStatusBit): number => 1 << ProfileStatusBit[name];
    expect(valuesOf(data, 2)).toEqual([0, bit("powerDown"), 0, bit("clockAdjusted"), 0]);
    const values = valuesOf(data);
    expect(values).toEqual([1, 4, 5, 4, 5].map(expectedAt));
    const bound = (value: number): Data => ({ type: "double-long", value });
    const parameters = dataOf(RangeDescriptor, {
      ...{ restrictingObject: captureObject(demand), from: bound(0), to: bound(9) },
      selectedValues: [captureObject(demand)],
    });
    const item = {
      classId: 7,
      instanceId: load.instance,
      attributeId: 2,
      access: { selector: 1, parameters: treeOf(parameters) },
    };
    const [some] = (await client.request({ service: "get", items: [item] })) as { data: DataLike }[];
    expect(valuesOf(some?.data as DataLike, 0)).toEqual(values.filter((value) => value >= 0));
  });

  it("5.3, O12: what describes a buffer is written, and the buffer is empty", async () => {
    const meter = new Meter(template, { name: "ABC3" });
    const bench = new Bench(meter);
    bench.clock.advance(60 * minute);
    await bench.settle();
    await meter.set(
      { classId: 7, instanceId: load.instance, attributeId: 4 },
      { type: "double-long-unsigned", value: 1800 },
    );
    expect(valuesOf(await meter.get({ classId: 7, instanceId: load.instance, attributeId: 2 }))).toEqual([]);
    bench.clock.advance(60 * minute);
    await bench.settle();
    expect(valuesOf(await meter.get({ classId: 7, instanceId: load.instance, attributeId: 2 }))).toEqual(
      [6, 8].map(expectedAt),
    );
  });
});
