import { T } from "@dlmskit/apdu";
import {
  activityCalendar,
  allRights,
  clock,
  dataObject,
  PushSetup0,
  pushSetup,
  scriptTable,
  singleActionSchedule,
} from "@dlmskit/cosem-objects";
import { createSimulator, type SimulatorTemplate } from "@dlmskit/simulator";
import { held } from "../held.ts";

// One second before the action of all meters.
const start = Date.UTC(2026, 0, 1, 0, 59, 59);
const meters = 1_000_000;
// Duration of the measurement, ms.
const measured = 15_000;
/** Length of the window in which meters push, in seconds. Each meter has its own instant in it. */
const spread = 5;

const any = { year: null, month: null, day: null, dayOfWeek: null };
const every = { ...any, hour: null, minute: null, second: null, hundredths: null, deviation: null, status: null };
const at = (hours: number) => ({ hour: hours, minute: 0, second: 0, hundredths: 0 });
const octets = new Uint8Array([1]);
const week = { monday: 1, tuesday: 1, wednesday: 1, thursday: 1, friday: 1, saturday: 1, sunday: 1 };
const executeMethod = 2;

/** Meters that push from 01:00 on and change their tariff at 06:00. `pushed` is called for each push. */
function template(pushed: () => void): SimulatorTemplate {
  const value = dataObject(
    "0.0.96.1.0.255",
    { type: T.unsigned, value: 0 },
    {
      read: {
        value: () => {
          pushed();
          return 0;
        },
      },
    },
  );
  // The destination is never reached: the benchmark measures the path of a message into the queue, not a socket.
  const push = pushSetup("0.0.25.9.0.255", {
    ...{ version: 0, destination: "none://127.0.0.1:9", randomisationStartInterval: spread },
    pushObjectList: [{ classId: value.spec.classId, instanceId: value.instance, attributeId: 2 }],
  });
  const trigger = {
    ...{ serviceId: executeMethod, classId: PushSetup0.classId, instanceId: push.instance, index: 1 },
    parameter: { type: "integer", value: 0 },
  } as const;
  const scripts = scriptTable("0.0.10.0.100.255", [
    { scriptIdentifier: 1, actions: [trigger] },
    { scriptIdentifier: 2, actions: [] },
  ]);
  const script = (scriptSelector: number) => ({ scriptLogicalName: scripts.instance, scriptSelector });
  const calendar = activityCalendar("0.0.13.0.0.255", {
    active: {
      calendarName: octets,
      seasonProfile: [{ seasonProfileName: octets, seasonStart: every, weekName: octets }],
      weekProfileTable: [{ weekProfileName: octets, ...week }],
      dayProfileTable: [{ dayId: 1, daySchedule: [{ startTime: at(6), ...script(2) }] }],
    },
  });
  const schedule = singleActionSchedule("0.0.15.0.4.255", {
    executedScript: script(1),
    executionTime: [{ date: any, time: at(1) }],
  });
  return {
    ...{ name: "bench", title: "bench", manufacturer: "BEN", zoneMinutesEast: 0, tariffDay: [] },
    clients: [
      {
        ...{ name: "public", client: 16, association: "0.0.40.0.1.255" },
        ...{ mechanism: 0, ciphered: false, policy: 0, rights: allRights },
      },
    ],
    objects: () => [clock(), value, push, scripts, calendar, schedule],
  };
}

/** A million idle meters without a connection: octets per meter, and the number of their actions per second. */
export async function idleAgendaFigures(print: (text: string) => void): Promise<void> {
  let triggered = 0;
  let pushed = 0;
  const before = await held();
  const simulator = await createSimulator({
    ...{ meters, start, template: template(() => void pushed++) },
    interceptors: [
      (call, next) => {
        if (call.do === "invoke" && call.classId === PushSetup0.classId) triggered++;
        return next();
      },
    ],
  });
  print(
    `${meters} idle meters with a push and a calendar each: ${(((await held()) - before) / meters).toFixed(1)} octets a meter`,
  );
  await new Promise((resolve) => setTimeout(resolve, measured));
  const done = triggered + pushed;
  print(
    `their actions: ${Math.round((done / measured) * 1000)} a second (${triggered} triggers, ${pushed} pushes queued)`,
  );
  print(`a meter that has acted, with its rows in memory: ${Math.round(((await held()) - before) / triggered)} octets`);
  await simulator.close();
}
