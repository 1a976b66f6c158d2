import { type Data, type DataLike, dataOf, T, treeOf } from "@dlmskit/apdu";
import {
  activityCalendar,
  captureObject,
  clock,
  EntryDescriptor,
  profileGeneric,
  RangeDescriptor,
  register,
  registerActivation,
  registerMonitor,
  scriptTable,
  singleActionSchedule,
  specialDays,
} from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { Bench, type Client } from "../a-client.ts";
import { aMeter } from "../a-meter.ts";
import { dataOfResult, elementsIn, rowsIn, wired } from "./a-wire.ts";

const zeros = Uint8Array.of(0, 0, 0, 0, 0, 0);
const name = (value: Uint8Array): Data => ({ type: "octet-string", value });
const structure = (...value: Data[]): Data => ({ type: "structure", value });
const array = (...value: Data[]): Data => ({ type: "array", value });
const u8 = (value: number): Data => ({ type: "unsigned", value });
const u16 = (value: number): Data => ({ type: "long-unsigned", value });

describe("the objects that every meter has", () => {
  it("O2: tell the association that is open, the logical devices, and a name that begins with a FLAG", async () => {
    const client = await new Bench(aMeter().meter).client({ client: 1 }).open();
    const read = async (classId: number, instance: string, id: number): Promise<Data> =>
      dataOfResult((await client.get([classId, instance, id]))[0]);
    expect(await read(15, "0.0.40.0.0.255", 8)).toEqual({ type: "enum", value: 2 });
    expect(elementsIn(await read(15, "0.0.40.0.0.255", 3))).toEqual([{ type: "integer", value: 1 }, u16(1)]);
    const devices = rowsIn(await read(17, "0.0.41.0.0.255", 2));
    const saps = devices.map(([sap]) => JSON.stringify(sap));
    expect(new Set(saps).size).toBe(saps.length);
    const names = devices.map(([, of]) => new TextDecoder().decode((of as { value: Uint8Array }).value));
    expect(new Set(names).size).toBe(names.length);
    const own = (await read(1, "0.0.42.0.0.255", 2)) as { value: Uint8Array };
    expect(names).toEqual([new TextDecoder().decode(own.value)]);
    expect(names[0]).toMatch(/^[A-Z]{3}/);
    expect(own.value.length).toBeLessThanOrEqual(16);
  });
});

describe("references together and alone", () => {
  it("O3: give the same: ten values; a short and a long one; the first attributes of one object", async () => {
    const { meter } = aMeter();
    const client = await new Bench(meter).client({ client: 1, maxReceivePduSize: 200 }).open();
    const values = [3, 3, 1, 1, 1].map((classId, at) => {
      const instances = ["1.0.1.8.0.255", "1.0.32.7.0.255", "0.0.96.1.10.255", "0.0.96.1.11.255", "0.0.96.1.12.255"];
      return [classId, instances[at] as string, 2] as const;
    });
    const sets: (readonly (readonly [number, string, number])[])[] = [
      [...values, ...values],
      [
        [1, "0.0.96.1.10.255", 2],
        [15, "0.0.40.0.0.255", 2],
      ],
      [1, 2, 3].map((id) => [3, "1.0.1.8.0.255", id] as const),
    ];
    for (const references of sets) {
      const together = (await client.get(...references)).map(dataOfResult);
      const alone: Data[] = [];
      for (const one of references) alone.push(dataOfResult((await client.get(one))[0]));
      expect(together).toEqual(alone);
    }
  });
});

