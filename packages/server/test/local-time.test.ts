import { type DataLike, fromData, T, treeOf } from "@dlmskit/apdu";
import { type CosemDateTime, instantOf } from "@dlmskit/core";
import {
  type AnyObject,
  clock,
  interfaceClass,
  object,
  profileGeneric,
  type ZoneSettings,
} from "@dlmskit/cosem-objects";
import { openMemoryStore } from "@dlmskit/storage";
import { VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { berlin } from "../../../test/zones.ts";
import { Meter, meter, meterTemplate, none, Server, SimulatedTime } from "../src/index.ts";

const open = { open: { client: 16, security: none(), access: "full" as const } };
const minute = 60_000;
const day = 86_400_000;
const from = Date.UTC(2026, 0, 1, 0, 0);

/** A meter in simulated time, whose profiles capture the clock. */
function capturing(periods: readonly number[], zone: Partial<ZoneSettings> = berlin) {
  const time = clock("0.0.1.0.0.255", {}, { zone });
  const profiles = periods.map((period, at) =>
    profileGeneric(`1.0.99.${at + 1}.0.255`, { capture: [time], period, entries: 100_000 }),
  );
  const made = meter({ name: "ABC1", objects: [time, ...profiles], associations: open });
  const machine = new VirtualClock();
  const simulated = new SimulatedTime({ source: () => machine.now(), start: from });
  new Server({ meters: made, clock: machine, time: simulated });
  const stamps = (at: number): CosemDateTime[] => {
    const data = treeOf(
      made.get({ classId: 7, instanceId: `1.0.99.${at + 1}.0.255`, attributeId: 2 }) as DataLike,
    ) as unknown as { value: readonly { value: readonly [DataLike] }[] };
    return data.value.map(({ value: [stamp] }) => fromData(T.dateTimeOctets, stamp));
  };
  return { made, machine, simulated, stamps, time };
}

describe("local time with daylight saving", () => {
  it("a year of captures: each quarter of an hour and each local midnight once, in the repeated hour both", () => {
    const { machine, stamps } = capturing([900, 86_400]);
    machine.advance(365 * day);
    const quarters = stamps(0);
    expect(quarters.map((stamp) => instantOf(stamp))).toEqual(
      Array.from({ length: 365 * 96 }, (_, at) => from + (at + 1) * 900_000),
    );
    expect(new Set(quarters.map(({ deviation, status }) => `${deviation} ${status}`))).toEqual(
      new Set(["-60 0", "-120 128"]),
    );
    const twice = quarters.filter(({ month, day, hour }) => month === 10 && day === 25 && hour === 2);
    expect(twice.map(({ minute, deviation }) => `${minute} ${deviation}`)).toEqual([
      ...["0 -120", "15 -120", "30 -120", "45 -120"],
      ...["0 -60", "15 -60", "30 -60", "45 -60"],
    ]);
    const days = stamps(1);
    expect(days).toHaveLength(365);
    expect(new Set(days.map(({ hour, minute, second }) => `${hour}:${minute}:${second}`))).toEqual(new Set(["0:0:0"]));
  });

  it("a zone that is written moves local time, not the clock, and plans anew what is due", async () => {
    const { made, machine, stamps } = capturing([86_400], { timeZone: 0 });
    await made.set({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 3 }, { type: "long", value: -330 });
    machine.advance(day);
    expect(stamps(0).map((stamp) => instantOf(stamp))).toEqual([from + day - 330 * minute]);
  });
});

describe("a clock that is set", () => {
  const boundary = from + 900_000;
  const rowsAfter = (before: number, to: number): number[] => {
    const { made, machine, stamps } = capturing([900], { timeZone: 0 });
    machine.advance(before - from);
    void made.setClock(to);
    machine.advance(30_000);
    return stamps(0).map((stamp) => instantOf(stamp) as number);
  };

  it("6.6: by up to 9 s is synchronised: a boundary is captured exactly once", () => {
    expect(rowsAfter(boundary - 3000, boundary + 5000)).toEqual([boundary]);
    expect(rowsAfter(boundary + 3000, boundary - 5000)).toEqual([boundary]);
    expect(rowsAfter(boundary - 30_000, boundary - 21_000)).toEqual([boundary]);
  });

  it("by more passes over what was due, or has it again", () => {
    expect(rowsAfter(boundary - 3000, boundary + 6001)).toEqual([]);
    expect(rowsAfter(boundary + 3000, boundary - 7000)).toEqual([boundary, boundary]);
  });
});

const ran: string[] = [];
/** Acts each minute, or as a board of the other class says. */
const Board = interfaceClass({
  classId: 9000,
  version: 0,
  name: "Board",
  attributes: { minutes: { id: 2, type: T.unsigned, access: "rw" } },
  methods: {},
});
const actor = (name: string, order: number) =>
  interfaceClass({
    classId: 9001,
    version: 0,
    name,
    attributes: { count: { id: 2, type: T.unsigned }, seen: { id: 0, type: T.unsigned, optional: true } },
    methods: {},
    time: {
      ...{ missed: "each" as const, order, watches: [9000] },
      next(_, { objects, values }, after) {
        const board = objects.find((one: AnyObject) => one.spec === Board);
        const minutes = board === undefined ? 1 : (values(board) as { minutes: number }).minutes;
        return minutes === 0 ? undefined : (Math.floor(after / (minutes * minute)) + 1) * minutes * minute;
      },
      moved: (_, __, before, to) => (to > before ? [before + order, to - order] : []),
      run(values, _, at) {
        values.count++;
        values.seen = values.count;
        ran.push(`${name} ${at - from}`);
      },
    },
  });

describe("what is due", () => {
  const First = actor("first", 10);
  const Second = actor("second", 20);
  const template = () => {
    const board = object(Board, "0.0.96.1.9.255", { minutes: 1 });
    const objects = [
      board,
      object(Second, "0.0.96.1.2.255", { count: 0 }),
      object(First, "0.0.96.1.1.255", { count: 0 }),
    ];
    return meterTemplate({ objects, associations: open });
  };
  const running = (made: Meter, store?: Awaited<ReturnType<typeof openMemoryStore>>) => {
    const machine = new VirtualClock();
    const time = new SimulatedTime({ source: () => machine.now(), start: from });
    ran.length = 0;
    return {
      machine,
      server: new Server({ meters: made, clock: machine, time, ...(store === undefined ? {} : { store }) }),
    };
  };

  it("at one instant goes in the order of the classes, and follows objects that the class watches", async () => {
    const made = new Meter(template(), { name: "ABC1" });
    const { machine } = running(made);
    machine.advance(minute);
    expect(ran).toEqual(["first 60000", "second 60000"]);
    await made.set({ classId: 9000, instanceId: "0.0.96.1.9.255", attributeId: 2 }, { type: "unsigned", value: 3 });
    ran.length = 0;
    machine.advance(3 * minute);
    expect(ran).toEqual(["first 180000", "second 180000"]);
  });

  it("after the clock was set is run late as the class says, merged by when it was due", () => {
    const made = new Meter(template(), { name: "ABC1" });
    const { machine } = running(made);
    machine.advance(1000);
    void made.setClock(from + 5 * minute + 1000);
    machine.advance(1);
    expect(ran).toEqual(["first 1010", "second 1020", "second 300980", "first 300990"]);
  });

  it("keeps what an object keeps for itself, which no client reaches", async () => {
    const store = await openMemoryStore();
    const settled = async (machine: VirtualClock, ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += 10_000) {
        machine.advance(10_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const first = template();
    const made = new Meter(first, { name: "ABC1" });
    const { machine, server } = running(made, store);
    await settled(machine, 2 * minute);
    await server.close();
    const kept = (await store.values.of(made.id)).filter(({ classId }) => classId === 9001);
    expect(kept.map(({ attributeId, encoded }) => `${attributeId} ${encoded.join(" ")}`)).toEqual([
      ...["0 17 2", "2 17 2", "0 17 2", "2 17 2"],
    ]);
    const again = new Meter(template(), { name: "ABC1" });
    const second = running(again, store);
    await settled(second.machine, minute);
    const object = [...again.template.devices.values()][0]?.objects.find((one) => one.spec === First);
    expect(
      object === undefined
        ? undefined
        : await again.get({ ...{ classId: 9001, attributeId: 2 }, instanceId: object.instance }),
    ).toBeDefined();
    await expect(
      (async () =>
        again.set({ classId: 9001, instanceId: "0.0.96.1.1.255", attributeId: 0 }, { type: "unsigned", value: 9 }))(),
    ).rejects.toThrow();
    await second.server.close();
  });
});

it("goes on as the template has it where a kept attribute of the Clock cannot be read", async () => {
  const store = await openMemoryStore();
  const taken = await store.keeping.take(
    "ABC1",
    { clients: [], setups: [] },
    {
      ...{ meterId: "ABC1", serial: "ABC1", logicalDeviceName: "ABC1", systemTitle: new Uint8Array(8), seed: "" },
      ...{ template: "custom", commissionedAt: 0 },
    },
  );
  if (!taken.taken) throw new Error("not taken");
  const row = { logicalDevice: 1, classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 3, updatedAt: 0 };
  await store.keeping.commit({ lease: taken.lease, values: [{ ...row, encoded: Uint8Array.of(99) }] });
  const time = clock("0.0.1.0.0.255", {}, { zone: berlin });
  const load = profileGeneric("1.0.99.1.0.255", { capture: [time], period: 900, entries: 10 });
  const made = new Meter(meterTemplate({ objects: [time, load], associations: open }), { name: "ABC1" });
  const machine = new VirtualClock();
  const simulated = new SimulatedTime({ source: () => machine.now(), start: from });
  const events: string[] = [];
  const server = new Server({
    ...{ meters: made, clock: machine, time: simulated, store },
    events: (event) => void events.push(event.type),
  });
  const leave = made.use();
  await made.enter(undefined);
  for (let at = 0; at < 4; at++) await machine.advanceAsync(900_000);
  await made.settled();
  const shown = await made.get({ classId: 8, instanceId: time.instance, attributeId: 2 });
  expect(fromData(T.dateTimeOctets, shown).deviation).toBe(-60);
  const rows = await made.get({ classId: 7, instanceId: load.instance, attributeId: 7 });
  expect(treeOf(rows)).toMatchObject({ value: 4 });
  expect(events.filter((type) => type === "store-failed")).toHaveLength(1);
  leave();
  await server.close();
});
