import { encode } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { every } from "../../../../test/zones.ts";
import {
  ActivityCalendar,
  type ActivityCalendarOptions,
  activityCalendar,
  invokeMethod,
  schedule,
  specialDays,
} from "../../src/index.ts";
import { codeOf } from "../a-context.ts";
import { type CalendarOf, calendar, named } from "./a-calendar.ts";
import { date, dateTime, Life, script, time } from "./a-life.ts";

const instance = "0.0.13.0.0.255";
const allWeek = (id: number) => Array.from({ length: 7 }, () => id);
const single: CalendarOf = {
  seasons: [[every, "W"]],
  weeks: { W: [1, 1, 1, 1, 1, 2, 2] },
  days: { 1: { "06:00": 1, "22:00": 2 }, 2: { "08:00": 3 } },
};
const other: CalendarOf = {
  seasons: [[every, "V"]],
  weeks: { V: allWeek(1) },
  days: { 1: { "00:00": 4, "12:00": 5 } },
};
const dangling: CalendarOf = { ...other, seasons: [[every, "X"]] };

function meter(
  start: string,
  of: CalendarOf = single,
  more: Partial<ActivityCalendarOptions> & { special?: Parameters<typeof specialDays>[1] } = {},
) {
  const { special = [], ...options } = more;
  const object = activityCalendar(instance, { active: calendar("A", of), ...options });
  const days = specialDays(undefined, special);
  const life = new Life([object, days], start);
  const context = life.of(object);
  const activate = () => invokeMethod(object, object.values, 1, undefined, life.of(object));
  const activateAt = (text: string | typeof every) =>
    object.hooks.write?.activatePassiveCalendarTime?.(
      object.values,
      typeof text === "string" ? dateTime(text) : text,
      life.of(object),
    );
  return { object, days, life, context, activate, activateAt };
}

