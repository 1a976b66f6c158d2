import { dataOf, T, treeOf } from "@dlmskit/apdu";
import { dateTimeOf } from "@dlmskit/core";
import {
  activityCalendar,
  clock,
  interfaceClass,
  object,
  profileGeneric,
  schedule,
  scriptTable,
  singleActionSchedule,
  type Timeline,
  timeOrder,
} from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { every } from "../../../test/zones.ts";
import { Meter, meterTemplate, none, Server, type ServerEvent, SimulatedTime } from "../src/index.ts";
import { Bench } from "./a-client.ts";
import { aMeter } from "./a-meter.ts";

const from = Date.UTC(2026, 2, 2);
const hour = 3_600_000;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const at = (hours: number, minute = 0) => ({ hour: hours, minute, second: 0, hundredths: 0 });
const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const scripts = "0.0.10.0.100.255";
const script = (scriptSelector: number) => ({ scriptLogicalName: scripts, scriptSelector });
const anyDay = { year: null, month: null, day: null, dayOfWeek: null };
const daily = "1111111";
const entry = (index: number, hours: number, validityWindow = 0xffff) => ({
  ...{ index, enable: true, ...script(index), switchTime: at(hours), validityWindow },
  ...{ execWeekdays: daily, execSpecdays: "", beginDate: anyDay, endDate: anyDay },
});
const text = (instant: number): string => new Date(instant).toISOString().slice(11, 16);

/** Has a volatile value, and closes what it measures when the power comes back. */
const Meterlike = interfaceClass({
  classId: 40_000,
  version: 0,
  name: "Something that measures",
  attributes: {
    running: { id: 2, type: T.unsigned, static: false, access: "rw", volatile: true },
    kept: { id: 3, type: T.unsigned, static: false, access: "rw" },
  },
  methods: {},
});

/** A meter whose scripts and power-ups are noted. */
function template() {
  const ran: string[] = [];
  const note = (what: string, now: number): void => void ran.push(`${text(now)} ${what}`);
  const measuring = (instance: string, order: number) => {
    const time: Timeline = {
      ...{ order, missed: "each", next: () => undefined, run: () => undefined },
      poweredUp(values, { now }, down, up) {
        values.kept = 7;
        note(`${instance.slice(7, 8)} ${text(down)}-${text(up)} ${values.running}`, now);
      },
    };
    return object(Meterlike, instance, { running: 1, kept: 0 }, { time });
  };
  const table = scriptTable(scripts, [], {}, { invoke: { execute: (_, id, { now }) => note(`script ${id}`, now) } });
  const calendar = activityCalendar("0.0.13.0.0.255", {
    active: {
      calendarName: octets("now"),
      seasonProfile: [{ seasonProfileName: octets("all"), seasonStart: every, weekName: octets("w") }],
      weekProfileTable: [
        {
          ...{ weekProfileName: octets("w"), monday: 1, tuesday: 1, wednesday: 1, thursday: 1 },
          ...{ friday: 1, saturday: 1, sunday: 1 },
        },
      ],
      dayProfileTable: [
        {
          dayId: 1,
          daySchedule: [0, 2, 4, 6].map((start, place) => ({ startTime: at(start, 30), ...script(11 + place) })),
        },
      ],
    },
  });
  const single = (instance: string, id: number, catchUp: "skip" | "once") =>
    singleActionSchedule(instance, {
      ...{ executedScript: script(id), catchUp, type: 5 },
      executionTime: [2, 3].map((hours) => ({ date: anyDay, time: at(hours, 15) })),
    });
  const load = profileGeneric("1.0.99.1.0.255", { capture: [clock()], period: 3600, entries: 100 });
  const objects = [
    ...[clock(), table, calendar, load],
    ...[single("0.0.15.0.0.255", 21, "once"), single("0.0.15.0.1.255", 22, "skip")],
    schedule("0.0.12.0.0.255", [entry(1, 2), entry(2, 3), entry(3, 4, 30), entry(4, 8)]),
    ...[measuring("0.0.96.7.0.255", 60), measuring("0.0.96.8.0.255", timeOrder.demand)],
  ];
  return {
    ran,
    compiled: meterTemplate({
      objects,
      associations: { open: { client: 16, security: none(), access: "full" as const } },
    }),
  };
}

/** A meter in virtual time. */
async function living(options: { state?: MemoryState; start?: number } = {}) {
  const { ran, compiled } = template();
  const machine = new VirtualClock();
  const time = new SimulatedTime({ source: () => machine.now(), start: options.start ?? from });
  const meter = new Meter(compiled, { name: "ABC1" });
  const events: ServerEvent[] = [];
  const store = options.state === undefined ? {} : { store: await openMemoryStore({}, options.state) };
  const server = new Server({ meters: meter, clock: machine, time, events: (event) => events.push(event), ...store });
  const until = async (instant: number): Promise<void> => {
    while (time.now < instant) {
      machine.advance(Math.min(instant - time.now, 60_000));
      await turn();
    }
    machine.advance(1);
    await turn();
  };
  const settle = async (work: Promise<unknown>): Promise<void> => {
    let over = false;
    const done = (): void => {
      over = true;
    };
    void work.then(done, done);
    while (!over) {
      machine.advance(1);
      await turn();
    }
    await work;
  };
  if (store.store !== undefined) await settle(meter.settled());
  const stamps = async (): Promise<number> => {
    const load = compiled.devices.get(1)?.byName.get("1.0.99.1.0.255");
    let count = 0;
    const counting = meter.change(async (device) => {
      count = await device.rows(load as never).count();
    });
    await settle(Promise.resolve(counting));
    return count;
  };
  return { ran, meter, server, time, events, until, settle, stamps, compiled };
}

