import { type Data, type DataLike, fromData, T, treeOf } from "@dlmskit/apdu";
import { dateTimeOf, toHex } from "@dlmskit/core";
import { describe, expect, it } from "vitest";
import {
  type AssociationVersion,
  anyDataObject,
  associationObject,
  Clock,
  changedRights,
  clock,
  conformanceBitString,
  extendedRegister,
  findClass,
  interfaceClass,
  interfaceClasses,
  invokeMethod,
  ObjectListElement,
  objectView,
  readAttribute,
  readRights,
  register,
  sapAssignment,
  writeAttribute,
} from "../src/index.ts";
import { codeOf, contextOf } from "./a-context.ts";

describe("clock", () => {
  const set = (now: number, methodId: number, argument?: Data): number => {
    const one = clock();
    const context = contextOf([one], { now });
    invokeMethod(one, one.values, methodId, argument, context);
    return context.now;
  };

  it("tells the meter's time in whole seconds and its zone", () => {
    const one = clock("0.0.1.0.0.255", {}, { zone: { timeZone: -330 } });
    const context = contextOf([one]);
    const time = fromData(T.dateTimeOctets, readAttribute(one, one.values, 2, context) as DataLike);
    expect(time).toEqual({ ...dateTimeOf(Date.UTC(2026, 10, 24, 8, 30, 12), -330), status: 0 });
    expect(time).toMatchObject({ hour: 14, minute: 0, second: 12, hundredths: 0, deviation: -330 });
    expect(treeOf(readAttribute(one, one.values, 3, context) as DataLike)).toEqual({ type: "long", value: -330 });
  });

  it("is set by writing, adjusted by methods", () => {
    const one = clock();
    const context = contextOf([one]);
    const data = objectView(8).dataOf(2, dateTimeOf(Date.UTC(2027, 0, 1), -330));
    writeAttribute(one, one.values, 2, data, context);
    expect(context.now).toBe(Date.UTC(2027, 0, 1));
    const nothing = objectView(8).dataOf(2, { ...dateTimeOf(0), year: null });
    expect(codeOf(() => writeAttribute(one, one.values, 2, nothing, context))).toBe("other-reason");
    const base = Date.UTC(2026, 10, 24, 8, 0, 0);
    expect(set(base + 8 * 60_000, 1)).toBe(base + 15 * 60_000);
    expect(set(base + 29_000, 3)).toBe(base);
    expect(set(base, 6, { type: "long", value: -900 })).toBe(base - 900_000);
    expect(codeOf(() => set(base, 6, { type: "long", value: 901 }))).toBe("other-reason");
    expect(codeOf(() => set(base, 4))).toBe("other-reason");
    expect(codeOf(() => set(base, 2))).toBe("other-reason");
  });
});

describe("association object", () => {
  const objects = [register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1, unit: "Wh" })];
  const make = (version: AssociationVersion, own = true, hls = false) => {
    const secrets: string[] = [];
    const one = associationObject({
      instance: own ? "0.0.40.0.3.255" : "0.0.40.0.0.255",
      version,
      rights: own ? () => readRights : undefined,
      hls,
      information: ({ association }) => association,
      changeSecret: (secret) => {
        secrets.push(toHex(secret));
      },
    });
    const context = contextOf([...objects, one]);
    const read = (id: number, parameters?: Data, selector = 1) =>
      treeOf(readAttribute(one, one.values, id, context, parameters && { selector, parameters }) as DataLike);
    return { one, context, read, secrets };
  };

  it("tells what was negotiated (A2)", () => {
    const { read } = make(1);
    expect(read(1)).toEqual({ type: "octet-string", value: Uint8Array.of(0, 0, 40, 0, 3, 255) });
    expect(read(3)).toEqual({
      type: "structure",
      value: [
        { type: "integer", value: 48 },
        { type: "long-unsigned", value: 1 },
      ],
    });
    const arcs = (data: Data) =>
      (data as Extract<Data, { type: "structure" }>).value.map((one) => (one as { value: number }).value);
    expect(arcs(read(4))).toEqual([2, 16, 756, 5, 8, 1, 3]);
    expect(arcs(read(6))).toEqual([2, 16, 756, 5, 8, 2, 5]);
    expect(arcs(read(5)).slice(0, 5)).toEqual(["000000000000000000011001", 1024, 512, 6, 0]);
    expect(read(8)).toEqual({ type: "enum", value: 2 });
    expect(read(9)).toEqual({ type: "octet-string", value: Uint8Array.of(0, 0, 43, 0, 3, 255) });
  });

  it("lists objects by its own rights, or by those of whoever reads it", () => {
    for (const version of [1, 2, 3] as const) {
      for (const own of [true, false]) {
        const { read } = make(version, own);
        const list = fromData(T.array(ObjectListElement), read(2));
        expect(list.map(({ classId }) => classId)).toEqual([3, 15]);
        expect(list[1]?.version).toBe(version);
        expect(fromData(T.array(ObjectListElement), read(2))).toEqual(list);
        expect(fromData(T.array(ObjectListElement), read(2, { type: "null-data" }))).toHaveLength(2);
      }
    }
  });

  it("changes its secret, and refuses pass 3 once it is open", () => {
    const { one, context, secrets } = make(1, true, true);
    writeAttribute(one, one.values, 7, { type: "octet-string", value: Uint8Array.of(1, 2) }, context);
    invokeMethod(one, one.values, 2, { type: "octet-string", value: Uint8Array.of(3) }, context);
    expect(secrets).toEqual(["0102", "03"]);
    const answer: Data = { type: "octet-string", value: new Uint8Array(16) };
    expect(codeOf(() => invokeMethod(one, one.values, 1, answer, context))).toBe("read-write-denied");
  });

  it("says that nothing is open where nothing is", () => {
    const one = associationObject({
      instance: "0.0.40.0.0.255",
      version: 1,
      rights: undefined,
      information: () => undefined,
    });
    const context = contextOf([one], { association: undefined });
    expect(codeOf(() => readAttribute(one, one.values, 8, context))).toBe("object-unavailable");
    expect(codeOf(() => readAttribute(one, one.values, 2, context))).toBe("object-unavailable");
    const plain = contextOf([one]);
    const { securitySetup, ...association } = plain.association as NonNullable<typeof plain.association>;
    const other = associationObject({
      instance: "0.0.40.0.1.255",
      version: 1,
      rights: () => readRights,
      information: () => association,
    });
    expect(securitySetup).toBeDefined();
    expect(treeOf(readAttribute(other, other.values, 9, plain) as DataLike)).toEqual({
      type: "octet-string",
      value: new Uint8Array(6),
    });
  });

  it("18.5: what was changed of an object is not taken for one of another class that has its name now", () => {
    const [object] = objects;
    if (object === undefined) throw new Error("no object");
    const removed = (classId: number) =>
      changedRights({ granted: readRights, most: readRights }, [
        { classId, instanceId: object.instance, rights: null },
      ]);
    expect([removed(3).attribute(object, 2), removed(4).attribute(object, 2)]).toEqual([0, 1]);
  });

  it("has the conformance bits in their places", () => {
    expect(conformanceBitString(["general-protection"])).toBe(`01${"0".repeat(22)}`);
    expect(conformanceBitString(["action", "reserved_zero"])).toBe(`1${"0".repeat(22)}1`);
  });
});

