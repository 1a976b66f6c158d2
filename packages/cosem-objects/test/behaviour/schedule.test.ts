import { describe, expect, it } from "vitest";
import { schedule, specialDays } from "../../src/index.ts";
import { codeOf } from "../a-context.ts";
import { date, Life, script, time } from "./a-life.ts";

type Entry = NonNullable<Parameters<typeof schedule>[1]>[number];

const entry = (index: number, switchTime: string, more: Partial<Entry> = {}): Entry => ({
  index,
  enable: true,
  ...script(index),
  switchTime: time(switchTime),
  validityWindow: 0,
  execWeekdays: "1111111",
  execSpecdays: "",
  beginDate: date("*-*-*"),
  endDate: date("*-*-*"),
  ...more,
});

function meter(start: string, entries: Entry[], special: Parameters<typeof specialDays>[1] = []) {
  const object = schedule(undefined, entries);
  const days = specialDays(undefined, special);
  const life = new Life([object, days], start);
  const invoke = object.hooks.invoke ?? {};
  return { object, life, invoke, context: life.of(object) };
}
const indexes = ({ object }: ReturnType<typeof meter>) => object.values.entries.map(({ index }) => index);
const enabled = ({ object }: ReturnType<typeof meter>) =>
  object.values.entries.filter(({ enable }) => enable).map(({ index }) => index);

