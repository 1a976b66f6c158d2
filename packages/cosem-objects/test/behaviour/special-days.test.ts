import { describe, expect, it } from "vitest";
import { berlin } from "../../../../test/zones.ts";
import { specialDayId } from "../../src/behaviour/special-days.ts";
import { invokeMethod, LocalTime, specialDays } from "../../src/index.ts";
import { contextOf } from "../a-context.ts";
import { date } from "./a-life.ts";

const day = (index: number, text: string, dayId: number, dayOfWeek: number | null = null) => ({
  index,
  specialdayDate: date(text, dayOfWeek),
  dayId,
});
const local = new LocalTime(berlin);
type Entries = NonNullable<Parameters<typeof specialDays>[1]>;

function idOn(text: string, ...tables: Entries[]): number | undefined {
  const objects = tables.map((entries, at) => specialDays(`0.0.11.0.${at}.255`, entries));
  const values = (object: { values: object }) => object.values;
  return specialDayId(Date.parse(`${text}Z`) / 86_400_000, { local, objects, values } as never);
}

describe("Special days table", () => {
  it("9: a day is special where a date matches, with wildcards, last days and weekdays", () => {
    const entries = [
      day(1, "*-12-25", 9),
      day(2, "2026-04-06", 8),
      day(3, "*-*-254", 7),
      day(4, "*-3-254", 6, 7),
      day(5, "*-11-1", 5, 4),
      day(6, "*-253-*", 4),
    ];
    const found = (text: string) => idOn(text, entries);
    expect([found("2026-12-25"), found("2031-12-25"), found("2026-12-26")]).toEqual([9, 9, undefined]);
    expect([found("2026-04-06"), found("2027-04-06")]).toEqual([8, undefined]);
    expect([found("2028-02-29"), found("2028-02-28"), found("2026-02-28")]).toEqual([7, undefined, 7]);
    expect([found("2026-03-29"), found("2026-03-22")]).toEqual([6, undefined]);
    // The first Thursday from 1 November on.
    expect([found("2026-11-05"), found("2026-11-12")]).toEqual([5, undefined]);
    // The day on which daylight saving ends.
    expect(found("2026-10-25")).toBe(4);
  });

  it("9: of several matches the lowest index counts, of all tables", () => {
    const many = [day(5, "*-12-25", 9), day(2, "*-12-*", 8), day(3, "2026-12-25", 7)];
    expect(idOn("2026-12-25", many)).toBe(8);
    expect(idOn("2026-12-25", many, [day(1, "*-*-25", 3)])).toBe(3);
  });

  it("9: insert replaces the entry of the same index or the same date", () => {
    const table = specialDays(undefined, [day(1, "*-1-1", 1), day(2, "*-5-1", 1), day(3, "*-12-25", 1)]);
    const context = contextOf([table]);
    const insert = (entry: Entries[number]) => table.hooks.invoke?.insert?.(table.values, entry, context);
    insert(day(2, "*-5-2", 4));
    insert(day(7, "*-12-25", 5));
    insert(day(8, "*-12-26", 6));
    expect(table.values.entries).toEqual([
      day(1, "*-1-1", 1),
      day(2, "*-5-2", 4),
      day(7, "*-12-25", 5),
      day(8, "*-12-26", 6),
    ]);
    // Another entry has its index, another one its date.
    insert(day(1, "*-12-26", 7));
    expect(table.values.entries).toEqual([day(1, "*-12-26", 7), day(2, "*-5-2", 4), day(7, "*-12-25", 5)]);
  });

  it("9: delete removes by index; one that is not there succeeds", () => {
    const table = specialDays(undefined, [day(1, "*-1-1", 1), day(2, "*-5-1", 1)]);
    const remove = (value: number) =>
      invokeMethod(table, table.values, 2, { type: "long-unsigned", value }, contextOf([table]));
    remove(9);
    remove(1);
    expect(table.values.entries).toEqual([day(2, "*-5-1", 1)]);
  });

  it("O8: an entry of zeros is accepted, and is no day", () => {
    const zeros = { index: 0, specialdayDate: { year: 0, month: 0, day: 0, dayOfWeek: 0 }, dayId: 0 };
    expect(idOn("2026-01-01", [zeros])).toBeUndefined();
  });
});
