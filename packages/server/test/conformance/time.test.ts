import { type Data, dataOf, T } from "@dlmskit/apdu";
import { type CosemDateTime, dateTimeOf, toHex, unspecifiedDateTime } from "@dlmskit/core";
import {
  ActivityCalendar,
  type AnyObject,
  activityCalendar,
  clock,
  limiter,
  profileGeneric,
  registerMonitor,
  scriptTable,
  singleActionSchedule,
  specialDays,
} from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { berlin } from "../../../../test/zones.ts";
import { power, script, table, u32 } from "../a-served-meter.ts";
import { elementsIn, rowsIn, wired } from "./a-wire.ts";

const hour = 3600;
const u16 = (value: number): Data => ({ type: "long-unsigned", value });
const stampOf = (instant: number): Data => dataOf(T.dateTimeOctets, dateTimeOf(instant, 0, 0)) as never;
const scripted = (ran: string[]) =>
  scriptTable(
    table,
    [],
    {},
    { invoke: { execute: (_, id, { now }) => void ran.push(`${new Date(now).toISOString().slice(0, 16)} ${id}`) } },
  );
const numberOf = (data: Data): number => (data as { value: number }).value;

/** A meter of Berlin whose clock a client set. */
async function inBerlin(objects: readonly AnyObject[], now: number) {
  const time = clock("0.0.1.0.0.255", {}, { zone: berlin });
  const life = await wired([time, ...objects]);
  expect(await life.write(time, 2, stampOf(now))).toBe("success");
  return { ...life, time };
}

describe("a profile that a client configures", () => {
  it("O12: period, columns and number of entries clear it; it keeps the newest; entries_in_use tells", async () => {
    const time = clock();
    const value = power();
    const load = profileGeneric("1.0.99.1.0.255", { capture: [time, value], entries: 100, period: 900 });
    const { read, write, invoke, go } = await wired([time, value, load]);
    const inUse = async (): Promise<number> => numberOf(await read(load, 7));
    const rows = async (): Promise<(readonly Data[])[]> => rowsIn(await read(load, 2));
    await go(2 * hour, 900);
    expect(await inUse()).toBe(8);
    expect(await write(load, 4, u32(60))).toBe("success");
    expect(await inUse()).toBe(0);
    await go(600, 60);
    expect(await inUse()).toBe(10);
    expect(await write(load, 8, u32(3))).toBe("success");
    expect(await inUse()).toBe(0);
    const written: number[] = [];
    for (let at = 1; at <= 5; at++) {
      await write(value, 2, u32(at));
      await go(60);
      written.push(at);
    }
    expect(await inUse()).toBe(3);
    expect((await rows()).map((row) => numberOf(row[1] as Data))).toEqual(written.slice(-3));
    const [column] = elementsIn(await read(load, 3));
    expect(await write(load, 3, { type: "array", value: [column as Data] })).toBe("success");
    expect(await inUse()).toBe(0);
    await go(60);
    expect((await rows()).map((row) => row.length)).toEqual([1]);
    expect(await write(load, 4, u32(0))).toBe("success");
    await go(hour);
    expect(await inUse()).toBe(0);
    expect(await invoke(load, 2)).toBe("success");
    expect(await inUse()).toBe(1);
    expect(await invoke(load, 1)).toBe("success");
    expect(await inUse()).toBe(0);
  });
});

