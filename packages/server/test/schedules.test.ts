import { T } from "@dlmskit/apdu";
import type { CosemDateTime } from "@dlmskit/core";
import {
  activityCalendar,
  clock,
  dataObject,
  register,
  registerActivation,
  scriptTable,
  singleActionSchedule,
} from "@dlmskit/cosem-objects";
import { openMemoryStore } from "@dlmskit/storage";
import { VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { berlin, every } from "../../../test/zones.ts";
import { Meter, meterTemplate, none, Server, type ServerEvent, SimulatedTime } from "../src/index.ts";

const associations = { open: { client: 16, security: none(), access: "full" as const } };
const hour = 3_600_000;
const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const at = (hours: number) => ({ hour: hours, minute: 0, second: 0, hundredths: 0 });
const tariffScripts = "0.0.10.0.100.255";
const script = (scriptSelector: number, table = tariffScripts) => ({ scriptLogicalName: table, scriptSelector });
const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

/** A meter of Berlin: day tariff from 6 to 22 o'clock, and a day's end that is counted; one script fails. */
function template() {
  const rates = [1, 2].map((rate) =>
    register(`1.0.1.8.${rate}.255`, { type: T.doubleLongUnsigned, value: 0, unit: "Wh" }),
  );
  const activation = registerActivation("0.0.14.0.0.255", {
    registers: rates,
    masks: [
      { maskName: octets("day"), indexList: [1] },
      { maskName: octets("night"), indexList: [2] },
    ],
    activeMask: octets("night"),
  });
  const ends = dataObject(
    "0.0.96.60.0.255",
    { type: T.doubleLongUnsigned, value: 0 },
    {
      write: {
        value(values, _, { now }) {
          values.value = (values.value as number) + 1;
          stamps.push(now);
        },
      },
    },
  );
  const stamps: number[] = [];
  const write = (object: { spec: { classId: number }; instance: string }, attribute: number, parameter: unknown) =>
    ({ serviceId: 1, classId: object.spec.classId, instanceId: object.instance, index: attribute, parameter }) as never;
  const scripts = scriptTable(tariffScripts, [
    { scriptIdentifier: 1, actions: [write(activation, 4, { type: "octet-string", value: octets("day") })] },
    { scriptIdentifier: 2, actions: [write(activation, 4, { type: "octet-string", value: octets("night") })] },
  ]);
  const endOfDay = scriptTable("0.0.10.0.1.255", [
    { scriptIdentifier: 1, actions: [write(ends, 2, { type: "double-long-unsigned", value: 0 })] },
    {
      scriptIdentifier: 2,
      actions: [write({ spec: { classId: 1 }, instance: "0.0.96.61.0.255" }, 2, { type: "null-data" })],
    },
  ]);
  const day = [1, 2].map((selector) => ({ startTime: at(selector === 1 ? 6 : 22), ...script(selector) }));
  const calendar = activityCalendar("0.0.13.0.0.255", {
    active: {
      calendarName: octets("now"),
      seasonProfile: [{ seasonProfileName: octets("all"), seasonStart: every, weekName: octets("w") }],
      weekProfileTable: [
        {
          weekProfileName: octets("w"),
          ...(Object.fromEntries(weekdays.map((name) => [name, 1])) as Record<(typeof weekdays)[number], number>),
        },
      ],
      dayProfileTable: [{ dayId: 1, daySchedule: day }],
    },
  });
  const daily = (date: Partial<CosemDateTime> = {}) => [
    { time: at(0), date: { year: null, month: null, day: null, dayOfWeek: null, ...date } },
  ];
  const billing = singleActionSchedule("0.0.15.0.0.255", {
    executedScript: script(1, "0.0.10.0.1.255"),
    type: 3,
    executionTime: daily(),
  });
  const broken = singleActionSchedule("0.0.15.0.1.255", {
    executedScript: script(2, "0.0.10.0.1.255"),
    type: 3,
    executionTime: daily({ day: 1 }),
  });
  const time = clock("0.0.1.0.0.255", {}, { zone: berlin });
  const objects = [time, ...rates, activation, ends, scripts, endOfDay, calendar, billing, broken];
  return { compiled: meterTemplate({ objects, associations }), stamps };
}

describe("scripts, calendars and schedules of a meter that is served", () => {
  it("O16, O18: follow local time through both switches and over restarts; a script that fails is told, and the rest goes on", async () => {
    const store = await openMemoryStore();
    // Half past: what was due at the full hour is kept by then.
    const from = Date.UTC(2026, 2, 27, 23, 30);
    const events: ServerEvent[] = [];
    const seen: string[] = [];
    const stamps: number[] = [];
    let done = from;
    for (const until of [from + 60 * hour, from + 10 * 24 * hour, from + 215 * 24 * hour]) {
      const { compiled, stamps: own } = template();
      const meter = new Meter(compiled, { name: "ABC1" });
      const machine = new VirtualClock();
      const time = new SimulatedTime({ source: () => machine.now(), start: done });
      const server = new Server({
        meters: meter,
        clock: machine,
        time,
        store,
        events: (event) => void events.push(event),
      });
      const leave = meter.use();
      await meter.enter(undefined);
      while (done < until) {
        done += hour;
        await machine.advanceAsync(hour);
        await meter.settled();
        const mask = (await meter.get({ classId: 6, instanceId: "0.0.14.0.0.255", attributeId: 4 })) as never;
        const name = Buffer.from((mask as { octets?: Uint8Array; value?: Uint8Array }).octets ?? [])
          .toString("latin1")
          .slice(2);
        const local = new Date(done).toLocaleString("sv-SE", { timeZone: "Europe/Berlin" }).slice(11, 13);
        seen.push(`${local} ${name}`);
      }
      leave();
      await server.close();
      stamps.push(...own);
    }
    const expected = (text: string): string => {
      const now = Number(text.slice(0, 2));
      return now >= 6 && now < 22 ? "day" : "night";
    };
    expect(seen.filter((one) => one.slice(3) !== expected(one))).toEqual([]);
    const midnights = stamps.map((stamp) =>
      new Date(Math.floor(stamp / 1000) * 1000).toLocaleString("sv-SE", { timeZone: "Europe/Berlin" }).slice(11),
    );
    expect([...new Set(midnights)]).toEqual(["00:00:00"]);
    expect(new Set(stamps.map((stamp) => Math.floor(stamp / 1000))).size).toBe(stamps.length);
    expect(stamps.length).toBe(215);
    // On the first of each month: told once as the action that failed, once as the script that ran it.
    const told = events.flatMap((event) => (event.type === "hook-failed" ? [event.what] : []));
    expect(told.filter((what) => what.startsWith("script 2 of 0.0.10.0.1.255, run by 0.0.15.0.1.255")).length).toBe(7);
    expect(told).toHaveLength(14);
  });
});