describe("Schedule", () => {
  it("8.1: an entry runs at its switch time on its weekdays, bit 0 Monday; one that is not enabled does not", () => {
    // 5 January 2026 is a Monday.
    const { life } = meter("2026-01-05 00:00", [
      entry(1, "06:00", { execWeekdays: "1000010" }),
      entry(2, "07:00", { enable: false }),
      entry(3, "08:00", { execWeekdays: "0000001" }),
    ]);
    expect(life.until("2026-01-12 23:00")).toEqual([
      "2026-01-05 06:00 1",
      "2026-01-10 06:00 1",
      "2026-01-11 08:00 3",
      "2026-01-12 06:00 1",
    ]);
  });

  it("8.1: only between begin_date and end_date, both days included", () => {
    const range = { beginDate: date("2026-03-02"), endDate: date("2026-03-04") };
    const { life } = meter("2025-01-01 00:00", [entry(1, "06:00", range)]);
    expect(life.until("2030-01-01 00:00")).toEqual(["2026-03-02 06:00 1", "2026-03-03 06:00 1", "2026-03-04 06:00 1"]);
  });

  it("8.1: ranges with wildcards: each year, each month, over the turn of the year, to the last day of a month", () => {
    const daysOf = (beginDate: Entry["beginDate"], endDate: Entry["endDate"], year = 2026) => {
      const { life } = meter(`${year}-01-01 00:00`, [entry(1, "12:00", { beginDate, endDate })]);
      const ran = life.until(`${year}-12-31 23:00`).map((line) => line.slice(5, 10));
      return `${ran.length}: ${ran[0]} ${ran.at(-1)}`;
    };
    expect(daysOf(date("*-4-1"), date("*-4-30"), 2031)).toBe("30: 04-01 04-30");
    expect(daysOf(date("*-*-10"), date("*-*-11"))).toBe("24: 01-10 12-11");
    expect(daysOf(date("*-11-1"), date("*-2-254"))).toBe("120: 01-01 12-31");
    expect(daysOf(date("*-11-1"), date("*-2-254"), 2028)).toBe("121: 01-01 12-31");
    expect(daysOf(date("*-*-30"), date("*-*-2"))).toBe("42: 01-01 12-31");
    expect(daysOf(date("2026-12-30"), date("*-*-*"))).toBe("2: 12-30 12-31");
    expect(daysOf(date("*-*-*"), date("2026-1-3"))).toBe("3: 01-01 01-03");
    // From the day on which daylight saving begins to the last Sunday of April.
    expect(daysOf(date("*-254-*"), date("*-4-254", 7))).toBe("29: 03-29 04-26");
  });

  it("8.1: on a special day the bit of its day_id decides, the weekday does not", () => {
    const special = [
      { index: 1, specialdayDate: date("2026-01-06"), dayId: 1 },
      { index: 2, specialdayDate: date("2026-01-07"), dayId: 3 },
      { index: 3, specialdayDate: date("2026-01-08"), dayId: 9 },
      { index: 4, specialdayDate: date("2026-01-09"), dayId: 0 },
    ];
    const { life } = meter(
      "2026-01-05 00:00",
      [
        entry(1, "06:00"),
        entry(2, "07:00", { execSpecdays: "001" }),
        entry(3, "08:00", { execWeekdays: "0000000", execSpecdays: "100" }),
      ],
      special,
    );
    expect(life.until("2026-01-10 00:00")).toEqual([
      "2026-01-05 06:00 1",
      "2026-01-05 07:00 2",
      "2026-01-06 08:00 3",
      "2026-01-07 07:00 2",
    ]);
  });

  it("8.2: the validity window plays no part in normal running", () => {
    const { life } = meter("2026-01-05 00:00", [entry(1, "06:00", { validityWindow: 0 })]);
    expect(life.until("2026-01-05 12:00")).toEqual(["2026-01-05 06:00 1"]);
  });

  it("8.2: 0 never runs late, FFFF without limit, others as many minutes, that one included", () => {
    const { life } = meter("2026-01-05 05:00", [
      entry(1, "06:00", { validityWindow: 0 }),
      entry(2, "06:01", { validityWindow: 0xffff }),
      entry(3, "06:02", { validityWindow: 58 }),
      entry(4, "06:03", { validityWindow: 56 }),
      entry(5, "07:00", { validityWindow: 0 }),
    ]);
    expect(life.noPowerUntil("2026-01-05 07:00")).toEqual([
      "2026-01-05 07:00 2",
      "2026-01-05 07:00 3",
      "2026-01-05 07:00 5",
    ]);
    expect(life.until("2026-01-05 23:00")).toEqual([]);
  });

  it("8.3: after power failure entries run in the order of their times, ties by index, each as often as it was missed within its window", () => {
    const { life } = meter("2026-01-05 12:00", [
      entry(9, "06:00", { validityWindow: 0xffff }),
      entry(2, "06:00", { validityWindow: 0xffff }),
      entry(3, "23:00", { validityWindow: 24 * 60 }),
    ]);
    expect(life.noPowerUntil("2026-01-07 12:00").map((line) => line.slice(17))).toEqual(["2", "9", "3", "2", "9"]);
  });

  it("8.2, 8.3: of entries that were missed at one instant each has its own window", () => {
    const { life, object } = meter("2026-01-05 05:00", [
      entry(1, "06:00", { validityWindow: 0 }),
      entry(2, "06:00", { validityWindow: 60 }),
    ]);
    expect(life.noPowerUntil("2026-01-05 06:30")).toEqual(["2026-01-05 06:30 2"]);
    expect(object.hooks.time?.watches).toEqual([11]);
  });

  it("waits for a begin_date that is many years ahead", () => {
    const range = { beginDate: date("2045-3-1"), endDate: date("2045-3-1") };
    const { life } = meter("2026-01-05 00:00", [entry(1, "06:00", range)]);
    expect(life.until("2046-01-01 00:00")).toEqual(["2045-03-01 06:00 1"]);
  });

  it("1.3: a clock that is set forward is as a power failure; set back, entries of the repeated span run again", () => {
    const { life } = meter("2026-01-05 05:00", [
      entry(1, "06:00", { validityWindow: 60 }),
      entry(2, "06:30", { validityWindow: 0 }),
    ]);
    expect(life.setClock("2026-01-05 06:45")).toEqual(["2026-01-05 06:45 1"]);
    expect(life.setClock("2026-01-05 05:30")).toEqual([]);
    expect(life.until("2026-01-05 12:00")).toEqual(["2026-01-05 06:00 1", "2026-01-05 06:30 2"]);
  });

  it("1.3: entries of the gap of daylight saving run after it in the order of their times, those of the repeated hour once", () => {
    const { life } = meter("2026-03-28 12:00", [entry(1, "02:40"), entry(2, "02:10"), entry(3, "03:00")]);
    expect(life.until("2026-03-29 12:00")).toEqual(["2026-03-29 03:00 2", "2026-03-29 03:00 1", "2026-03-29 03:00 3"]);
    life.until("2026-10-24 12:00");
    expect(life.until("2026-10-25 12:00")).toEqual(["2026-10-25 02:10 2", "2026-10-25 02:40 1", "2026-10-25 03:00 3"]);
  });

  it("8.5: indexes are 1 to 9999, each once", () => {
    const { object, context, invoke } = meter("2026-01-05 00:00", [entry(1, "06:00")]);
    const write = (...entries: Entry[]) => codeOf(() => object.hooks.write?.entries?.(object.values, entries, context));
    expect(write(entry(0, "06:00"))).toBe("other-reason");
    expect(write(entry(10_000, "06:00"))).toBe("other-reason");
    expect(write(entry(2, "06:00"), entry(2, "07:00"))).toBe("other-reason");
    expect(codeOf(() => invoke.insert?.(object.values, entry(0, "06:00"), context))).toBe("other-reason");
    expect(object.values.entries).toEqual([entry(1, "06:00")]);
    expect(write(entry(9999, "06:00"), entry(2, "07:00"))).toBe("nothing thrown");
  });

  it("8: enable/disable first disables range A, then enables range B", () => {
    const entries = [1, 2, 3, 4, 9999].map((index) => entry(index, "06:00", { enable: index < 3 }));
    const set = (firstIndexA: number, lastIndexA: number, firstIndexB: number, lastIndexB: number) => {
      const one = meter("2026-01-05 00:00", entries);
      one.invoke.enableDisable?.(one.object.values, { firstIndexA, lastIndexA, firstIndexB, lastIndexB }, one.context);
      return enabled(one);
    };
    expect(set(1, 3, 3, 4)).toEqual([3, 4]);
    expect(set(2, 2, 9999, 9999)).toEqual([1, 9999]);
    expect(set(3, 1, 9999, 4)).toEqual([1, 2]);
    expect(set(0xffff, 0xffff, 0xffff, 0xffff)).toEqual([1, 2]);
  });

  it("8: insert replaces the entry of the same index; delete removes a range", () => {
    const one = meter(
      "2026-01-05 00:00",
      [5, 3, 4].map((index) => entry(index, "06:00")),
    );
    const { invoke, object, context } = one;
    invoke.insert?.(object.values, entry(3, "09:00"), context);
    invoke.insert?.(object.values, entry(8, "10:00"), context);
    expect(indexes(one)).toEqual([5, 3, 4, 8]);
    expect(object.values.entries[1]).toEqual(entry(3, "09:00"));
    invoke.delete?.(object.values, { firstIndex: 5, lastIndex: 4 }, context);
    expect(indexes(one)).toEqual([5, 3, 4, 8]);
    invoke.delete?.(object.values, { firstIndex: 4, lastIndex: 5 }, context);
    expect(indexes(one)).toEqual([3, 8]);
  });

  it("1.4.4: of entries at one instant each runs, though one fails", () => {
    const { life } = meter("2026-01-05 00:00", [entry(2, "06:00"), entry(1, "06:00")]);
    life.failing.add(1);
    expect(life.until("2026-01-05 12:00")).toEqual(["2026-01-05 06:00 1", "2026-01-05 06:00 2"]);
    expect(life.failed).toHaveLength(1);
  });

  it("never runs what has no day or no time", () => {
    const { life } = meter("2026-01-05 00:00", [
      entry(1, "06:00", { execWeekdays: "0000000" }),
      entry(2, "06:00", { beginDate: date("2026-3-1"), endDate: date("2026-2-1") }),
      entry(3, "06:00", { execWeekdays: "", execSpecdays: "1" }),
      entry(4, "25:00"),
    ]);
    expect(life.until("2036-01-05 00:00")).toEqual([]);
  });
});
