import { type Data, type DataLike, dataOf, encodeData, T, treeOf } from "@dlmskit/apdu";
import { type CosemDateTime, dateTimeOf, encode, Reader } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CaptureObject,
  captureObject,
  clock,
  clockColumn,
  EntryDescriptor,
  elementsOf,
  encodedArray,
  encodedStructure,
  invokeMethod,
  profileGeneric,
  RangeDescriptor,
  RowRing,
  readAttribute,
  register,
  skipData,
} from "../src/index.ts";
import { codeOf, contextOf } from "./a-context.ts";

const minute = 60_000;
const start = Date.UTC(2026, 10, 24);

describe("the ring", () => {
  it("keeps what an array of the last rows keeps", () => {
    const steps = fc.array(fc.integer({ min: -3, max: 5 }), { maxLength: 60 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        steps,
        fc.integer({ min: -5, max: 90 }),
        fc.integer({ min: -5, max: 90 }),
        (capacity, deltas, from, to) => {
          const ring = new RowRing(capacity);
          let model: { time: number; row: Uint8Array }[] = [];
          let time = 10;
          for (const [at, delta] of deltas.entries()) {
            time += delta;
            const row = Uint8Array.of(at);
            ring.push(time, row);
            // In the order of time; of one time, in that of capture.
            const later = model.filter((one) => one.time > time);
            model = [...model.filter((one) => one.time <= time), { time, row }, ...later].slice(-capacity);
          }
          expect(ring.length).toBe(model.length);
          expect(ring.latest).toEqual(model.at(-1));
          expect(ring.entries(1, Number.POSITIVE_INFINITY)).toEqual(model.map(({ row }) => row));
          expect(ring.entries(2, 4)).toEqual(model.slice(1, 4).map(({ row }) => row));
          const inside = model.filter((one) => one.time >= from && one.time <= to).map(({ row }) => row);
          expect(ring.range(from, to)).toEqual(inside);
          expect(ring.range(undefined, undefined)).toHaveLength(model.length);
          ring.clear();
          expect(ring.length).toBe(0);
        },
      ),
    );
  });
});

describe("elements of a row", () => {
  it("are cut where each value ends, whatever its type", () => {
    const values: Data[] = [
      { type: "null-data" },
      { type: "array", value: [{ type: "unsigned", value: 1 }] },
      { type: "boolean", value: true },
      { type: "bit-string", value: "1010101010" },
      { type: "octet-string", value: Uint8Array.of(1, 2) },
      { type: "visible-string", value: "abc" },
      { type: "utf8-string", value: "ä" },
      { type: "long64-unsigned", value: 5n },
      { type: "float32", value: 1 },
      { type: "date-time", value: dateTimeOf(start) },
    ];
    const row = encodeData({ type: "structure", value: values });
    expect(elementsOf(row)).toEqual(values.map((value) => encodeData(value)));
    expect(encodedStructure(elementsOf(row))).toEqual(row);
  });

  it("counts 200 and 70000 elements in their shortest form", () => {
    const one = Uint8Array.of(0);
    expect(encodedArray(Array(200).fill(one)).subarray(0, 3)).toEqual(Uint8Array.of(1, 0x81, 200));
    expect(encodedArray(Array(300).fill(one)).subarray(0, 4)).toEqual(Uint8Array.of(1, 0x82, 1, 44));
    expect(encodedArray(Array(70_000).fill(one)).subarray(0, 5)).toEqual(Uint8Array.of(1, 0x83, 1, 0x11, 0x70));
  });

  it("is total: octets give elements or a Fault", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        const code = codeOf(() => elementsOf(octets));
        expect(["nothing thrown", "type-unmatched", "truncated", "bad-length", "unknown-tag", "too-deep"]).toContain(
          code,
        );
      }),
    );
    expect(codeOf(() => skipData(new Reader(Uint8Array.of(7))))).toBe("unknown-tag");
  });
});

const time = clock();
const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
const columns = [time, energy, { object: energy, attributeId: 3, dataIndex: 2 }];

