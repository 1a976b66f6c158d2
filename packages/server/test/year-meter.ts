import { type DataLike, dataOf, fromData, T } from "@dlmskit/apdu";
import { dateTimeOf, fromAscii } from "@dlmskit/core";
import {
  activityCalendar,
  type CalendarTables,
  clock,
  demandRegister,
  maximumRegister,
  profileGeneric,
  register,
  registerActivation,
  schedule,
  scriptTable,
  singleActionSchedule,
  specialDays,
} from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { berlin, every } from "../../../test/zones.ts";
import { Meter, meterTemplate, none, SimulatedTime } from "../src/index.ts";
import { Bench } from "./a-client.ts";

const minute = 60_000;
const wall = (hour: number, of = 0) => ({ hour, minute: of, second: 0, hundredths: 0 });
const anyDay = { year: null, month: null, day: null, dayOfWeek: null };
const on = (date: Partial<typeof anyDay> | Record<string, number>) => ({ ...anyDay, ...date });

const notes = "0.0.10.0.106.255";
const tariffs = "0.0.10.0.100.255";
const billing = "0.0.10.0.1.255";
const script = (scriptLogicalName: string, scriptSelector: number) => ({ scriptLogicalName, scriptSelector });

const actions = (dayId: number, ...starts: (readonly [number, number, number])[]) => ({
  dayId,
  daySchedule: starts.map(([hour, of, tariff]) => ({ startTime: wall(hour, of), ...script(tariffs, tariff) })),
});
const week = (name: string, [work, saturday, sunday]: readonly [number, number, number]) => ({
  ...{ weekProfileName: fromAscii(name), monday: work, tuesday: work, wednesday: work, thursday: work },
  ...{ friday: work, saturday, sunday },
});
const season = (name: string, month: number) => ({
  seasonProfileName: fromAscii(name),
  seasonStart: { ...every, month, day: 1 },
  weekName: fromAscii(name),
});
const saturdays = actions(2, [0, 0, 1], [8, 0, 2], [22, 0, 1]);
const sundays = actions(3, [0, 0, 1], [2, 30, 2], [4, 0, 1]);
const active: CalendarTables = {
  calendarName: fromAscii("2028"),
  // Not in the order of the year.
  seasonProfile: [season("winter", 11), season("summer", 5)],
  weekProfileTable: [week("summer", [4, 3, 3]), week("winter", [1, 2, 3])],
  dayProfileTable: [
    actions(1, [0, 0, 1], [6, 0, 2], [17, 0, 3], [20, 0, 2], [22, 0, 1]),
    ...[saturdays, sundays],
    // Nothing at midnight: the last action of the day before stays in force.
    actions(4, [5, 30, 4], [11, 0, 2], [12, 15, 4], [14, 0, 3], [21, 15, 1]),
  ],
};
const passive: CalendarTables = {
  calendarName: fromAscii("next"),
  seasonProfile: [{ seasonProfileName: fromAscii("all"), seasonStart: every, weekName: fromAscii("all") }],
  weekProfileTable: [week("all", [1, 2, 3])],
  dayProfileTable: [actions(1, [0, 0, 1], [7, 0, 3], [19, 0, 1]), saturdays, sundays],
};
const special = (index: number, date: Record<string, number>, dayId: number) => ({
  ...{ index, specialdayDate: on(date) as never, dayId },
});

const scheduled = (index: number, [hour, of]: readonly [number, number], validityWindow: number, days = "1111111") => ({
  ...{ index, enable: true, ...script(notes, index), switchTime: wall(hour, of), validityWindow },
  ...{ execWeekdays: days, execSpecdays: index === 7 ? "001" : days === "1111111" ? "111" : "" },
  ...{ beginDate: anyDay, endDate: anyDay },
});
const single = (at: number, times: { date: unknown; time: unknown }[], type: number, catchUp: "skip" | "once") =>
  singleActionSchedule(`0.0.15.0.${at}.255`, {
    ...{ executedScript: at === 0 ? script(billing, 1) : script(notes, 10 + at), type, catchUp },
    executionTime: times as never,
  });

