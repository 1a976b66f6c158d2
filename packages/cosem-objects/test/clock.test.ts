import { type Data, type DataLike, dataOf, fromData, T } from "@dlmskit/apdu";
import { type CosemDateTime, dateTimeOf } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { berlin, sydney } from "../../../test/zones.ts";
import {
  type AnyObject,
  Clock,
  type Context,
  clock,
  invokeMethod,
  LocalTime,
  profileGeneric,
  readAttribute,
  writeAttribute,
} from "../src/index.ts";
import { codeOf, contextOf } from "./a-context.ts";

/** A clock of Central Europe at an instant. */
function at(now: number, others: readonly AnyObject[] = []): { one: ReturnType<typeof clock>; context: Context } {
  const one = clock("0.0.1.0.0.255", {}, { zone: berlin });
  const local = new LocalTime(berlin);
  const context = contextOf([one, ...others], { now, local, deviation: local.deviationAt(now) });
  return { one, context };
}

const summer = Date.UTC(2026, 6, 1, 10, 0, 0);
const time = (instant: number, deviation: number | null = -120): CosemDateTime => ({
  ...dateTimeOf(instant, deviation ?? -120),
  deviation,
});
const preset = (start: number, end: number): Data =>
  dataOf(Clock.methods.presetAdjustingTime.argument, {
    presetTime: time(summer + 1_000_000),
    validityIntervalStart: time(start),
    validityIntervalEnd: time(end),
  }) as DataLike as Data;

describe("clock (behaviour 6)", () => {
  const show = ({ one, context }: ReturnType<typeof at>): CosemDateTime =>
    fromData(T.dateTimeOctets, readAttribute(one, one.values, 2, context) as DataLike);

  it("1.1.1, 6.1 shows daylight saving in time, deviation and status", () => {
    expect(show(at(summer))).toMatchObject({ hour: 12, deviation: -120, status: 0x80 });
    expect(show(at(Date.UTC(2026, 0, 1, 10)))).toMatchObject({ hour: 11, deviation: -60, status: 0 });
    const { one, context } = at(summer);
    expect(fromData(T.unsigned, readAttribute(one, one.values, 4, context) as DataLike)).toBe(0x80);
  });

  it("1.1.2, 6.4 a time with a deviation is taken through UTC, one without as local time; what is not a time is refused", () => {
    const { one, context } = at(summer);
    one.values.status = 0b11;
    const set = (value: CosemDateTime): void =>
      void writeAttribute(one, one.values, 2, dataOf(T.dateTimeOctets, value), context);
    set(time(Date.UTC(2026, 0, 1, 10), 0));
    expect(context.now).toBe(Date.UTC(2026, 0, 1, 10));
    expect(one.values.status).toBe(0);
    set({ ...time(summer), deviation: null });
    expect(context.now).toBe(summer);
    for (const part of ["year", "month", "day", "hour", "minute"] as const) {
      expect(codeOf(() => set({ ...time(summer), [part]: null }))).toBe("other-reason");
    }
    expect(codeOf(() => set({ ...time(summer), dayOfWeek: 1 }))).toBe("other-reason");
    expect(context.now).toBe(summer);
    for (const [id, type, value] of [
      [3, T.long, 841],
      [7, T.integer, 121],
    ] as const) {
      expect(codeOf(() => writeAttribute(one, one.values, id, dataOf(type, value), context))).toBe("other-reason");
    }
  });

  it("6.2 daylight saving that begins later in the year than it ends goes over the new year; it begins in normal, ends in summer time", () => {
    const shown = (now: number): unknown => {
      const one = clock("0.0.1.0.0.255", {}, { zone: sydney });
      const local = new LocalTime(sydney);
      const { hour, minute, deviation, status } = show({
        one,
        context: contextOf([one], { now, local, deviation: local.deviationAt(now) }),
      });
      return [hour, minute, deviation, status];
    };
    // 2026-10-04 02:00 normal time is 2026-10-03 16:00 UTC; 2027-04-04 03:00 summer time is 2027-04-03 16:00 UTC.
    expect(shown(Date.UTC(2026, 9, 3, 15, 59))).toEqual([1, 59, -600, 0]);
    expect(shown(Date.UTC(2026, 9, 3, 16, 0))).toEqual([3, 0, -660, 0x80]);
    expect(shown(Date.UTC(2027, 0, 1, 0, 0))).toEqual([11, 0, -660, 0x80]);
    expect(shown(Date.UTC(2027, 3, 3, 15, 59))).toEqual([2, 59, -660, 0x80]);
    expect(shown(Date.UTC(2027, 3, 3, 16, 0))).toEqual([2, 0, -600, 0]);
  });

  it("6.5 the status is the octet of the time as well, and a time that is set clears invalid and doubtful alone", () => {
    const { one, context } = at(summer);
    for (const status of [0b1, 0b10, 0b100, 0b1000]) {
      one.values.status = status;
      expect(show({ one, context }).status).toBe(0x80 | status);
      expect(fromData(T.unsigned, readAttribute(one, one.values, 4, context) as DataLike)).toBe(0x80 | status);
      writeAttribute(one, one.values, 2, dataOf(T.dateTimeOctets, time(summer)), context);
      expect(show({ one, context }).status).toBe(0x80 | (status & 0b1100));
    }
  });

  it("a status of which all bits are set is shown as not specified, and the time is read all the same", () => {
    for (const status of [0x7f, 0xff]) {
      const { one, context } = at(summer);
      one.values.status = status;
      expect(show({ one, context })).toMatchObject({ hour: 12, status: null });
    }
  });

  it("adjusts to the start of a measuring period", () => {
    const load = profileGeneric("1.0.99.1.0.255", { capture: [clock()], entries: 10, period: 3600 });
    const { one, context } = at(summer + 31 * 60_000, [load]);
    invokeMethod(one, one.values, 2, undefined, context);
    expect(context.now).toBe(summer + 3_600_000);
  });

  it("a preset time does not set the clock; it is used once, within its interval", () => {
    const { one, context } = at(summer);
    const invoke = (id: number, argument?: Data): unknown => invokeMethod(one, one.values, id, argument, context);
    expect(codeOf(() => invoke(4))).toBe("other-reason");
    expect(codeOf(() => invoke(5, preset(summer + 1000, summer)))).toBe("other-reason");
    invoke(5, preset(summer + 60_000, summer + 120_000));
    expect(context.now).toBe(summer);
    expect(codeOf(() => invoke(4))).toBe("other-reason");
    invoke(5, preset(summer, summer));
    invoke(4);
    expect(context.now).toBe(summer + 1_000_000);
    expect(codeOf(() => invoke(4))).toBe("other-reason");
  });
});