function filled(sortMethod: 1 | 2, count = 10, entries = 100) {
  const load = profileGeneric("1.0.99.1.0.255", { capture: columns, entries, period: 900, sortMethod });
  const context = contextOf([time, energy, load], { deviation: 0 });
  for (let at = 0; at < count; at++) {
    context.now = start + at * 15 * minute + 20;
    energy.values.value = at;
    invokeMethod(load, load.values, 2, undefined, context);
  }
  const read = (selector?: number, parameters?: Data | DataLike): number[] => {
    const selection = selector === undefined ? undefined : { selector, parameters: parameters as Data };
    const data = treeOf(readAttribute(load, load.values, 2, context, selection) as DataLike) as Extract<
      Data,
      { type: "array" }
    >;
    return data.value.map((row) => {
      const fields = (row as Extract<Data, { type: "structure" }>).value;
      return (fields.find(({ type }) => type === "double-long-unsigned") as { value: number }).value;
    });
  };
  return { load, context, read };
}

const octetTime = (value: CosemDateTime): Data => ({
  type: "octet-string",
  value: encode(T.dateTimeOctets, value).subarray(2),
});
const at = (quarter: number, deviation = 0): Data => octetTime(dateTimeOf(start + quarter * 15 * minute, deviation));
const range = (
  from: Data,
  to: Data,
  selectedValues: CaptureObject[] = [],
  restrictingObject: CaptureObject = clockColumn(),
) => dataOf(RangeDescriptor, { restrictingObject, from, to, selectedValues });
const entry = (fromEntry: number, toEntry: number, fromSelectedValue = 1, toSelectedValue = 0) =>
  dataOf(EntryDescriptor, { fromEntry, toEntry, fromSelectedValue, toSelectedValue });

