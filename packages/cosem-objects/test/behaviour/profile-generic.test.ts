import { type Data, type DataLike, dataOf, encodeData, T, treeOf } from "@dlmskit/apdu";
import { type CosemDateTime, dateTimeOf, unspecifiedDateTime } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AnyObject,
  type CaptureObject,
  captureObject,
  clock,
  dataObject,
  EntryDescriptor,
  encodedStructure,
  extendedRegister,
  invokeMethod,
  type ProfileOptions,
  ProfileStatusBit,
  profileGeneric,
  profileGeneric0,
  RangeDescriptor,
  RangeDescriptor0,
  readAttribute,
  register,
  SortMethod,
  writeAttribute,
} from "../../src/index.ts";
import { codeOf, contextOf } from "../a-context.ts";

const minute = 60_000;
const start = Date.UTC(2026, 10, 24);
const name = "1.0.99.1.0.255";

/** A meter with a clock, a register and a profile of both, in UTC. */
function setup(options: Partial<ProfileOptions> = {}, others: readonly AnyObject[] = []) {
  const time = clock();
  const energy = register("1.0.1.8.0.255", { type: T.doubleLong, value: 0, unit: "Wh" });
  const load = profileGeneric(name, { capture: [time, energy], entries: 100, period: 900, ...options });
  const context = contextOf([time, energy, load, ...others], { deviation: 0 });
  const of = (object: AnyObject) => Object.create(context, { object: { value: object } });
  const capture = (value: number, quarter = value): void => {
    context.now = start + quarter * 15 * minute;
    energy.values.value = value;
    invokeMethod(load, load.values, 2, undefined, of(load));
  };
  const raw = (selector?: number, parameters?: DataLike, object: AnyObject = load): DataLike => {
    const selection = selector === undefined ? undefined : { selector, parameters: parameters as Data };
    return readAttribute(object, object.values, 2, of(object), selection) as DataLike;
  };
  const rows = (selector?: number, parameters?: DataLike, object: AnyObject = load): Data[][] => {
    const { value } = treeOf(raw(selector, parameters, object)) as never as { value: readonly { value: Data[] }[] };
    return value.map((row) => row.value);
  };
  const values = (selector?: number, parameters?: DataLike): number[] =>
    rows(selector, parameters).map(
      (row) => (row.find(({ type }) => type === "double-long") as { value: number }).value,
    );
  const write = (attributeId: number, type: Parameters<typeof dataOf>[0], value: unknown, object: AnyObject = load) =>
    writeAttribute(object, object.values, attributeId, dataOf(type, value as never), of(object));
  return { time, energy, load, context, of, capture, raw, rows, values, write };
}

const stamp = (quarter: number): Data => ({ type: "date-time", value: dateTimeOf(start + quarter * 15 * minute) });
const number = (value: number): Data => ({ type: "double-long", value });
const range = (restrictingObject: CaptureObject, from: Data, to: Data, selectedValues: CaptureObject[] = []) =>
  dataOf(RangeDescriptor, { restrictingObject, from, to, selectedValues });
const energyColumn = captureObject(register("1.0.1.8.0.255", { type: T.doubleLong, value: 0, unit: "Wh" }));
const clockObject = captureObject(clock());