/** Wh that were consumed until an instant of the time that nobody sets. */
export type Energy = (elapsed: number) => number;

/** The kind of meter: what its scripts did is told as "instant script". */
export function yearTemplate(energy: Energy, ran: (text: string) => void) {
  const time = clock("0.0.1.0.0.255", {}, { zone: berlin });
  const rates = [1, 2, 3, 4].map((rate) =>
    register(`1.0.1.8.${rate}.255`, { type: T.doubleLongUnsigned, value: 0, unit: "Wh" }),
  );
  const activation = registerActivation("0.0.14.0.0.255", {
    registers: rates,
    masks: rates.map((_, at) => ({ maskName: fromAscii(`T${at + 1}`), indexList: [at + 1] })),
    activeMask: fromAscii("T1"),
  });
  const demand = demandRegister("1.0.1.4.0.255", {
    ...{ source: ({ elapsed }) => energy(elapsed), period: 900, unit: "W" },
  });
  const maximum = maximumRegister("1.0.1.6.0.255", demand);
  const load = profileGeneric("1.0.99.1.0.255", {
    capture: [time, { object: activation, attributeId: 4 }, { object: demand, attributeId: 3 }],
    ...{ entries: 100_000, period: 900 },
  });
  const bills = profileGeneric("1.0.98.1.0.255", {
    ...{ capture: [time, maximum, { object: maximum, attributeId: 5 }], entries: 100 },
  });
  const call = (object: { spec: { classId: number }; instance: string }, index: number) =>
    ({
      ...{ serviceId: 2, classId: object.spec.classId, instanceId: object.instance, index },
      parameter: { type: "integer", value: 0 },
    }) as never;
  const mask = (tariff: number) =>
    ({
      ...{ serviceId: 1, classId: 6, instanceId: activation.instance, index: 4 },
      parameter: { type: "octet-string", value: fromAscii(`T${tariff}`) },
    }) as never;
  const note = (id: number) =>
    ({
      ...{ serviceId: 2, classId: 9, instanceId: notes, index: 1 },
      parameter: { type: "long-unsigned", value: id },
    }) as never;
  const objects = [
    ...[time, ...rates, activation, demand, maximum, load, bills],
    scriptTable(
      tariffs,
      [1, 2, 3, 4].map((tariff) => ({ scriptIdentifier: tariff, actions: [mask(tariff), note(100 + tariff)] })),
    ),
    scriptTable(billing, [{ scriptIdentifier: 1, actions: [call(demand, 2), call(bills, 2), call(maximum, 1)] }]),
    scriptTable(notes, [], {}, { invoke: { execute: (_, id, { now }) => ran(`${text(now)} ${id}`) } }),
    activityCalendar("0.0.13.0.0.255", {
      ...{ active, passive, activatePassiveCalendarTime: { ...every, ...wall(0), year: 2028, month: 11, day: 15 } },
    }),
    specialDays("0.0.11.0.0.255", [
      special(1, { month: 1, day: 6 }, 3),
      special(2, { year: 2028, month: 2, day: 29 }, 3),
      special(3, { month: 10, day: 3 }, 3),
      special(9, { month: 12, dayOfWeek: 7 }, 2),
      special(5, { month: 12, day: 25 }, 3),
      special(6, { month: 12, day: 26 }, 3),
      special(4, { year: 2028, month: 12, day: 26 }, 1),
    ]),
    schedule("0.0.12.0.0.255", [
      ...[scheduled(1, [2, 30], 60), scheduled(2, [1, 0], 60), scheduled(3, [23, 0], 0xffff)],
      ...[scheduled(4, [13, 45], 0, "0010000"), scheduled(5, [11, 0], 30), scheduled(6, [10, 45], 30)],
      scheduled(7, [9, 0], 0, "0000000"),
    ]),
    single(0, [{ date: on({ day: 1 }), time: wall(0) }], 3, "once"),
    single(1, [{ date: anyDay, time: wall(2, 30) }], 3, "skip"),
    single(2, [{ date: on({ day: 0xfe }), time: wall(23, 45) }], 3, "once"),
    single(
      3,
      [11, 14].map((hour) => ({ date: anyDay, time: wall(hour) })),
      5,
      "skip",
    ),
    single(
      4,
      [on({ year: 2028, month: 7, day: 12 }), on({ year: 2028, month: 2, day: 29 })].map((date) => ({
        ...{ date, time: wall(14) },
      })),
      4,
      "skip",
    ),
    single(5, [{ date: on({ month: 2, day: 29 }), time: wall(6) }], 3, "skip"),
    single(6, [{ date: anyDay, time: wall(11, 0) }], 3, "once"),
  ];
  const associations = { open: { client: 16, security: none(), access: "full" as const } };
  return meterTemplate({ objects, associations });
}