describe("the other classes", () => {
  it("tell the logical devices, values with a time, any data", () => {
    const sap = sapAssignment();
    const context = contextOf([sap]);
    const list = treeOf(readAttribute(sap, sap.values, 2, context) as DataLike) as Extract<Data, { type: "array" }>;
    expect(list.value).toHaveLength(2);
    const demand = extendedRegister("1.0.1.6.0.255", {
      type: T.longUnsigned,
      value: 5,
      unit: "W",
      captureTime: dateTimeOf(0),
    });
    expect(treeOf(readAttribute(demand, demand.values, 4, context) as DataLike)).toEqual({ type: "null-data" });
    const any = anyDataObject("0.0.96.1.1.255", { type: "boolean", value: true });
    expect(treeOf(readAttribute(any, any.values, 2, context) as DataLike)).toEqual({ type: "boolean", value: true });
  });

  it("have each id once, and no attribute 1", () => {
    for (const { name, attributes, methods } of interfaceClasses) {
      const ids = Object.values(attributes)
        .map(({ id }) => id)
        .filter((id) => id !== 0);
      expect(new Set(ids).size, name).toBe(ids.length);
      expect(Math.min(...ids), name).toBe(2);
      const methodIds = Object.values(methods).map(({ id }) => id);
      expect(new Set(methodIds).size, name).toBe(methodIds.length);
    }
  });
});

describe("a client's view", () => {
  it("names attributes and gives their values, both ways", () => {
    const view = objectView(3);
    expect(view.name).toBe("Register");
    expect(view.attributeName(1)).toBe("logicalName");
    expect(view.attributeName(3)).toBe("scalerUnit");
    expect(view.attributeName(9)).toBeUndefined();
    expect(view.attributeId("scalerUnit")).toBe(3);
    expect(view.attributeId("logicalName")).toBe(1);
    expect(view.attributeId("nothing")).toBeUndefined();
    expect(view.methodName(1)).toBe("reset");
    expect(view.method(1)?.id).toBe(1);
    expect(view.method(9)).toBeUndefined();
    const data = view.dataOf(3, { scaler: -1, unit: "V" });
    expect(toHex(data.octets)).toBe("02020fff1623");
    expect(view.valueOf(3, data)).toEqual({ scaler: -1, unit: "V" });
    expect(view.valueOf(1, { type: "octet-string", value: Uint8Array.of(1, 0, 1, 8, 0, 255) })).toBe("1.0.1.8.0.255");
    expect(codeOf(() => view.valueOf(3, { type: "null-data" }))).toBe("type-unmatched");
  });

  it("has Data trees for what it does not know, and takes classes of the user's own", () => {
    const view = objectView(12345);
    expect(view.name).toBeUndefined();
    expect(view.attributeName(2)).toBeUndefined();
    expect(view.attributeId("value")).toBeUndefined();
    expect(view.methodName(1)).toBeUndefined();
    expect(view.valueOf(2, { type: "unsigned", value: 3 })).toEqual({ type: "unsigned", value: 3 });
    const Own = interfaceClass({
      classId: 9000,
      version: 0,
      name: "Own",
      attributes: { a: { id: 2, type: T.boolean } },
      methods: {},
    });
    expect(objectView(9000, 0, Own).valueOf(2, { type: "boolean", value: true })).toBe(true);
    expect(findClass(15)?.version).toBe(3);
    expect(findClass(15, 1)?.version).toBe(1);
    expect(findClass(8)).toBe(Clock);
    expect(findClass(15, 9)).toBeUndefined();
  });
});
