import { activityCalendar, clock, scriptTable, singleActionSchedule } from "@dlmskit/cosem-objects";
import { Meter, meterTemplate, none, Server, SimulatedTime, type Timed } from "@dlmskit/server";
import { VirtualClock } from "@dlmskit/transport";
import { held } from "../held.ts";

const start = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
const day = 24 * hour;
const residents = 20_000;

const any = { year: null, month: null, day: null, dayOfWeek: null };
const every = { ...any, hour: null, minute: null, second: null, hundredths: null, deviation: null, status: null };
const at = (hours: number) => ({ hour: hours, minute: 0, second: 0, hundredths: 0 });
const scripts = "0.0.10.0.100.255";
const octets = new Uint8Array([1]);
const week = { monday: 1, tuesday: 1, wednesday: 1, thursday: 1, friday: 1, saturday: 1, sunday: 1 };

/** A meter with a calendar of two tariffs, and one action per day that is triggered in the same way as a push. */
function template() {
  let ran = 0;
  const table = scriptTable(scripts, [], {}, { invoke: { execute: () => void ran++ } });
  const script = (scriptSelector: number) => ({ scriptLogicalName: scripts, scriptSelector });
  const calendar = activityCalendar("0.0.13.0.0.255", {
    active: {
      calendarName: octets,
      seasonProfile: [{ seasonProfileName: octets, seasonStart: every, weekName: octets }],
      weekProfileTable: [{ weekProfileName: octets, ...week }],
      dayProfileTable: [
        { dayId: 1, daySchedule: [6, 22].map((hours, rate) => ({ startTime: at(hours), ...script(rate + 1) })) },
      ],
    },
  });
  const push = singleActionSchedule("0.0.15.0.4.255", {
    executedScript: script(3),
    executionTime: [{ date: any, time: at(1) }],
  });
  const compiled = meterTemplate({
    objects: [clock(), table, calendar, push],
    associations: { public: { client: 16, security: none(), access: "read" } },
  });
  return { compiled, ran: () => ran };
}

/** Meters that are all in memory and run: octets per meter, and actions per second. */
async function residentMeters(print: (text: string) => void): Promise<void> {
  const { compiled, ran } = template();
  const machine = new VirtualClock();
  const simulated = new SimulatedTime({ source: () => machine.now(), start });
  using server = new Server({ meters: () => undefined, clock: machine, time: simulated });
  const before = await held();
  const meters = Array.from({ length: residents }, (_, index) => new Meter(compiled, { name: `BEN${index}` }));
  for (const meter of meters) server.run(meter);
  machine.advance(1);
  const memory = (await held()) - before;
  const first = ran();
  const began = performance.now();
  const until = machine.now() + day;
  while (machine.now() < until) machine.advance(60_000);
  const took = performance.now() - began;
  print(
    `${residents} meters in memory with a push and a calendar each: ${Math.round(memory / residents)} octets a meter`,
  );
  print(`their actions: ${Math.round(((ran() - first) / took) * 1000)} a second`);
}

/** A number of entries on one agenda, with two instants per day each: octets of the agenda per entry, and dispatches per second. */
async function entries(count: number, print: (text: string) => void): Promise<void> {
  const machine = new VirtualClock();
  const simulated = new SimulatedTime({ source: () => machine.now(), start });
  using server = new Server({ meters: () => undefined, clock: machine, time: simulated });
  let ran = 0;
  class Entry implements Timed {
    next: number;
    constructor(index: number) {
      this.next = start + ((index * 7919) % day);
    }
    runFirst(): void {
      this.next += day / 2;
      ran++;
    }
    finish(): void {
      // Nothing is stored.
    }
    moved(): void {
      // The time is not set.
    }
  }
  const all = Array.from({ length: count }, (_, index) => new Entry(index));
  const before = await held();
  for (const entry of all) server.run(entry);
  const memory = (await held()) - before;
  const began = performance.now();
  const until = day / 4;
  while (machine.now() < until) machine.advance(10_000);
  const took = performance.now() - began;
  print(
    `agenda of ${count} entries: ${Math.round(memory / count)} octets an entry, ${Math.round((ran / took) * 1000)} dispatches a second`,
  );
}

export async function agendaFigures(print: (text: string) => void): Promise<void> {
  await residentMeters(print);
  // A push and a calendar of each of a million meters are two instants of one entry, because a meter has one entry in the agenda.
  await entries(1_000_000, print);
}