/** An instant to the second, UTC: a clock may have been set a few ms beside. */
export const text = (instant: number): string => new Date(instant).toISOString().slice(0, 19);

/** A process that serves the meter, and the store that is there over all of them. */
export class YearMachine {
  readonly #state = new MemoryState();
  readonly #compiled: ReturnType<typeof yearTemplate>;
  readonly events: string[] = [];
  #bench: Bench | undefined;
  time = new SimulatedTime({ source: () => 0, start: 0 });
  meter: Meter;

  constructor(compiled: ReturnType<typeof yearTemplate>) {
    this.#compiled = compiled;
    this.meter = new Meter(compiled, { name: "ABC1" });
  }

  get #running(): Bench {
    if (this.#bench === undefined) throw new Error("no process runs");
    return this.#bench;
  }

  /** What the meter's clock shows more than the time of day. */
  get offset(): number {
    return this.meter.now - this.time.now;
  }

  async start(at: number): Promise<void> {
    let source = (): number => 0;
    this.time = new SimulatedTime({ source: () => source(), start: at });
    this.meter = new Meter(this.#compiled, { name: "ABC1" });
    const bench = new Bench(this.meter, {
      ...{ time: this.time, store: await openMemoryStore({}, this.#state) },
      events: (event) => this.events.push(event.type),
    });
    source = () => bench.clock.now();
    this.#bench = bench;
    await bench.settle();
  }

  /** The process ends, and another one comes as much later. */
  async restart(away: number): Promise<void> {
    const { server } = this.#running;
    server.close();
    await server.settled();
    this.#state.endProcesses();
    await this.start(this.time.now + away);
  }

  /** Until the meter's clock shows an instant. */
  async runTo(instant: number): Promise<void> {
    const { clock: machine } = this.#running;
    while (this.meter.now < instant) {
      await machine.advanceAsync(Math.min(60 * minute, instant - this.meter.now));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#running.settle();
  }

  /** A client sets the clock. */
  async setClock(instant: number): Promise<string> {
    const client = await this.#running.client().open();
    const value = dataOf(T.dateTimeOctets, dateTimeOf(instant)).octets.subarray(2);
    const result = await client.set(8, "0.0.1.0.0.255", 2, { type: "octet-string", value });
    await client.release();
    return result;
  }

  async settle(work: Promise<unknown>): Promise<void> {
    await Promise.all([work, this.#running.settle()]);
  }

  /** The rows of a profile: each cell an instant, a text or a number. */
  async rows(instance: string): Promise<readonly (readonly unknown[])[]> {
    const reading = this.meter.get({ classId: 7, instanceId: instance, attributeId: 2 });
    const data = (await Promise.all([reading, this.#running.settle()]))[0];
    const { value } = fromData(T.any, data) as unknown as { value: readonly { value: readonly DataLike[] }[] };
    return value.map((row) => row.value.map(cell));
  }
}

function cell(data: DataLike): string | number {
  const { value } = fromData(T.any, data) as { value: number | Uint8Array };
  if (typeof value === "number") return value;
  if (value.length < 12) return String.fromCharCode(...value);
  const { year, month, day, hour, minute: of, second, deviation } = fromData(T.dateTimeOctets, data);
  return text(Date.UTC(year ?? 0, (month ?? 0) - 1, day ?? 0, hour ?? 0, (of ?? 0) + (deviation ?? 0), second ?? 0));
}
