import { type Data, type DataLike, dataOf, encodeData, T, TypeDescription, treeOf } from "@dlmskit/apdu";
import { dateTimeOf, decode, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  type AnyObject,
  anyDataObject,
  captureObject,
  clock,
  compactData,
  compactData0,
  invokeMethod,
  profileGeneric,
  readAttribute,
  register,
  statusEntries,
  statusMapping,
  withStatusEntry,
  writeAttribute,
} from "../../src/index.ts";
import { codeOf, contextOf } from "../a-context.ts";

const name = "0.0.66.0.1.255";
const start = Date.UTC(2026, 10, 24);

function setup(object: AnyObject, others: readonly AnyObject[]) {
  const context = contextOf([object, ...others], { deviation: 0 });
  const of = (one: AnyObject) => Object.create(context, { object: { value: one } });
  const own = of(object);
  const read = (attributeId: number): Uint8Array =>
    (treeOf(readAttribute(object, object.values, attributeId, own) as DataLike) as never as { value: Uint8Array })
      .value;
  return {
    context,
    of,
    buffer: () => toHex(read(2)),
    description: () => decode(TypeDescription, read(5)),
    invoke: (method: number) => invokeMethod(object, object.values, method, undefined, own),
    write: (attributeId: number, data: DataLike) => writeAttribute(object, object.values, attributeId, data, own),
  };
}

const energy = () => register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 0x01020304, unit: "Wh" });
const text = () => anyDataObject("0.0.96.1.0.255", { type: "octet-string", value: Uint8Array.of(7, 8) });

describe("20.3 Compact data", () => {
  it("has the values without tags: template id first, strings with their lengths, structures flattened", () => {
    const [one, other] = [energy(), text()];
    const compact = compactData0(name, { capture: [one, { object: one, attributeId: 3 }, other], templateId: 9 });
    const { buffer, description, invoke } = setup(compact, [one, other]);
    expect(compact.values.captureObjects[0]).toEqual({ classId: 62, instanceId: name, attributeId: 4, dataIndex: 0 });
    expect(buffer()).toBe("");
    invoke(2);
    expect(buffer()).toBe("0901020304001e020708");
    expect(description()).toEqual({
      type: "structure",
      elements: [
        { type: "unsigned" },
        { type: "double-long-unsigned" },
        { type: "structure", elements: [{ type: "integer" }, { type: "enum" }] },
        { type: "octet-string" },
      ],
    });
    one.values.value = 5;
    expect(buffer().slice(2, 10)).toBe("01020304");
    invoke(2);
    expect(buffer().slice(2, 10)).toBe("00000005");
    invoke(1);
    expect(buffer()).toBe("");
  });

  it("is emptied, and described anew, where what is captured or its type changes", () => {
    const [one, other] = [energy(), text()];
    const compact = compactData0(name, { capture: [other], templateId: 1 });
    const { buffer, invoke, write, description } = setup(compact, [one, other]);
    invoke(2);
    expect(buffer()).toBe("01020708");
    other.values.value = { type: "unsigned", value: 3 };
    expect([buffer(), description()]).toEqual([
      "",
      { type: "structure", elements: [{ type: "unsigned" }, { type: "unsigned" }] },
    ]);
    invoke(2);
    expect(buffer()).toBe("0103");
    const { type } = compact.spec.attributes.captureObjects;
    const itself = { classId: 62, instanceId: name, attributeId: 4, dataIndex: 0 };
    write(3, dataOf(type, [itself, captureObject(one)]));
    expect(buffer()).toBe("");
    expect(codeOf(() => write(3, dataOf(type, [captureObject(one)])))).toBe("other-reason");
    expect(codeOf(() => write(3, dataOf(type, [itself, { ...itself, attributeId: 2 }])))).toBe("other-reason");
    for (const id of [2, 5])
      expect(codeOf(() => write(id, dataOf(T.octetString, Uint8Array.of())))).toBe("read-write-denied");
  });

  it("20.4 reading fills it, and `capture` is refused, with capture_method 1", () => {
    const one = energy();
    const compact = compactData0(name, { capture: [one], captureMethod: "onRead" });
    const { buffer, invoke, write } = setup(compact, [one]);
    expect(buffer()).toBe("0001020304");
    one.values.value = 1;
    expect(buffer()).toBe("0000000001");
    expect(codeOf(() => invoke(2))).toBe("read-write-denied");
    write(6, { type: "enum", value: 0 });
    expect(buffer()).toBe("");
  });

  it("version 1 restricts rows by date or entry, and columns; an array has a count octet where that is wanted", () => {
    const [time, one] = [clock(), energy()];
    const load = profileGeneric("1.0.99.1.0.255", { capture: [time, one], entries: 10, period: 900 });
    const at = captureObject({ object: load, attributeId: 2 });
    const dates = { fromDate: dateTimeOf(start + 900_000), toDate: dateTimeOf(start + 1_800_000) };
    const columns = [captureObject(one)];
    const byDate = { ...at, restriction: { restrictionType: 1, restrictionValue: dates }, columns };
    const byEntry = {
      ...at,
      restriction: { restrictionType: 2, restrictionValue: { fromEntry: 4, toEntry: 0 } },
      columns,
    };
    const every = { ...at, restriction: { restrictionType: 0, restrictionValue: null }, columns };
    const compact = compactData(name, { capture: [byDate, byEntry, every], arrayCounts: true });
    const { buffer, invoke, context, of, description, write } = setup(compact, [time, one, load]);
    const capture = (quarter: number): void => {
      context.now = start + quarter * 900_000;
      one.values.value = quarter;
      invokeMethod(load, load.values, 2, undefined, of(load));
    };
    [0, 1, 2, 3].forEach(capture);
    invoke(2);
    const four = (...values: readonly number[]) => values.map((value) => value.toString(16).padStart(8, "0")).join("");
    const first = `00 02${four(1, 2)} 01${four(3)} 04${four(0, 1, 2, 3)}`.replaceAll(" ", "");
    expect(buffer()).toBe(first);
    const element = { type: "structure", elements: [{ type: "double-long-unsigned" }] };
    expect(description()).toMatchObject({
      elements: [{}, { type: "array", count: 2, element }, { count: 1 }, { count: 4 }],
    });
    // More rows are no other type.
    capture(4);
    expect(buffer()).toBe(first);
    const { type } = compact.spec.attributes.captureObjects;
    const own = compact.values.captureObjects[0];
    const broken = { ...byDate, columns: [{ ...captureObject(one), attributeId: 3 }] };
    write(3, dataOf(type, [own, broken] as never));
    expect(codeOf(() => invoke(2))).toBe("other-reason");
    write(3, dataOf(type, [own, { ...byDate, ...captureObject(one) }] as never));
    expect(codeOf(() => invoke(2))).toBe("other-reason");
  });
});

