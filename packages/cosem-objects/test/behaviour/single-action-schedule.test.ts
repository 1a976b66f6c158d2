import { describe, expect, it } from "vitest";
import { berlin } from "../../../../test/zones.ts";
import { type SingleActionScheduleOptions, singleActionSchedule } from "../../src/index.ts";
import { codeOf } from "../a-context.ts";
import { date, Life, script, time } from "./a-life.ts";

const instance = "0.0.15.0.0.255";
const at = (day: string, ofDay: string, dayOfWeek: number | null = null) => ({
  date: date(day, dayOfWeek),
  time: time(ofDay),
});

function meter(start: string, executionTime: ReturnType<typeof at>[], more: Partial<SingleActionScheduleOptions> = {}) {
  const object = singleActionSchedule(instance, { executedScript: script(1), executionTime, ...more });
  const life = new Life([object], start);
  const write = (value: ReturnType<typeof at>[], type = object.values.type) => {
    object.hooks.write?.type?.(object.values, type, life.of(object));
    return object.hooks.write?.executionTime?.(object.values, value, life.of(object));
  };
  return { object, life, write };
}

describe("Single action schedule", () => {
  it("11.1: runs its script at each execution time, with wildcards in the date", () => {
    const { life } = meter("2026-01-15 00:00", [at("*-*-1", "00:00"), at("2026-03-05", "12:30")]);
    expect(life.until("2026-04-15 00:00")).toEqual([
      "2026-02-01 00:00 1",
      "2026-03-01 00:00 1",
      "2026-03-05 12:30 1",
      "2026-04-01 00:00 1",
    ]);
  });

  it("11.1: a write that breaks its type is refused, and changes nothing; an empty array is never", () => {
    const { object, life, write } = meter("2026-01-15 00:00", [at("*-*-1", "00:00")]);
    const refused = (type: number, ...times: ReturnType<typeof at>[]) => codeOf(() => write(times, type));
    const any = at("*-*-1", "00:00");
    const fixed = at("2026-05-01", "00:00");
    expect(refused(1, any)).toBe("nothing thrown");
    expect(refused(1, fixed, fixed)).toBe("other-reason");
    expect(refused(2, fixed, at("2026-06-01", "00:00"))).toBe("nothing thrown");
    expect(refused(2, fixed, at("2026-06-01", "00:01"))).toBe("other-reason");
    expect(refused(2, any)).toBe("other-reason");
    expect(refused(3, any, fixed)).toBe("nothing thrown");
    expect(refused(3, any, at("*-*-2", "06:00"))).toBe("other-reason");
    expect(refused(4, fixed, at("2026-06-01", "06:00"))).toBe("nothing thrown");
    expect(refused(4, fixed, any)).toBe("other-reason");
    expect(refused(5, any, at("*-*-2", "06:00"))).toBe("nothing thrown");
    expect(object.values.executionTime).toHaveLength(2);
    expect(codeOf(() => write([], 6))).toBe("other-reason");
    write([]);
    expect(life.until("2027-01-01 00:00")).toEqual([]);
  });

  it("1.1.5: a date whose day of week does not agree is refused", () => {
    const { write } = meter("2026-01-15 00:00", []);
    // 1 May 2026 is a Friday.
    expect(codeOf(() => write([at("2026-05-01", "00:00", 4)]))).toBe("other-reason");
    expect(codeOf(() => write([at("2026-05-01", "00:00", 5)]))).toBe("nothing thrown");
  });

  it("11.2: wildcards in the time are accepted", () => {
    const { life } = meter("2026-01-15 00:00", [at("*-*-*", "*:00")]);
    expect(life.until("2026-01-15 03:30")).toEqual(["2026-01-15 01:00 1", "2026-01-15 02:00 1", "2026-01-15 03:00 1"]);
  });

  it("11.3: last days and weekdays of a month; several times at one instant run the script once", () => {
    const { life } = meter("2026-01-15 00:00", [
      at("*-*-254", "00:00"),
      at("*-*-254", "06:00", 5),
      at("*-1-31", "00:00"),
    ]);
    expect(life.until("2026-03-01 00:00")).toEqual([
      "2026-01-30 06:00 1",
      "2026-01-31 00:00 1",
      "2026-02-27 06:00 1",
      "2026-02-28 00:00 1",
    ]);
  });

  it("11.4: the type is checked when the times are written, not when the type is", () => {
    const { object, life } = meter("2026-01-15 00:00", [at("*-*-1", "00:00"), at("*-*-2", "06:00")]);
    object.hooks.write?.type?.(object.values, 2, life.of(object));
    expect(object.values.type).toBe(2);
  });

  it("1.3, O18: a time in the gap of daylight saving comes once after it, a repeated one once", () => {
    const { life } = meter("2026-03-28 12:00", [at("*-*-*", "02:30")]);
    expect(life.until("2026-03-30 12:00")).toEqual(["2026-03-29 03:00 1", "2026-03-30 02:30 1"]);
    life.until("2026-10-24 12:00");
    expect(life.until("2026-10-26 12:00")).toEqual(["2026-10-25 02:30 1", "2026-10-26 02:30 1"]);
  });

  it("1.3: what is missed without power, or where the clock is set forward, is skipped", () => {
    const { life } = meter("2026-01-15 00:00", [at("*-*-1", "00:00")]);
    expect(life.noPowerUntil("2026-03-15 00:00")).toEqual([]);
    expect(life.setClock("2026-04-15 00:00")).toEqual([]);
    expect(life.until("2026-05-15 00:00")).toEqual(["2026-05-01 00:00 1"]);
  });

  it("11.5, option catchUp: the script runs once, at the time at which it does", () => {
    const { life } = meter("2026-01-15 00:00", [at("*-*-1", "00:00")], { catchUp: "once" });
    expect(life.noPowerUntil("2026-03-15 08:00")).toEqual(["2026-03-15 08:00 1"]);
    expect(life.setClock("2026-04-15 09:00")).toEqual(["2026-04-15 09:00 1"]);
    expect(life.noPowerUntil("2026-04-20 00:00")).toEqual([]);
    expect(life.until("2026-05-15 00:00")).toEqual(["2026-05-01 00:00 1"]);
  });

  it("1.3: with the clock set back it runs again, but at an explicit date and time never twice", () => {
    const times = [at("*-*-*", "10:00"), at("2026-01-15", "11:00"), at("2026-01-15", "13:00")];
    const { life, object, write } = meter("2026-01-15 09:00", times);
    expect(life.until("2026-01-15 12:00")).toEqual(["2026-01-15 10:00 1", "2026-01-15 11:00 1"]);
    expect(object.values.state).toEqual([1]);
    expect(life.setClock("2026-01-15 09:30")).toEqual([]);
    expect(life.until("2026-01-15 14:00")).toEqual(["2026-01-15 10:00 1", "2026-01-15 13:00 1"]);
    write(times);
    life.setClock("2026-01-15 10:30");
    expect(life.until("2026-01-15 14:00")).toEqual(["2026-01-15 11:00 1", "2026-01-15 13:00 1"]);
  });

  it("1.4.2, O8: a dummy script and an execution time of zeros do nothing", () => {
    const zeros = {
      date: { year: 0, month: 0, day: 0, dayOfWeek: 0 },
      time: { hour: 0, minute: 0, second: 0, hundredths: 0 },
    };
    const { life, object, write } = meter("2026-01-15 00:00", [at("*-*-*", "01:00")], {
      executedScript: { scriptLogicalName: "0.0.0.0.0.0", scriptSelector: 0 },
    });
    expect(life.until("2026-01-17 00:00")).toEqual([]);
    object.values.executedScript = { scriptLogicalName: "0.0.10.0.99.255", scriptSelector: 0 };
    expect(life.until("2026-01-18 00:00")).toEqual([]);
    expect(codeOf(() => write([zeros], 1))).toBe("nothing thrown");
    expect(codeOf(() => write([zeros, zeros], 2))).toBe("nothing thrown");
    expect(life.until("2027-01-17 00:00")).toEqual([]);
    expect(life.failed).toEqual([]);
  });

  it("1.4.3, 1.4.4: a script table that is not there, or a script that fails, is an event and is not tried again", () => {
    const { life, object } = meter("2026-01-15 00:00", [at("*-*-*", "01:00")]);
    life.failing.add(1);
    expect(life.until("2026-01-15 12:00")).toEqual(["2026-01-15 01:00 1"]);
    object.values.executedScript = { scriptLogicalName: "0.0.10.0.99.255", scriptSelector: 1 };
    life.until("2026-01-16 12:00");
    expect(life.failed).toEqual([
      `script 1 of 0.0.10.0.100.255, run by ${instance}`,
      `script 1 of 0.0.10.0.99.255, run by ${instance}`,
    ]);
    life.context.device.failed = undefined as never;
    expect(codeOf(() => life.until("2026-01-17 12:00"))).toBe("other-reason");
  });

  it("is in local time of the zone that the clock has", () => {
    const object = singleActionSchedule(instance, { executedScript: script(1), executionTime: [at("*-*-1", "00:00")] });
    const life = new Life([object], "2026-01-15 00:00", { ...berlin, timeZone: -330, daylightSavingsEnabled: false });
    const first = life.at("2026-02-01 00:00");
    expect(first).toBe(Date.parse("2026-01-31T18:30:00Z"));
    expect(life.until(first - 1)).toEqual([]);
    expect(life.until(first)).toHaveLength(1);
  });
});