describe("5.1 capture", () => {
  it("5.1.2 reads in order at one instant; what cannot be read is null-data, and a failed hook is told", () => {
    const broken = dataObject(
      "0.0.96.1.1.255",
      { type: T.unsigned, value: 0 },
      {
        read: {
          value: () => {
            throw new Error("sensor");
          },
        },
      },
    );
    const { load, context, rows, capture } = setup(
      { capture: [clock(), broken, captureObject(broken), energyColumn] },
      [broken],
    );
    const told: string[] = [];
    context.device.failed = (what) => void told.push(what);
    capture(3);
    expect(rows()[0]?.map(({ type }) => type)).toEqual(["octet-string", "null-data", "null-data", "double-long"]);
    expect([told.length, load.values.entriesInUse]).toEqual([2, 0]);
  });

  it("5.1.3 takes whole objects, elements, and columns of an inner profile", () => {
    const energy = register("1.0.1.8.0.255", { type: T.doubleLong, value: 0, unit: "Wh" });
    const outer = profileGeneric("1.0.98.1.0.255", {
      capture: [
        { object: energy, attributeId: 0 },
        { object: energy, attributeId: 3, dataIndex: 2 },
        { classId: 7, instanceId: name, attributeId: 2, dataIndex: 2 },
      ],
      entries: 3,
    });
    const { capture, rows, of } = setup({}, [outer]);
    capture(1);
    capture(2);
    invokeMethod(outer, outer.values, 2, undefined, of(outer));
    const [row] = rows(undefined, undefined, outer);
    expect(((row ?? [])[0] as never as { value: Data[] }).value.map(({ type }) => type)).toEqual([
      "octet-string",
      "double-long",
      "structure",
    ]);
    expect(row?.[1]).toEqual({ type: "enum", value: 30 });
    expect(row?.[2]).toEqual({ type: "array", value: [number(1), number(2)] });
  });

  it("5.1.3 refuses a data index of encoded selective access, 5.1.4 and a capture of itself", () => {
    const inner = profileGeneric("1.0.98.1.0.255", {
      capture: [{ classId: 7, instanceId: name, attributeId: 2, dataIndex: 0 }],
      entries: 3,
    });
    const { write, load } = setup({}, [inner]);
    const columns = T.array(
      T.structure({
        classId: T.longUnsigned,
        instanceId: T.logicalName,
        attributeId: T.integer,
        dataIndex: T.longUnsigned,
      }),
    );
    const buffer = (instanceId: string, attributeId = 2) => [{ classId: 7, instanceId, attributeId, dataIndex: 0 }];
    const before = load.values.captureObjects;
    for (const bad of [
      buffer(name),
      buffer(name, 0),
      buffer(inner.instance),
      [{ ...energyColumn, dataIndex: 0x1000 }],
    ]) {
      expect(codeOf(() => write(3, columns, bad))).toBe("other-reason");
    }
    expect(load.values.captureObjects).toBe(before);
  });
});

describe("5.2 sorting", () => {
  const orders: Record<number, (values: readonly number[]) => number[]> = {
    [SortMethod.largest]: (values) => values.toSorted((one, other) => other - one),
    [SortMethod.smallest]: (values) => values.toSorted((one, other) => one - other),
    [SortMethod.nearestToZero]: (values) => values.toSorted((one, other) => Math.abs(one) - Math.abs(other)),
    [SortMethod.furthestFromZero]: (values) => values.toSorted((one, other) => Math.abs(other) - Math.abs(one)),
  };
  it.each([3, 4, 5, 6])("method %s keeps the first of all, equal ones in the order of capturing", (sortMethod) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 6 }),
        (all, entries) => {
          const { capture, rows, load, of } = setup({ sortMethod, sortBy: energyColumn, entries });
          all.forEach((value, quarter) => void capture(value, quarter));
          const kept = rows().map(([at, value]) => [(value as { value: number }).value, at] as const);
          const expected = orders[sortMethod]?.(all).slice(0, entries) ?? [];
          expect(kept.map(([value]) => value)).toEqual(expected);
          // A newcomer of the same value stands behind, and falls out first.
          for (const [at, [value, time]] of kept.entries()) {
            const nth = kept.slice(0, at).filter(([other]) => other === value).length;
            const quarter = all.flatMap((one, place) => (one === value ? [place] : []))[nth] as number;
            expect(encodeData(time as Data)).toEqual(
              dataOf(T.dateTimeOctets, dateTimeOf(start + quarter * 15 * minute)).octets,
            );
          }
          expect(of(load).device.rows(load).count()).toBe(Math.min(all.length, entries));
        },
      ),
    );
  });

  it("sorts by a date-time, and 64-bit values; a row without a value is last", () => {
    const maximum = extendedRegister("1.0.1.6.0.255", {
      type: T.long64Unsigned,
      value: 0n,
      unit: "W",
      captureTime: unspecifiedDateTime,
    });
    const { load, context, of, rows } = setup(
      { capture: [maximum], sortBy: maximum, sortMethod: SortMethod.largest, entries: 3 },
      [maximum],
    );
    for (const value of [5n, 2n ** 60n, 7n, 2n ** 60n + 1n]) {
      maximum.values.value = value;
      invokeMethod(load, load.values, 2, undefined, of(load));
    }
    expect(rows().map(([value]) => (value as { value: bigint }).value)).toEqual([2n ** 60n + 1n, 2n ** 60n, 7n]);
    expect(context.device.rows(load).count()).toBe(3);
  });

  it("a sort object is one of the columns; none only with methods 1 and 2", () => {
    expect(codeOf(() => setup({ sortMethod: SortMethod.largest }))).toBe("bad-profile");
    const { write, load } = setup();
    expect(codeOf(() => write(5, T.enumOf(SortMethod), 3))).toBe("other-reason");
    write(
      6,
      T.structure({
        classId: T.longUnsigned,
        instanceId: T.logicalName,
        attributeId: T.integer,
        dataIndex: T.longUnsigned,
      }),
      energyColumn,
    );
    write(5, T.enumOf(SortMethod), 3);
    expect(load.values.sortMethod).toBe(3);
  });

  it("first in, first out is the order of capturing, whatever the clock shows, and a range finds rows by their stamps", () => {
    const { load, context, capture, values, of } = setup({ entries: 4 });
    for (const quarter of [1, 2, 3]) capture(quarter);
    const back = start + 3 * 15 * minute;
    context.now = start;
    const [late] = [...(load.hooks.time?.moved?.(load.values, {} as never, back, start) ?? [])];
    load.hooks.time?.run(load.values, of(load), late as number);
    capture(11, 1);
    capture(12, 2);
    expect(values()).toEqual([2, 3, 11, 12]);
    expect(values(1, range(clockObject, stamp(2), stamp(2)))).toEqual([2, 12]);
    expect(values(1, range(clockObject, stamp(1), stamp(1)))).toEqual([11]);
  });
});