// 5 January 2026 is a Monday.
describe("Activity calendar", () => {
  it("10.5: runs a script at each start time of the day's profile", () => {
    const { life } = meter("2026-01-09 05:00");
    life.until("2026-01-09 05:30");
    expect(life.until("2026-01-12 23:00")).toEqual([
      "2026-01-09 06:00 1",
      "2026-01-09 22:00 2",
      "2026-01-10 08:00 3",
      "2026-01-11 08:00 3",
      "2026-01-12 06:00 1",
      "2026-01-12 22:00 2",
    ]);
  });

  it("10.5: a new day, season or week at midnight without an action at 00:00 runs nothing", () => {
    const { life } = meter("2026-03-30 12:00", {
      seasons: [
        [dateTime("*-1-1 00:00"), "W"],
        [dateTime("*-4-1 00:00"), "S"],
      ],
      weeks: { W: allWeek(1), S: allWeek(2) },
      days: { 1: { "06:00": 1 }, 2: { "07:00": 2 } },
    });
    life.until("2026-03-30 13:00");
    expect(life.until("2026-04-01 12:00")).toEqual(["2026-03-31 06:00 1", "2026-04-01 07:00 2"]);
  });

  it("10.1, O16: the season is the one that started last, also where that was last year", () => {
    const { life } = meter("2025-12-30 12:00", {
      seasons: [
        [dateTime("*-4-1 00:00"), "S"],
        [dateTime("*-10-1 00:00"), "W"],
      ],
      weeks: { S: allWeek(1), W: allWeek(2) },
      days: { 1: { "00:00": 1 }, 2: { "00:00": 2 } },
    });
    const ran = life.until("2026-12-31 12:00");
    const count = (from: string, to: string, id: number) =>
      ran.filter((line) => line.slice(0, 10) >= from && line.slice(0, 10) <= to && line.endsWith(` ${id}`)).length;
    expect(count("2025-12-31", "2026-03-31", 2)).toBe(91);
    expect(count("2026-04-01", "2026-09-30", 1)).toBe(183);
    expect(count("2026-10-01", "2026-12-31", 2)).toBe(92);
    // The one of the start, besides.
    expect(ran).toHaveLength(91 + 183 + 92 + 1);
  });

  it("10.1: of seasons that start together the later in the array counts; a season may start within a day", () => {
    const { life } = meter("2026-01-05 00:30", {
      seasons: [
        [dateTime("2026-1-5 12:00"), "B"],
        [dateTime("*-1-1 00:00"), "X"],
        [dateTime("*-1-1 00:00"), "A"],
      ],
      weeks: { A: allWeek(1), B: allWeek(2), X: allWeek(3) },
      days: { 1: { "06:00": 1, "18:00": 2 }, 2: { "07:00": 3, "12:00": 4, "17:00": 5 }, 3: { "01:00": 9 } },
    });
    life.until("2026-01-05 00:40");
    expect(life.until("2026-01-06 06:30")).toEqual(["2026-01-05 06:00 1", "2026-01-05 12:00 4", "2026-01-05 17:00 5"]);
  });

  it("10.1: before any season has started nothing runs; it begins years later", () => {
    const { life } = meter("2026-01-05 00:30", { ...single, seasons: [[dateTime("2041-1-1 00:00"), "W"]] });
    expect(life.until("2040-12-31 23:59")).toEqual([]);
    // A Tuesday.
    expect(life.until("2041-01-01 07:00")).toEqual(["2041-01-01 06:00 1"]);
  });

  it("10.2: a season without any field is from the beginning of time, until another starts", () => {
    const { life } = meter("2026-01-05 05:00", {
      ...single,
      seasons: [
        [dateTime("2026-1-6 00:00"), "V"],
        [every, "W"],
      ],
      weeks: { ...single.weeks, V: allWeek(2) },
    });
    life.until("2026-01-05 05:30");
    expect(life.until("2026-01-06 23:00")).toEqual(["2026-01-05 06:00 1", "2026-01-05 22:00 2", "2026-01-06 08:00 3"]);
  });

  it("10.3: names are compared octet by octet; a calendar that names what it does not have is not activated", () => {
    for (const passive of [
      dangling,
      { ...other, seasons: [[every, "v"]] } as CalendarOf,
      { ...other, weeks: { V: [1, 1, 1, 1, 1, 1, 7] } },
    ]) {
      const { object, activate } = meter("2026-01-05 05:00", single, { passive: calendar("P", passive) });
      expect(codeOf(activate)).toBe("other-reason");
      expect(object.values.calendarNameActive).toEqual(named("A"));
    }
  });

  it("10.4: a start time has no wildcards and is a time of day, hundredths aside", () => {
    const { object, context } = meter("2026-01-05 05:00");
    const days = (hour: number | null, hundredths: number | null = 0) => [
      { dayId: 1, daySchedule: [{ startTime: { ...time("06:00"), hour, hundredths }, ...script(1) }] },
    ];
    for (const name of ["dayProfileTableActive", "dayProfileTablePassive"] as const) {
      const write = object.hooks.write?.[name];
      expect(codeOf(() => write?.(object.values, days(null), context))).toBe("other-reason");
      expect(codeOf(() => write?.(object.values, days(24), context))).toBe("other-reason");
      write?.(object.values, days(7, null), context);
      expect(object.values[name]).toEqual(days(7, null));
    }
  });

  it("10.4: start times need no order; of one time the last entry counts", () => {
    const { life } = meter("2026-01-05 00:00", {
      ...single,
      days: { 1: { "22:00": 2, "06:00": 1, "06:00:00": 7 }, 2: {} },
    });
    life.until("2026-01-05 01:00");
    expect(life.until("2026-01-05 23:00")).toEqual(["2026-01-05 06:00 7", "2026-01-05 22:00 2"]);
  });

  it("10.4: a new meter begins with the action in force: the last of the days before, a week back at most", () => {
    expect(meter("2026-01-05 05:00").life.until("2026-01-05 05:30")).toEqual(["2026-01-05 05:00:00.001 3"]);
    const rare = { ...single, weeks: { W: [1, 3, 3, 3, 3, 3, 3] }, days: { 1: { "06:00": 1 }, 3: {} } };
    expect(meter("2026-01-11 23:30", rare).life.until("2026-01-12 05:00")).toEqual(["2026-01-11 23:30:00.001 1"]);
    const special = [{ index: 1, specialdayDate: date("2026-01-12"), dayId: 3 }];
    const late = meter("2026-01-12 23:30", rare, { special });
    expect(late.life.until("2026-01-12 23:45")).toEqual(["2026-01-12 23:30:00.001 1"]);
    expect(meter("2026-01-13 00:30", rare, { special }).life.until("2026-01-18 23:45")).toEqual([]);
  });

  it("10.6: activation copies name and tables, the passive ones stay; then the action in force runs", () => {
    const { object, activate, life } = meter("2026-01-05 13:00", single, { passive: calendar("P", other) });
    life.until("2026-01-05 14:00");
    activate();
    expect(life.ran()).toEqual(["2026-01-05 14:00 5"]);
    const { values } = object;
    const tables = (of: "Active" | "Passive") => [
      values[`calendarName${of}`],
      values[`seasonProfile${of}`],
      values[`weekProfileTable${of}`],
      values[`dayProfileTable${of}`],
    ];
    const { calendarName, seasonProfile, weekProfileTable, dayProfileTable } = calendar("P", other);
    expect(tables("Active")).toEqual([calendarName, seasonProfile, weekProfileTable, dayProfileTable]);
    expect(tables("Passive")).toEqual(tables("Active"));
    expect(life.until("2026-01-06 01:00")).toEqual(["2026-01-06 00:00 4"]);
  });

  it("10.7, O16: activates at its time, once; the time stays", () => {
    const { object, activateAt, life } = meter("2026-01-05 13:00", single, { passive: calendar("P", other) });
    life.until("2026-01-05 14:00");
    activateAt("2026-01-06 12:00");
    expect(life.until("2026-01-06 12:30")).toEqual(["2026-01-05 22:00 2", "2026-01-06 06:00 1", "2026-01-06 12:00 5"]);
    expect(object.values.calendarNameActive).toEqual(named("P"));
    expect(object.values.activatePassiveCalendarTime).toEqual(dateTime("2026-01-06 12:00"));
    object.values.calendarNamePassive = named("Q");
    life.setClock("2026-01-06 11:00");
    life.until("2026-01-07 12:30");
    expect(object.values.calendarNameActive).toEqual(named("P"));
  });

  it("10.7: all fields not specified is off, some is refused; a deviation counts", () => {
    const { object, activateAt, life } = meter("2026-01-05 13:00", single, { passive: calendar("P", other) });
    activateAt("2026-01-06 12:00");
    expect(codeOf(() => activateAt(dateTime("*-1-6 12:00")))).toBe("other-reason");
    expect(codeOf(() => activateAt({ ...dateTime("2026-1-6 12:00"), second: null }))).toBe("other-reason");
    expect(codeOf(() => activateAt(dateTime("2026-2-30 12:00")))).toBe("other-reason");
    expect(object.values.activatePassiveCalendarTime).toEqual(dateTime("2026-01-06 12:00"));
    activateAt(every);
    life.until("2026-01-07 00:00");
    expect(object.values.calendarNameActive).toEqual(named("A"));
    activateAt({ ...dateTime("2026-01-07 09:00"), hundredths: null, deviation: 0 });
    life.until("2026-01-07 09:59");
    expect(object.values.calendarNameActive).toEqual(named("A"));
    life.until("2026-01-07 10:00");
    expect(object.values.calendarNameActive).toEqual(named("P"));
  });

  it("10.7: a past time that is written activates at once; option pastActivation: never", () => {
    const passive = calendar("P", other);
    const { object, activateAt, life } = meter("2026-01-05 13:00", single, { passive });
    activateAt("2026-01-01 00:00");
    life.until("2026-01-05 13:01");
    expect(object.values.calendarNameActive).toEqual(named("P"));
    const never = meter("2026-01-05 13:00", single, { passive, pastActivation: "never" });
    never.activateAt("2026-01-01 00:00");
    never.life.until("2026-01-06 13:01");
    expect(never.object.values.calendarNameActive).toEqual(named("A"));
    never.activateAt("2026-01-06 14:00");
    never.life.until("2026-01-06 14:00");
    expect(never.object.values.calendarNameActive).toEqual(named("P"));
  });

  it("10.3, 10.7: at its time a calendar that names what it does not have is an event, and is not tried again", () => {
    const { object, activateAt, life } = meter("2026-01-05 13:00", single, { passive: calendar("P", dangling) });
    life.until("2026-01-05 14:00");
    activateAt("2026-01-05 15:00");
    expect(life.until("2026-01-06 12:00")).toEqual(["2026-01-05 15:00 1", "2026-01-05 22:00 2", "2026-01-06 06:00 1"]);
    expect(life.failed).toEqual([`the activation of the passive calendar of ${instance}`]);
    expect(object.values.calendarNameActive).toEqual(named("A"));
  });

  it("10.7, 1.3: an activation that power failure passed over is done first, then the last action is chosen", () => {
    const { object, activateAt, life } = meter("2026-01-05 13:00", single, { passive: calendar("P", other) });
    life.until("2026-01-05 14:00");
    activateAt("2026-01-06 11:00");
    expect(life.noPowerUntil("2026-01-06 11:30")).toEqual(["2026-01-06 11:30 4"]);
    expect(object.values.calendarNameActive).toEqual(named("P"));
    const later = meter("2026-01-05 13:00", single, { passive: calendar("P", other) });
    later.life.until("2026-01-05 14:00");
    later.activateAt("2026-01-06 11:00");
    expect(later.life.noPowerUntil("2026-01-07 13:00")).toEqual(["2026-01-07 13:00 5"]);
    expect(later.life.until("2026-01-08 01:00")).toEqual(["2026-01-08 00:00 4"]);
  });

  it("10.7, 1.3: what is run late is the activation and what follows it; where it will be refused, the last action of the old calendar", () => {
    const late = (passive: CalendarOf) => {
      const { object, activateAt, life, context } = meter("2026-01-05 13:00", single, {
        passive: calendar("P", passive),
      });
      life.until("2026-01-05 14:00");
      activateAt("2026-01-06 11:00");
      const { objects, values } = context.device;
      const around = { ...context, objects, values, clockAt: (elapsed: number) => elapsed };
      const instants = object.hooks.time?.restored?.(
        object.values,
        { ...around, object, local: life.local },
        context.now,
        life.at("2026-01-06 23:00"),
      );
      return [...(instants ?? [])].map((instant) => life.text(instant));
    };
    expect(late({ ...other, days: { 1: { "00:00": 4 } } })).toEqual(["2026-01-06 11:00"]);
    expect(late(other)).toEqual(["2026-01-06 11:00", "2026-01-06 12:00"]);
    expect(late(dangling)).toEqual(["2026-01-06 11:00", "2026-01-06 22:00"]);
    expect(meter("2026-01-05 13:00").object.hooks.time?.watches).toEqual([11]);
  });

  it("10.8, 1.3: after power failure, or a clock that is set forward, only the last missed action runs", () => {
    const { life } = meter("2026-01-05 13:00");
    life.until("2026-01-05 14:00");
    expect(life.noPowerUntil("2026-01-07 12:00")).toEqual(["2026-01-07 12:00 1"]);
    expect(life.noPowerUntil("2026-01-07 13:00")).toEqual([]);
    expect(life.setClock("2026-01-08 23:00")).toEqual(["2026-01-08 23:00 2"]);
    expect(life.until("2026-01-09 07:00")).toEqual(["2026-01-09 06:00 1"]);
  });

  it("8.4: missed entries of a Schedule and the last missed action are merged in time order, at one instant the Schedule first", () => {
    const entry = (index: number, at: string) => ({
      ...{ index, enable: true, ...script(index), switchTime: time(at), validityWindow: 0xffff },
      ...{ execWeekdays: "1111111", execSpecdays: "", beginDate: date("*-*-*"), endDate: date("*-*-*") },
    });
    const object = activityCalendar(instance, { active: calendar("A", single) });
    const entries = schedule(undefined, [entry(7, "05:00"), entry(8, "06:00"), entry(9, "07:00")]);
    const life = new Life([object, entries], "2026-01-05 13:00");
    life.until("2026-01-05 23:00");
    expect(life.noPowerUntil("2026-01-06 12:00").map((line) => line.at(-1))).toEqual(["7", "8", "1", "9"]);
    expect(life.until("2026-01-07 06:30")).toEqual([
      ...["2026-01-06 22:00 2", "2026-01-07 05:00 7", "2026-01-07 06:00 8", "2026-01-07 06:00 1"],
    ]);
  });

  it("1.3: with the clock set back the action in force at the new time runs, if it is another than the last", () => {
    const { life } = meter("2026-01-05 13:00");
    life.until("2026-01-05 23:00");
    expect(life.setClock("2026-01-05 22:30")).toEqual([]);
    expect(life.setClock("2026-01-05 21:00")).toEqual(["2026-01-05 21:00 1"]);
    expect(life.until("2026-01-05 23:00")).toEqual(["2026-01-05 22:00 2"]);
  });

  it("1.3: of the gap of daylight saving the last action runs; the repeated hour runs once", () => {
    const hourly = {
      ...single,
      weeks: { W: allWeek(1) },
      days: { 1: { "01:00": 1, "02:10": 2, "02:40": 3, "04:00": 4 } },
    };
    const { life } = meter("2026-03-28 12:00", hourly);
    life.until("2026-03-28 13:00");
    expect(life.until("2026-03-29 12:00")).toEqual(["2026-03-29 01:00 1", "2026-03-29 03:00 3", "2026-03-29 04:00 4"]);
    life.until("2026-10-24 12:00");
    expect(life.until("2026-10-25 12:00")).toEqual([
      ...["2026-10-25 01:00 1", "2026-10-25 02:10 2", "2026-10-25 02:40 3", "2026-10-25 04:00 4"],
    ]);
  });

  it("10.8: active tables that are written act at once, where another script is in force", () => {
    const { life, object } = meter("2026-01-05 13:00");
    life.until("2026-01-05 14:00");
    object.values.dayProfileTableActive = calendar("", {
      ...single,
      days: { 1: { "06:00": 1, "20:00": 6 }, 2: {} },
    }).dayProfileTable;
    expect(life.until("2026-01-05 14:30")).toEqual([]);
    object.values.dayProfileTableActive = calendar("", {
      ...single,
      days: { 1: { "09:00": 6 }, 2: {} },
    }).dayProfileTable;
    expect(life.until("2026-01-05 14:40")).toEqual(["2026-01-05 14:30:00.001 6"]);
    expect(life.until("2026-01-05 23:40")).toEqual([]);
  });

  it("9, O16: a special day has its own day profile for the whole local day; a change acts at once on the running day", () => {
    const special = [{ index: 1, specialdayDate: date("*-1-6"), dayId: 2 }];
    const { life, days, context } = meter("2026-01-05 13:00", single, { special });
    life.until("2026-01-05 14:00");
    expect(life.until("2026-01-07 07:00")).toEqual(["2026-01-05 22:00 2", "2026-01-06 08:00 3", "2026-01-07 06:00 1"]);
    days.hooks.invoke?.insert?.(days.values, { index: 2, specialdayDate: date("2026-01-07"), dayId: 2 }, context);
    expect(life.until("2026-01-07 07:30")).toEqual(["2026-01-07 07:00:00.001 3"]);
    expect(life.until("2026-01-08 07:00")).toEqual(["2026-01-07 08:00 3", "2026-01-08 06:00 1"]);
  });

  it("9: a special day that the calendar does not know is the day of the week, and an event", () => {
    const special = [{ index: 1, specialdayDate: date("2026-01-06"), dayId: 77 }];
    const { life } = meter("2026-01-05 13:00", single, { special });
    life.until("2026-01-05 23:00");
    expect(life.failed).toEqual([]);
    expect(life.until("2026-01-07 05:00")).toEqual(["2026-01-06 06:00 1", "2026-01-06 22:00 2"]);
    expect(life.failed[0]).toBe(`the special day of ${instance}`);
  });

  it("1.4.4: a script that fails is an event, and is not tried again", () => {
    const { life } = meter("2026-01-05 13:00");
    life.failing.add(2);
    life.until("2026-01-05 14:00");
    expect(life.until("2026-01-06 05:00")).toEqual(["2026-01-05 22:00 2"]);
    expect(life.failed).toEqual([`script 2 of 0.0.10.0.100.255, run by ${instance}`]);
  });

  it("1.4.2, O8: entries of zeros are accepted and do nothing", () => {
    const zero = { ...every, year: 0, month: 0, day: 0, dayOfWeek: 0, hour: 0, minute: 0, second: 0, hundredths: 0 };
    const action = { startTime: time("00:00"), scriptLogicalName: "0.0.0.0.0.0", scriptSelector: 0 };
    const passive = {
      ...calendar("", { seasons: [[zero, "no week"]], weeks: { "": allWeek(0) }, days: {} }),
      dayProfileTable: [{ dayId: 0, daySchedule: [action] }],
    };
    const { life, activate } = meter("2026-01-05 13:00", single, { passive });
    life.until("2026-01-05 14:00");
    activate();
    expect(life.until("2027-01-05 14:00")).toEqual([]);
    const inForce = meter("2026-01-05 13:00", single, {
      passive: { ...passive, ...{ seasonProfile: calendar("", { ...other, seasons: [[every, ""]] }).seasonProfile } },
    });
    inForce.life.until("2026-01-05 14:00");
    inForce.activate();
    expect(inForce.life.until("2026-01-09 14:00")).toEqual([]);
    expect(inForce.life.failed).toEqual([]);
  });

  it("1.5: keeps over a restart what it has done", () => {
    const { object, activateAt, life } = meter("2026-01-05 13:00", single, { passive: calendar("P", other) });
    life.until("2026-01-05 14:00");
    activateAt("2026-01-06 12:00");
    const state = object.values.state as NonNullable<typeof object.values.state>;
    expect(state).toEqual({ activationPending: true, last: script(1) });
    expect(encode(ActivityCalendar.attributes.state.type, state)).toHaveLength(2 + 2 + 2 + 8 + 3);
    const again = new Life([object], "2026-01-05 14:00");
    expect(again.until("2026-01-05 21:00")).toEqual([]);
  });
});