describe("a profile", () => {
  it("captures the attributes and elements that it names, at the second of the meter's clock", () => {
    const { load, context } = filled(1, 1);
    const data = treeOf(readAttribute(load, load.values, 2, context) as DataLike);
    expect(data).toEqual({
      type: "array",
      value: [
        {
          type: "structure",
          value: [at(0), { type: "double-long-unsigned", value: 0 }, { type: "enum", value: 30 }],
        },
      ],
    });
  });

  it("counts its entries, forgets the oldest, and all of them on reset", () => {
    const { load, context, read } = filled(1, 10, 4);
    expect(read()).toEqual([6, 7, 8, 9]);
    expect(treeOf(readAttribute(load, load.values, 7, context) as DataLike)).toEqual({
      type: "double-long-unsigned",
      value: 4,
    });
    invokeMethod(load, load.values, 1, undefined, context);
    expect(read()).toEqual([]);
    expect(context.device.rows(load).count()).toBe(0);
  });

  it("gives a range by capture time, both ends included (O4)", () => {
    const { read } = filled(1);
    expect(read(1, range(at(2), at(4)))).toEqual([2, 3, 4]);
    expect(read(1, range(at(-9), at(99)))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(read(1, range(at(50), at(99)))).toEqual([]);
    expect(read(1, range(at(4), at(2)))).toEqual([]);
    expect(read(1, range({ type: "null-data" }, at(1)))).toEqual([0, 1]);
    expect(read(1, range(at(8), octetTime({ ...dateTimeOf(start), year: null })))).toEqual([8, 9]);
    expect(read(1, range({ type: "date-time", value: dateTimeOf(start) }, at(0)))).toEqual([0]);
    // The same instants said in another zone.
    expect(read(1, range(at(2, -330), at(3, -330)))).toEqual([2, 3]);
  });

  it("gives some columns", () => {
    const { load, context } = filled(1, 2);
    const only = (parameters: DataLike, selector: number) =>
      treeOf(readAttribute(load, load.values, 2, context, { selector, parameters }) as DataLike);
    const two = {
      type: "array",
      value: [0, 1].map((value) => ({ type: "structure", value: [{ type: "double-long-unsigned", value }] })),
    };
    expect(only(range(at(0), at(9), [captureObject(energy)]), 1)).toEqual(two);
    expect(only(entry(1, 0, 2, 2), 2)).toEqual(two);
  });

  it("gives entries (O5)", () => {
    const { read } = filled(1);
    expect(read(2, entry(1, 1))).toEqual([0]);
    expect(read(2, entry(3, 5))).toEqual([2, 3, 4]);
    expect(read(2, entry(9, 0))).toEqual([8, 9]);
    expect(read(2, entry(5, 3))).toEqual([]);
    expect(read(2, entry(11, 20))).toEqual([]);
  });

  it("gives the newest first where it is sorted so", () => {
    const { read } = filled(2);
    expect(read()).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(read(2, entry(1, 2))).toEqual([9, 8]);
    expect(read(2, entry(9, 0))).toEqual([1, 0]);
    expect(read(2, entry(20, 0))).toEqual([]);
    expect(read(1, range(at(2), at(4)))).toEqual([4, 3, 2]);
  });

  it("refuses what it cannot serve exactly, and never serves the whole instead (D16)", () => {
    const { read } = filled(1);
    const bad: [number, Data | DataLike][] = [
      [3, { type: "null-data" }],
      [0, { type: "null-data" }],
      [1, { type: "null-data" }],
      [2, { type: "null-data" }],
      [1, range(at(0), at(9), [clockColumn("0.0.1.0.9.255")])],
      [1, range({ type: "octet-string", value: Uint8Array.of(1, 2) }, at(9))],
      [1, range(octetTime({ ...dateTimeOf(start), month: 13 }), at(9))],
      [2, entry(0, 5)],
      [2, entry(0, 0)],
      [2, entry(1, 5, 0, 2)],
      [2, entry(1, 5, 1, 4)],
      [2, entry(1, 5, 3, 2)],
    ];
    for (const [selector, parameters] of bad) expect(codeOf(() => read(selector, parameters))).toBe("other-reason");
    const unmatched = [
      range(at(0), at(9), [], captureObject(energy)),
      range({ type: "double-long-unsigned", value: 0 }, at(9)),
    ];
    for (const parameters of unmatched) expect(codeOf(() => read(1, parameters))).toBe("type-unmatched");
  });

  it("reads rows from a source of its own, and then captures nothing", () => {
    const row = (value: number): Uint8Array => encodedStructure([dataOf(T.unsigned, value).octets]);
    const seen: unknown[] = [];
    const rows = {
      count: () => 5,
      range: (from: number | undefined, to: number | undefined) => {
        seen.push([from, to]);
        return [row(1), row(2)];
      },
      entries: (first: number, last: number) => [1, 2, 3, 4, 5].slice(first - 1, last).map(row),
    };
    const load = profileGeneric("1.0.99.1.0.255", { capture: [clockColumn()], entries: 5, rows });
    const context = contextOf([load, clock()], { deviation: 0 });
    const tree = (selector?: number, parameters?: DataLike) =>
      treeOf(
        readAttribute(
          load,
          load.values,
          2,
          context,
          selector === undefined ? undefined : { selector, parameters: parameters as Data },
        ) as DataLike,
      ) as Extract<Data, { type: "array" }>;
    expect(tree().value).toHaveLength(5);
    expect(tree(1, range(at(1), at(2))).value).toHaveLength(2);
    expect(seen).toEqual([[start + 15 * minute, start + 30 * minute]]);
    expect(tree(2, entry(2, 3)).value).toHaveLength(2);
    expect(codeOf(() => invokeMethod(load, load.values, 2, undefined, context))).toBe("object-undefined");
    expect(codeOf(() => profileGeneric("1.0.99.1.0.255", { capture: [], entries: 0 }))).toBe("bad-profile");
  });

  it("5.1 an element that is not there is null-data", () => {
    const load = profileGeneric("1.0.99.1.0.255", {
      capture: [{ object: energy, attributeId: 3, dataIndex: 9 }],
      entries: 5,
    });
    const context = contextOf([load, energy]);
    invokeMethod(load, load.values, 2, undefined, context);
    expect(context.device.rows(load).entries(1, 9)).toEqual([Uint8Array.of(2, 1, 0)]);
  });
});
