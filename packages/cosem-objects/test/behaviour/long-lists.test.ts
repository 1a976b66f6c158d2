import { type Data, T } from "@dlmskit/apdu";
import type { CosemDate, CosemTime } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import { berlin } from "../../../../test/zones.ts";
import {
  type AnyObject,
  invokeMethod,
  LocalTime,
  profileGeneric,
  register,
  SortMethod,
  singleActionSchedule,
  timelineOf,
} from "../../src/index.ts";
import { contextOf } from "../a-context.ts";

/** Local time that counts how often something is looked for. */
class CountingTime extends LocalTime {
  looked = 0;

  override next(date: CosemDate, time: CosemTime, after: number): number | undefined {
    this.looked++;
    return super.next(date, time, after);
  }
}

const start = Date.UTC(2026, 10, 24, 8, 30);
const anyTime = { hour: null, minute: null, second: null, hundredths: null };
const anyDate = { year: null, month: null, day: null, dayOfWeek: null };
const entry = (date: Partial<CosemDate> = {}, time: Partial<CosemTime> = {}) => ({
  time: { ...anyTime, ...time },
  date: { ...anyDate, ...date },
});

describe("execution times that a client wrote by the thousand", () => {
  const executedScript = { scriptLogicalName: "0.0.10.0.0.255", scriptSelector: 1 };
  function planned(executionTime: ReturnType<typeof entry>[]) {
    const schedule = singleActionSchedule("0.0.15.0.0.255", { executedScript, executionTime });
    const local = new CountingTime({ ...berlin, daylightSavingsEnabled: false });
    const context = {
      ...contextOf([schedule]),
      local,
      clockAt: Number,
      objects: [],
      values: (one: AnyObject) => one.values,
    };
    const next = (after: number) => timelineOf(schedule)?.next(schedule.values, context, after);
    return { local, next };
  }

  it("are looked for again when they have come, and not each time that another comes", () => {
    // One that comes each second, and thousands that never do.
    const { local, next } = planned([entry(), ...Array.from({ length: 3000 }, () => entry({ month: 2, day: 30 }))]);
    for (let second = 0; second < 20; second++) expect(next(start + second * 1000)).toBe(start + (second + 1) * 1000);
    expect(local.looked).toBeLessThanOrEqual(3001 + 19);
  });

  it("come when they would one by one, forwards, backwards and after more than a day", () => {
    const times = Array.from({ length: 40 }, (_, at) =>
      entry({}, { hour: at % 24, minute: (at * 7) % 60, second: at }),
    );
    const { next } = planned(times);
    const each = times.map((one) => planned([one]).next);
    for (const hours of [0, 1, 2, 30, 29, 5, 100, 100.5, 24 * 400, 3]) {
      const after = start + hours * 3_600_000;
      expect(next(after)).toBe(Math.min(...each.map((one) => one(after) ?? Number.POSITIVE_INFINITY)));
    }
  });
});

describe("5.2 a full buffer that is sorted by a value", () => {
  function largest(entries: number) {
    const value = register("1.0.1.8.0.255", { type: T.doubleLong, value: 0, unit: "Wh" });
    const profile = profileGeneric("1.0.98.133.6.255", {
      ...{ capture: [value], entries, sortMethod: SortMethod.largest, sortBy: value },
    });
    const context = contextOf([value, profile]);
    const { rows } = context.device;
    let [read, written] = [0, 0];
    context.device.rows = (object) => {
      const kept = rows(object);
      return {
        ...kept,
        entries: (first, last) => {
          const found = [...(kept.entries(first, last) as Iterable<Uint8Array>)];
          read += found.length;
          return found;
        },
        append: (at, row, keep) => {
          written++;
          kept.append(at, row, keep);
        },
      };
    };
    const capture = (captured: number) => {
      [read, written] = [0, 0];
      value.values.value = captured;
      const argument: Data = { type: "integer", value: 0 };
      invokeMethod(profile, profile.values, 2, argument, Object.create(context, { object: { value: profile } }));
      return { read, written };
    };
    return capture;
  }

  it("reads one row and writes none for a newcomer that it does not keep", () => {
    const capture = largest(100);
    for (let value = 100; value < 200; value++) capture(value);
    expect([capture(1), capture(100)]).toEqual(Array(2).fill({ read: 1, written: 0 }));
    expect(capture(101).written).toBe(100);
  });
});