const expected = [
  // What closes goes before what opens: the lower order first, and what is volatile has its default again.
  "05:00 8 01:00-05:00 1",
  "05:00 7 01:00-05:00 1",
  // In one time order over all objects: two Schedule entries with no limit, the last time of the single action, the last action of
  // the calendar. The entry whose window is over, and what is not caught up with, are not run.
  "05:00 script 1",
  "05:00 script 2",
  "05:00 script 21",
  "05:00 script 13",
];

describe("power failure of a meter", () => {
  it("1.3 what was due in the dark is run late, in one time order over all objects", async () => {
    const { meter, ran, until, stamps, settle, events } = await living();
    await until(from + hour);
    ran.length = 0;
    await settle(
      Promise.resolve(
        meter.change((device) =>
          device.set({ classId: 40_000, instanceId: "0.0.96.7.0.255", attributeId: 2 }, { type: "unsigned", value: 9 }),
        ),
      ),
    );
    await settle(meter.powerDown());
    expect(meter.powered).toBe(false);
    await until(from + 5 * hour);
    expect([ran, await stamps()]).toEqual([[], 1]);
    await settle(meter.powerUp(from + 5 * hour));
    expect(meter.powered).toBe(true);
    expect(ran).toEqual(expected);
    expect(events.map(({ type }) => type)).toEqual(["power-lost", "power-restored"]);
    await until(from + 8 * hour);
    expect(ran.slice(expected.length)).toEqual(["06:30 script 14", "08:00 script 4"]);
    // No rows of the dark: 01:00 before, then 06:00 to 08:00.
    expect(await stamps()).toBe(4);
  });

  it("comes and goes at instants that were told before, each after what is due then", async () => {
    const { meter, ran, until, stamps, settle } = await living();
    await settle(meter.powerDown(from + hour));
    await settle(meter.powerUp(from + 5 * hour));
    await until(from + 8 * hour);
    expect(ran).toEqual(["00:00 script 14", "00:30 script 11", ...expected, "06:30 script 14", "08:00 script 4"]);
    expect(await stamps()).toBe(4);
  });

  it("outlasts a stop of the process, and what is planned comes while it is caught up with", async () => {
    const state = new MemoryState();
    const first = await living({ state });
    await first.until(from + hour);
    await first.settle(first.meter.powerDown());
    await first.settle(first.meter.powerUp(from + 5 * hour));
    first.server.close();
    await first.settle(first.server.settled());
    const dark = await living({ state, start: from + 3 * hour });
    await dark.until(from + 3 * hour + 1000);
    expect([dark.meter.powered, dark.ran]).toEqual([false, []]);
    dark.server.close();
    await dark.settle(dark.server.settled());
    const later = await living({ state, start: from + 7 * hour });
    await later.until(from + 7 * hour + 1000);
    expect(later.meter.powered).toBe(true);
    expect(later.ran).toEqual([...expected, "06:30 script 14"]);
    expect(await later.stamps()).toBe(3);
    const [object] = [...(later.compiled.devices.get(1)?.objects ?? [])].filter(({ spec }) => spec === Meterlike);
    expect(later.meter.values(object as never)).toMatchObject({ running: 1, kept: 7 });
    later.server.close();
  });

  it("drops links and answers nobody until it is back", async () => {
    const { meter } = aMeter();
    const bench = new Bench(meter);
    const before = bench.client();
    await before.open();
    await meter.powerDown();
    await bench.settle();
    expect([before.closed, bench.server.connections, bench.server.knows({ client: 16, server: 1 })]).toEqual([
      true,
      0,
      false,
    ]);
    const dark = bench.client();
    await dark.open();
    expect(dark.received).toEqual([]);
    await meter.powerUp();
    expect((await bench.client().open()).opened).toBe(true);
  });

  it("refuses to be cut as of an instant after which the meter did something", async () => {
    const { meter, until, settle } = await living();
    await until(from + 2 * hour);
    await expect(settle(meter.powerDown(from + hour))).rejects.toMatchObject({ code: "bad-value" });
    await expect(meter.powerDown(0.5)).rejects.toMatchObject({ code: "bad-value" });
    await settle(meter.powerDown(from + 2 * hour));
    await expect(settle(meter.powerUp(from + hour))).rejects.toMatchObject({ code: "bad-value" });
  });

  it("1.3 the preset time of a clock is kept or dropped as its interval of validity says", async () => {
    for (const [up, result] of [
      [4, "success"],
      [7, "other-reason"],
    ] as const) {
      const { meter, time } = aMeter();
      const machine = new VirtualClock();
      const simulated = new SimulatedTime({ source: () => machine.now(), start: from });
      using server = new Server({ meters: meter, clock: machine, time: simulated });
      const preset = [5, 1, 6].map((hours) => dataOf(T.dateTimeOctets, dateTimeOf(from + hours * hour, 0)));
      const octetsOf = preset.flatMap(({ octets: each }) => [...each]);
      const argument = treeOf({ type: "encoded", octets: Uint8Array.of(2, 3, ...octetsOf) });
      await meter.change((device) => device.invoke(time, 5, argument));
      await meter.powerDown(from);
      machine.advance(up * hour);
      await meter.powerUp();
      const adjusting = async () => meter.change((device) => device.invoke(time, 4));
      const adjusted = adjusting().then(
        () => "success",
        ({ code }) => code,
      );
      expect([await adjusted, text(meter.now)]).toEqual([result, result === "success" ? "05:00" : "07:00"]);
      server.close();
    }
  });
});