describe("20.5 Status mapping", () => {
  it.each([
    [{ type: "unsigned", value: 0b1010_0000 }],
    [{ type: "bit-string", value: "10100000" }],
    [{ type: "octet-string", value: Uint8Array.of(0xa0) }],
    [{ type: "visible-string", value: "\u00a0" }],
  ] as [Data][])("reads %o as bits, the leading one first", (statusWord) => {
    const run = statusMapping("0.0.96.5.0.255", { statusWord: statusWord as never, table: 1, mapping: 40 });
    expect(statusEntries(run.values)).toEqual([40, 42]);
    const list = statusMapping("0.0.96.5.0.255", { statusWord: statusWord as never, table: 1, mapping: [7, 9, 5] });
    expect(statusEntries(list.values)).toEqual([7, 5]);
  });

  it("sets and clears the bit of an entry in the type that the word has", () => {
    const words: Data[] = [
      { type: "unsigned", value: 1 },
      { type: "long-unsigned", value: 1 },
      { type: "double-long-unsigned", value: 1 },
      { type: "long64-unsigned", value: 1n },
      { type: "bit-string", value: "00000001" },
      { type: "octet-string", value: Uint8Array.of(0, 1) },
    ];
    for (const word of words) {
      const { values } = statusMapping("0.0.96.5.0.255", { statusWord: word as never, table: 1, mapping: 0 });
      const before = statusEntries(values);
      values.statusWord = withStatusEntry(values, 2, true);
      expect([(values.statusWord as Data).type, statusEntries(values)]).toEqual([word.type, [2, ...before]]);
      values.statusWord = withStatusEntry(values, 2, false);
      expect(encodeData(values.statusWord as Data)).toEqual(encodeData(word));
      expect(codeOf(() => withStatusEntry(values, 99, true))).toBe("other-reason");
    }
    const { values } = statusMapping("0.0.96.5.0.255", {
      statusWord: { type: "utf8-string", value: "a" } as never,
      table: 1,
      mapping: 0,
    });
    expect([statusEntries(values), codeOf(() => withStatusEntry(values, 0, true))]).toEqual([
      [1, 2, 7],
      "other-reason",
    ]);
  });
});