describe("a profile read in part", () => {
  const time = clock();
  const energy = register(
    "1.0.1.8.0.255",
    { type: T.doubleLongUnsigned, value: 0, unit: "Wh" },
    {
      read: { value: (_, { now }) => (now / 1000) % 100_000 },
    },
  );
  const load = profileGeneric("1.0.99.1.0.255", { capture: [time, energy], entries: 50, period: 900 });

  async function filled() {
    const made = await wired([time, energy, load]);
    await made.client.release();
    for (let at = 0; at < 8; at++) {
      made.bench.clock.advance(900_000);
      await made.bench.settle(2);
    }
    return { client: await made.bench.client().open() };
  }
  const readWith = async (client: Client, selector: number, parameters: DataLike): Promise<(readonly Data[])[]> => {
    const item = {
      ...{ classId: 7, instanceId: load.instance, attributeId: 2 },
      access: { selector, parameters: treeOf(parameters) },
    };
    const [result] = (await client.request({ service: "get", items: [item] })) as { data: DataLike }[];
    return rowsIn(dataOfResult(result));
  };
  const plain = async (client: Client): Promise<(readonly Data[])[]> =>
    rowsIn(dataOfResult((await client.get([7, load.instance, 2]))[0]));

  it("O4: by range: the whole, outside, a part with all columns, a part with one", async () => {
    const { client } = await filled();
    const whole = await plain(client);
    expect(whole.length).toBeGreaterThanOrEqual(5);
    const range = (from: Data, to: Data, ...columns: (typeof time | typeof energy)[]) =>
      readWith(
        client,
        1,
        dataOf(RangeDescriptor, {
          ...{ restrictingObject: captureObject(time), from, to },
          selectedValues: columns.map((one) => captureObject(one)),
        }),
      );
    const stamp = (row: number): Data => whole[row]?.[0] as Data;
    const year = (at: number): Data => name(Uint8Array.of(at >> 8, at & 0xff, 1, 1, 0xff, 0, 0, 0, 0, 0x80, 0, 0));
    expect(await range(stamp(0), stamp(whole.length - 1))).toEqual(whole);
    expect(await range(year(2000), year(2050))).toEqual(whole);
    expect(await range(year(2000), year(2001))).toEqual([]);
    expect(await range(year(2049), year(2050))).toEqual([]);
    expect(await range(stamp(2), stamp(4))).toEqual(whole.slice(2, 5));
    expect(await range(stamp(2), stamp(4), time, energy)).toEqual(whole.slice(2, 5));
    expect(await range(stamp(2), stamp(4), energy)).toEqual(whole.slice(2, 5).map(([, value]) => [value]));
    expect(await range(stamp(4), stamp(2))).toEqual([]);
  });

  it("O5: by entry: one cell, 0 as all there are, a part", async () => {
    const { client } = await filled();
    const whole = await plain(client);
    const entries = (fromEntry: number, toEntry: number, fromSelectedValue: number, toSelectedValue: number) =>
      readWith(client, 2, dataOf(EntryDescriptor, { fromEntry, toEntry, fromSelectedValue, toSelectedValue }));
    expect(await entries(1, 1, 1, 1)).toEqual([[whole[0]?.[0]]]);
    expect(await entries(1, 0, 1, 0)).toEqual(whole);
    expect(await entries(2, 4, 1, 0)).toEqual(whole.slice(1, 4));
    expect(await entries(2, 4, 2, 2)).toEqual(whole.slice(1, 4).map(([, value]) => [value]));
    expect(await entries(3, 0, 2, 0)).toEqual(whole.slice(2).map(([, value]) => [value]));
    expect(await entries(100, 0, 1, 0)).toEqual([]);
    expect(await entries(4, 2, 1, 0)).toEqual([]);
  });
});

describe("dummies of zeros", () => {
  it("O6, O8: are written, read again, and do nothing, in classes 6, 7, 9, 11, 20, 21 and 22", async () => {
    const activation = registerActivation("0.0.14.0.0.255", { registers: [], masks: [] });
    const scripts = scriptTable("0.0.10.0.0.255", []);
    const days = specialDays("0.0.11.0.0.255", []);
    const schedule = singleActionSchedule("0.0.15.0.0.255", {
      executedScript: { scriptLogicalName: scripts.instance, scriptSelector: 1 },
      type: 1,
      executionTime: [],
    });
    const value = register("1.0.1.7.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "W" });
    const monitor = registerMonitor("0.0.16.1.0.255", { monitored: [value, 2], thresholds: [], actions: [] });
    const calendar = activityCalendar("0.0.13.0.0.255", {
      active: { calendarName: Uint8Array.of(0), seasonProfile: [], weekProfileTable: [], dayProfileTable: [] },
    });
    const load = profileGeneric("1.0.99.1.0.255", { capture: [value], entries: 10 });
    const objects = [activation, scripts, days, schedule, value, monitor, calendar, load];
    const { write, read, invoke, bench } = await wired(objects);
    const nothing: Data = { type: "null-data" };
    const action = (service: number): Data =>
      structure({ type: "enum", value: service }, u16(0), name(zeros), { type: "integer", value: 0 }, nothing);
    const cases = [
      [activation, 2, array(structure(u16(0), name(zeros)))],
      [activation, 3, array(structure(name(Uint8Array.of(0)), array(u8(0))))],
      [scripts, 2, array(structure(u16(1), array(action(0), action(1), action(2))))],
      [days, 2, array(structure(u16(0), name(Uint8Array.of(0, 0, 0, 0, 0)), u8(0)))],
      [schedule, 2, structure(name(zeros), u16(0))],
      [schedule, 4, array(structure(name(Uint8Array.of(0, 0, 0, 0)), name(Uint8Array.of(0, 0, 0, 0, 0))))],
      [monitor, 4, array(structure(structure(name(zeros), u16(0)), structure(name(zeros), u16(0))))],
      [calendar, 7, array(structure(name(Uint8Array.of(0)), name(new Uint8Array(12)), name(Uint8Array.of(0))))],
      [calendar, 8, array(structure(name(Uint8Array.of(0)), ...new Array<Data>(7).fill(u8(0))))],
      [calendar, 9, array(structure(u8(0), array(structure(name(Uint8Array.of(0, 0, 0, 0)), name(zeros), u16(0)))))],
      [load, 3, array(structure(u16(0), name(zeros), { type: "integer", value: 0 }, u16(0)))],
    ] as const;
    for (const [object, id, value] of cases) {
      const what = `${object.instance} ${id}`;
      expect(await write(object, id, value), what).toBe("success");
      expect(await read(object, id), what).toEqual(value);
    }
    expect(await invoke(scripts, 1, u16(1))).toBe("success");
    expect(bench.events.filter(({ type }) => type === "hook-failed")).toEqual([]);
  });
});