describe("5.3 writes and reset", () => {
  const withCaptor = (more: Partial<ProfileOptions> = {}) => {
    const captor = profileGeneric("1.0.98.1.0.255", {
      capture: [{ classId: 7, instanceId: name, attributeId: 2, dataIndex: 0 }],
      entries: 3,
    });
    const captorOfCaptor = profileGeneric("1.0.98.2.0.255", {
      capture: [{ classId: 7, instanceId: captor.instance, attributeId: 2, dataIndex: 0 }],
      entries: 3,
    });
    const made = setup(more, [captor, captorOfCaptor]);
    for (const quarter of [1, 2, 3]) made.capture(quarter);
    for (const profile of [captor, captorOfCaptor])
      invokeMethod(profile, profile.values, 2, undefined, made.of(profile));
    const counts = () => [made.load, captor, captorOfCaptor].map((one) => made.context.device.rows(one).count());
    return { ...made, counts };
  };
  const one = T.structure({
    classId: T.longUnsigned,
    instanceId: T.logicalName,
    attributeId: T.integer,
    dataIndex: T.longUnsigned,
  });

  it.each([
    ["capture_objects", 3, T.array(one), [clockObject]],
    ["capture_period", 4, T.doubleLongUnsigned, 60],
    ["sort_method", 5, T.enumOf(SortMethod), 2],
    ["sort_object", 6, one, energyColumn],
    ["profile_entries", 8, T.doubleLongUnsigned, 50],
  ] as const)("writing %s clears the buffer, and those that capture it", (_, attributeId, type, value) => {
    const { counts, write } = withCaptor();
    expect(counts()).toEqual([3, 1, 1]);
    write(attributeId, type, value);
    expect(counts()).toEqual([0, 0, 0]);
  });

  it("reset clears the buffer and those that capture it; the captured objects stay", () => {
    const { counts, load, of, energy } = withCaptor();
    invokeMethod(load, load.values, 1, undefined, of(load));
    expect([counts(), energy.values.value]).toEqual([[0, 0, 0], 3]);
  });

  it.each([2, 7])("attribute %s is not written", (attributeId) => {
    const { load, of } = setup();
    const value: Data = attributeId === 2 ? { type: "array", value: [] } : { type: "double-long-unsigned", value: 0 };
    expect(codeOf(() => writeAttribute(load, load.values, attributeId, value, of(load)))).toBe("read-write-denied");
  });

  it.each([
    [1, [2, 3]],
    [2, [3, 2]],
    [4, [1, 2]],
  ])(
    "profile_entries above the limit is lowered to it, and rows that fit are kept where that is wanted: method %s",
    (sortMethod, kept) => {
      const more = { sortMethod, ...(sortMethod > 2 ? { sortBy: energyColumn } : {}) };
      const { write, load, values, counts } = withCaptor({ ...more, maxEntries: 70, resizeKeepsRows: true });
      write(8, T.doubleLongUnsigned, 900);
      expect([load.values.profileEntries, counts()]).toEqual([70, [3, 1, 1]]);
      write(8, T.doubleLongUnsigned, 2);
      expect(values()).toEqual(kept);
      expect(codeOf(() => write(8, T.doubleLongUnsigned, 0))).toBe("other-reason");
    },
  );
});