describe("a clock that a client sets", () => {
  const stampsOf = (data: Data): string[] =>
    rowsIn(data).map(([stamp]) => toHex((stamp as { value: Uint8Array }).value));

  it.each([
    ["spring", Date.UTC(2026, 2, 28, 22, 30), 23],
    ["autumn", Date.UTC(2026, 9, 24, 21, 30), 25],
  ] as const)("O13: the day of the switch in %s has its hours, none lost and none twice", async (_, from, hours) => {
    const column = { classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2, dataIndex: 0 };
    const load = profileGeneric("1.0.99.1.0.255", { capture: [column], entries: 100, period: 3600 });
    const { read, go } = await inBerlin([load], from);
    await go(26 * hour + 300, 900);
    const stamps = stampsOf(await read(load, 2));
    const day = stamps.map((stamp) => stamp.slice(0, 8)).find((one, at, all) => all.indexOf(one) !== at);
    expect(stamps.filter((stamp) => stamp.startsWith(day as string))).toHaveLength(hours);
    expect(new Set(stamps).size).toBe(stamps.length);
    // The status of a stamp tells of daylight saving.
    const statuses = new Set(stamps.map((stamp) => stamp.slice(-2)));
    expect(statuses).toEqual(new Set(["00", "80"]));
  });

  it("O13: adjusts to the quarter, the period, the minute, by a shift and to a preset time", async () => {
    const base = Date.UTC(2026, 4, 4, 10, 0, 0);
    const time = clock();
    const { write, invoke, meter } = await wired([time]);
    const at = (): number => meter.now - base;
    const near = (seconds: number): void => {
      expect(Math.abs(at() - seconds * 1000)).toBeLessThan(900);
    };
    const set = async (seconds: number) => expect(await write(time, 2, stampOf(base + seconds * 1000))).toBe("success");
    await set(7 * 60 + 40);
    expect(await invoke(time, 1)).toBe("success");
    near(15 * 60);
    await set(7 * 60 + 20);
    expect(await invoke(time, 1)).toBe("success");
    near(0);
    await set(7 * 60 + 40);
    expect(await invoke(time, 3)).toBe("success");
    near(8 * 60);
    expect(await invoke(time, 6, { type: "long", value: -60 })).toBe("success");
    near(7 * 60);
    expect(await invoke(time, 6, { type: "long", value: 901 })).not.toBe("success");
    const preset = (...instants: number[]): Data => ({
      type: "structure",
      value: instants.map((seconds) => stampOf(base + seconds * 1000)),
    });
    expect(await invoke(time, 5, preset(1000, 0, 2000))).toBe("success");
    near(7 * 60);
    expect(await invoke(time, 4)).toBe("success");
    near(1000);
  });
});

describe("limits that a client sets", () => {
  it("O15, O7: a limiter and a monitor act once a crossing; thresholds are of the type of the value", async () => {
    const ran: string[] = [];
    const value = power();
    const limit = limiter("0.0.17.0.0.255", {
      ...{ monitored: [value, 2], thresholdNormal: u32(1000) as never },
      ...{ minOverThresholdDuration: 60, minUnderThresholdDuration: 30 },
      actions: { actionOverThreshold: script(1), actionUnderThreshold: script(2) },
    });
    const monitor = registerMonitor("0.0.16.1.0.255", {
      ...{ monitored: [value, 2], thresholds: [u32(500)] as never },
      actions: [{ actionUp: script(3), actionDown: script(4) }],
    });
    const { write, read, go } = await wired([value, limit, monitor, scripted(ran)]);
    const came = (): string[] => ran.splice(0).map((one) => one.split(" ")[1] as string);
    expect(await write(monitor, 2, { type: "array", value: [u16(5)] })).toBe("other-reason");
    expect(await read(monitor, 2)).toEqual({ type: "array", value: [u32(500)] });
    await write(value, 2, u32(1500));
    await go(50);
    await write(value, 2, u32(1600));
    expect(came()).toEqual(["3"]);
    await go(300, 50);
    expect(came()).toEqual(["1"]);
    await write(value, 2, u32(10));
    await go(300, 50);
    expect(came()).toEqual(["4", "2"]);
    // Shorter than the durations: the monitor alone.
    await write(value, 2, u32(2000));
    await go(40);
    await write(value, 2, u32(10));
    await go(100, 50);
    expect(came()).toEqual(["3", "4"]);
  });
});

