import { type Data, dataOf, T, treeOf } from "@dlmskit/apdu";
import { describe, expect, it } from "vitest";
import {
  type AnyObject,
  clock,
  EntryDescriptor,
  invokeMethod,
  methodName,
  profileGeneric,
  readAttribute,
  register,
  timelineOf,
} from "../../src/index.ts";
import { codeOf, contextOf } from "../a-context.ts";

const at = (time: string): number => Date.UTC(2026, 10, 24, ...(time.split(":").map(Number) as [number]));

describe("profiles", () => {
  function profile(period: number) {
    const energy = register("1.0.1.8.0.255", { type: T.doubleLong, value: 0, unit: "Wh" });
    const load = profileGeneric("1.0.99.1.0.255", { capture: [energy], entries: 100, period });
    const context = contextOf([energy, load], { deviation: 0 });
    const own = Object.create(context, { object: { value: load } });
    const timeContext = { ...context, object: load, clockAt: (instant: number) => instant, objects: [energy, load] };
    const next = (after: number) =>
      timelineOf(load)?.next(load.values, { ...timeContext, values: (one: AnyObject) => one.values }, after);
    const entries = (from: number, to: number): unknown[] => {
      const parameters = dataOf(EntryDescriptor, {
        ...{ fromEntry: from, toEntry: to, fromSelectedValue: 1, toSelectedValue: 0 },
      });
      const selection = { selector: 2, parameters };
      const read = treeOf(readAttribute(load, load.values, 2, own, selection) as Data) as never as {
        value: { value: { value: number }[] }[];
      };
      return read.value.map((row) => row.value[0]?.value);
    };
    const capture = (value: number): void => {
      energy.values.value = value;
      invokeMethod(load, load.values, 2, undefined, own);
    };
    return { next, entries, capture };
  }

  it("5.1.1: capture_period 0 captures nothing by itself; otherwise at multiples of it from local midnight", () => {
    expect(profile(0).next(at("10:01"))).toBeUndefined();
    expect(profile(900).next(at("10:01"))).toBe(at("10:15"));
    expect(profile(900).next(at("10:15"))).toBe(at("10:30"));
  });

  it("5.4.6: entries count from 1, both ends included: the second field is the last entry and not a number of entries; 0 is the last one", () => {
    const { entries, capture } = profile(0);
    for (let value = 1; value <= 10; value++) capture(value);
    expect(entries(1, 1)).toEqual([1]);
    expect(entries(3, 5)).toEqual([3, 4, 5]);
    expect(entries(9, 0)).toEqual([9, 10]);
    expect([entries(11, 12), entries(8, 99)]).toEqual([[], [8, 9, 10]]);
    expect(codeOf(() => entries(0, 3))).toBe("other-reason");
  });
});

describe("the clock", () => {
  function set(time: string, method: string, argument?: Data) {
    const object = clock();
    const context = contextOf([object], { deviation: 0, now: at(time) });
    const id = [1, 2, 3, 4, 5, 6].find((one) => methodName(object.spec, one) === method) as number;
    invokeMethod(
      object,
      object.values,
      id,
      argument ?? { type: "integer", value: 0 },
      Object.create(context, { object: { value: object } }),
    );
    return context.now;
  }

  it.each([
    ["adjustToQuarter", "10:07:29", "10:00:00"],
    ["adjustToQuarter", "10:07:30", "10:15:00"],
    ["adjustToMinute", "10:07:29", "10:07:00"],
    ["adjustToMinute", "10:07:30", "10:08:00"],
  ])("6: %s at %s is %s", (method, before, after) => {
    expect(set(before, method)).toBe(at(after));
  });

  it("6: shift_time moves the clock by up to 900 s, and no more", () => {
    const long = (value: number): Data => ({ type: "long", value });
    expect(set("10:00:00", "shiftTime", long(-900))).toBe(at("09:45:00"));
    expect(set("10:00:00", "shiftTime", long(900))).toBe(at("10:15:00"));
    expect(codeOf(() => set("10:00:00", "shiftTime", long(901)))).toBe("other-reason");
  });
});