describe("5.4 selective access", () => {
  const filled = (more: Partial<ProfileOptions> = {}) => {
    const made = setup(more);
    for (let quarter = 0; quarter < 10; quarter++) made.capture(quarter);
    return made;
  };

  it("5.4.1, 5.4.4 ranges over any column, in the order of the buffer, both ends included", () => {
    const { values } = filled({ sortMethod: 3, sortBy: energyColumn });
    expect(values(1, range(energyColumn, number(3), number(5)))).toEqual([5, 4, 3]);
    expect(values(1, range(energyColumn, number(5), number(3)))).toEqual([]);
    expect(values(1, range(clockObject, stamp(7), stamp(8)))).toEqual([8, 7]);
    expect(values(1, range(energyColumn, { type: "null-data" }, number(1)))).toEqual([1, 0]);
    expect(codeOf(() => values(1, range(energyColumn, { type: "unsigned", value: 3 }, number(5))))).toBe(
      "type-unmatched",
    );
    expect(codeOf(() => values(1, range({ ...energyColumn, dataIndex: 1 }, number(3), number(5))))).toBe(
      "other-reason",
    );
    expect(setup().values(1, range(energyColumn, { type: "unsigned", value: 3 }, number(5)))).toEqual([]);
  });

  it("compares date-times as instants; FF in a bound is the lowest or the highest possible", () => {
    const { values } = filled();
    const half = (more: Partial<CosemDateTime>): Data => ({
      type: "date-time",
      value: { ...unspecifiedDateTime, year: 2026, month: 11, day: 24, hour: 1, ...more },
    });
    // 01:00 to 01:59:59.99: the quarters 4 to 7.
    expect(values(1, range(clockObject, half({}), half({})))).toEqual([4, 5, 6, 7]);
    expect(values(1, range(clockObject, half({ hour: null }), half({ hour: null, day: null })))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(
      values(1, range(clockObject, half({ minute: 0, deviation: 60 }), half({ minute: 15, second: 0, deviation: 60 }))),
    ).toEqual([8, 9]);
  });

  it("5.4.5 selects columns in the order of capture_objects", () => {
    const { rows } = filled();
    const both = rows(1, range(clockObject, stamp(1), stamp(1), [energyColumn, clockObject]));
    expect(both[0]?.map(({ type }) => type)).toEqual(["octet-string", "double-long"]);
    expect(rows(1, range(clockObject, stamp(1), stamp(1), [energyColumn]))).toEqual([[number(1)]]);
  });

  it("5.4.7 sends cells that follow from the row before as null-data, the first row of a reply complete", () => {
    const { capture, rows, raw } = setup({ nullData: true });
    for (const [quarter, value] of [5, 5, 6, 6].entries()) capture(value, quarter);
    for (let quarter = 5; quarter < 60; quarter++) capture(7, quarter);
    const types = rows().map((row) => row.map(({ type }) => type === "null-data"));
    expect(types.slice(0, 7)).toEqual([
      ...[
        [false, false],
        [true, true],
        [true, false],
        [true, true],
      ],
      ...[
        [false, false],
        [true, true],
        [true, true],
      ],
    ]);
    const some = rows(1, range(clockObject, stamp(1), stamp(2)));
    expect(some.map((row) => row.map(({ type }) => type === "null-data"))).toEqual([
      [false, false],
      [true, false],
    ]);
    expect(raw().type).toBe("streamed");
  });

  it("counts a stamp of null-data as one period after the one before it", () => {
    const cell = (value: Data): Uint8Array => encodeData(value);
    const source = [cell(stamp(0)), Uint8Array.of(0), Uint8Array.of(0)].map((one, at) =>
      encodedStructure([one, cell(number(at))]),
    );
    const list = { count: () => 3, range: () => source, entries: () => source };
    const { load, values } = setup({ rows: list });
    load.values.capturedAfter = 1;
    expect(values(1, range(clockObject, stamp(1), stamp(2)))).toEqual([1, 2]);
  });

  it("5.4.8: is sent as a compact-array where rows are of one type", () => {
    const { raw, rows } = filled({ compactArray: true });
    const plain = filled().rows();
    expect(treeOf(raw())).toMatchObject({
      type: "compact-array",
      contents: { type: "structure", elements: [{ type: "octet-string" }, { type: "double-long" }] },
    });
    expect(rows()).toEqual(plain);
    expect(encodeData(raw()).length).toBeLessThan(encodeData(filled().raw()).length);
    expect(encodeData(setup({ compactArray: true }).raw())).toEqual(Uint8Array.of(1, 0));
  });
});

describe("5.5 status and power failure", () => {
  const withStatus = (powerFailure: ProfileOptions["powerFailure"] = {}) => {
    const status = dataObject("0.0.96.10.1.255", { type: T.unsigned, value: 0 });
    const made = setup({ capture: [clock(), status, energyColumn], status, powerFailure }, [status]);
    const { load, context, of } = made;
    const timeline = load.hooks.time;
    const dark = (from: number, to: number): void => {
      context.now = to;
      timeline?.poweredUp?.(load.values, of(load), from, to);
      const late = [...(timeline?.restored?.(load.values, { local: context.local } as never, from, to) ?? [])];
      for (const at of late) timeline?.run(load.values, of(load), at);
    };
    const shown = () =>
      made.rows().map(([time, bits, value]) => {
        const at = treeOf(time as Data) as { value: Uint8Array };
        const [hour, minutes] = [at.value[5], at.value[6]];
        return `${hour}:${minutes} ${(bits as { value: number }).value} ${(value as { value: number }).value}`;
      });
    return { ...made, status, dark, shown, timeline };
  };
  const bit = (of: keyof typeof ProfileStatusBit): number => 1 << ProfileStatusBit[of];

  it("5.5.1, 5.5.2 makes no rows for the dark time; the first one after it has the bit of the power failure, once", () => {
    const { capture, dark, shown } = withStatus();
    capture(1);
    dark(start + 20 * minute, start + 80 * minute);
    capture(6);
    capture(7);
    expect(shown()).toEqual(["0:15 0 1", `1:30 ${bit("powerDown")} 6`, "1:45 0 7"]);
  });

  it("makes a row at each end and at each boundary where that is wanted", () => {
    const { capture, dark, shown } = withStatus({ fillMissing: true, entryAtPowerDown: true, entryAtPowerUp: true });
    capture(1);
    dark(start + 20 * minute, start + 50 * minute);
    capture(4);
    capture(5);
    const down = bit("powerDown");
    expect(shown()).toEqual([
      "0:15 0 1",
      ...["0:20", "0:30", "0:45", "0:50"].map((at) => `${at} ${down} 1`),
      `1:0 ${down} 4`,
      "1:15 0 5",
    ]);
  });

  it("5.5.3 notes that the clock was set, and the state of the clock; users note what they like", () => {
    const { capture, shown, timeline, load, of, status, time, context } = withStatus();
    capture(1);
    context.now = start + 60 * minute;
    const [late] = [...(timeline?.moved?.(load.values, {} as never, start + 16 * minute, start + 60 * minute) ?? [])];
    timeline?.run(load.values, of(load), late as number);
    status.values.value |= bit("criticalError");
    capture(5);
    time.values.status = 1;
    capture(6);
    expect(shown()).toEqual([
      "0:15 0 1",
      `1:15 ${bit("clockAdjusted") | bit("criticalError")} 5`,
      `1:30 ${bit("clockInvalid") | bit("dataNotValid")} 6`,
    ]);
  });
});

describe("version 0", () => {
  it("captures whole attributes, and gives rows by selectors and by methods 3 and 4", () => {
    const time = clock();
    const energy = register("1.0.1.8.0.255", { type: T.doubleLong, value: 0, unit: "Wh" });
    const load = profileGeneric0(name, { capture: [time, energy], entries: 10, period: 900 });
    const context = contextOf([time, energy, load], { deviation: 0 });
    const own = Object.create(context, { object: { value: load } });
    for (let quarter = 0; quarter < 5; quarter++) {
      context.now = own.now = start + quarter * 15 * minute;
      energy.values.value = quarter;
      invokeMethod(load, load.values, 2, undefined, own);
    }
    const whole = ({ dataIndex: _, ...column }: CaptureObject) => column;
    expect(load.values.captureObjects).toEqual([clockObject, energyColumn].map(whole));
    const values = (data: unknown): number[] =>
      (treeOf(data as DataLike) as never as { value: { value: Data[] }[] }).value.map(
        (row) => (row.value.at(-1) as { value: number }).value,
      );
    const byRange = dataOf(RangeDescriptor0, {
      restrictingObject: whole(clockObject),
      from: stamp(1),
      to: stamp(2),
      selectedValues: [],
    });
    const byEntry = dataOf(EntryDescriptor, { fromEntry: 2, toEntry: 0, fromSelectedValue: 1, toSelectedValue: 0 });
    expect(values(invokeMethod(load, load.values, 3, byRange, own))).toEqual([1, 2]);
    expect(values(invokeMethod(load, load.values, 4, byEntry, own))).toEqual([1, 2, 3, 4]);
    expect(values(readAttribute(load, load.values, 2, own, { selector: 1, parameters: byRange }))).toEqual([1, 2]);
    expect(values(readAttribute(load, load.values, 2, own, { selector: 2, parameters: byEntry }))).toEqual([
      1, 2, 3, 4,
    ]);
    expect(codeOf(() => profileGeneric0(name, { capture: [{ object: energy, dataIndex: 1 }], entries: 1 }))).toBe(
      "bad-profile",
    );
  });
});