describe("what a client plans", () => {
  const day = (dayId: number, ...actions: readonly (readonly [number, number])[]) => ({
    dayId,
    daySchedule: actions.map(([at, id]) => ({
      startTime: { hour: at, minute: 0, second: 0, hundredths: 0 },
      ...script(id),
    })),
  });
  const name = (text: string): Uint8Array => new TextEncoder().encode(text);
  const week = (of: string, id: number) => ({
    weekProfileName: name(of),
    ...{ monday: id, tuesday: id, wednesday: id, thursday: id, friday: id, saturday: id, sunday: id },
  });
  const season = (of: string, month: number, weekName: string) => ({
    seasonProfileName: name(of),
    seasonStart: { ...unspecifiedDateTime, month, day: 1, hour: 0, minute: 0, second: 0 } as CosemDateTime,
    weekName: name(weekName),
  });

  it("O16: a calendar is activated at its time, has its season over the new year, and its special days", async () => {
    const ran: string[] = [];
    const calendar = activityCalendar("0.0.13.0.0.255", {
      active: { calendarName: name("old"), seasonProfile: [], weekProfileTable: [], dayProfileTable: [] },
    });
    const days = specialDays("0.0.11.0.0.255", []);
    const { write, read, go } = await inBerlin([calendar, days, scripted(ran)], Date.UTC(2026, 11, 30, 11, 30));
    const { attributes } = ActivityCalendar;
    const passive: readonly (readonly [keyof typeof attributes, unknown])[] = [
      ["calendarNamePassive", name("new")],
      ["seasonProfilePassive", [season("s", 4, "sw"), season("w", 11, "ww")]],
      ["weekProfileTablePassive", [week("sw", 1), week("ww", 2)]],
      ["dayProfileTablePassive", [day(1, [6, 1]), day(2, [6, 2], [22, 3]), day(3, [8, 4])]],
      ["activatePassiveCalendarTime", dateTimeOf(Date.UTC(2026, 11, 30, 12), -60, 0)],
    ];
    for (const [attribute, value] of passive) {
      const { id, type } = attributes[attribute];
      expect(await write(calendar, id, dataOf(type as never, value as never) as never), attribute).toBe("success");
    }
    const special = { type: "octet-string", value: Uint8Array.of(0xff, 0xff, 1, 1, 0xff) } as const;
    const entry: Data = { type: "structure", value: [u16(1), special, { type: "unsigned", value: 3 }] };
    expect(await write(days, 2, { type: "array", value: [entry] })).toBe("success");
    await go(4 * 24 * hour, hour);
    expect(await read(calendar, 2)).toEqual({ type: "octet-string", value: name("new") });
    // Local time is one hour ahead. At activation the entry that is in force runs.
    expect(ran.slice(1)).toEqual([
      ...["2026-12-30T21:00 3", "2026-12-31T05:00 2", "2026-12-31T21:00 3"],
      "2027-01-01T07:00 4",
      ...["2027-01-02T05:00 2", "2027-01-02T21:00 3", "2027-01-03T05:00 2"],
    ]);
    expect(ran[0]).toBe("2026-12-30T12:00 2");
  });

  it("O18: a single action schedule runs once a day, through both switches", async () => {
    for (const [from, stamps] of [
      [Date.UTC(2026, 2, 27, 11), ["2026-03-28T01:30 1", "2026-03-29T01:00 1", "2026-03-30T00:30 1"]],
      [Date.UTC(2026, 9, 23, 11), ["2026-10-24T00:30 1", "2026-10-25T00:30 1", "2026-10-26T01:30 1"]],
    ] as const) {
      const ran: string[] = [];
      const schedule = singleActionSchedule("0.0.15.0.0.255", {
        executedScript: script(1),
        type: 1,
        executionTime: [],
      });
      const { write, go } = await inBerlin([schedule, scripted(ran)], from);
      const daily: Data = {
        type: "structure",
        value: [
          { type: "octet-string", value: Uint8Array.of(2, 30, 0, 0) },
          { type: "octet-string", value: Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff) },
        ],
      };
      expect(await write(schedule, 4, { type: "array", value: [daily] })).toBe("success");
      await go(72 * hour, 900);
      expect(ran).toEqual(stamps);
    }
  });
});
