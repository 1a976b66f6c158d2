import { decode, encode, fromHex, type Of, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type Data, dataOf, decodeData, encodeData, fromData, T, type TypedCodec } from "../src/index.ts";
import { anyData, cosemDate, cosemDateTime, cosemTime } from "./arbitraries.ts";
import { faultOf } from "./fault-of.ts";

const logicalName = "1.0.1.8.0.255";

const noDate = { year: null, month: null, day: null, dayOfWeek: null };
const oneOfTwo = T.oneOf(T.structure({ on: T.dateOctets }), T.structure({ to: T.unsigned }));

describe("T", () => {
  it.each<[string, TypedCodec<unknown>, unknown, string]>([
    ["nullData", T.nullData, null, "00"],
    ["boolean", T.boolean, true, "0301"],
    ["bitString", T.bitString, "101", "0403a0"],
    ["integer", T.integer, -1, "0fff"],
    ["long", T.long, -2, "10fffe"],
    ["doubleLong", T.doubleLong, -3, "05fffffffd"],
    ["unsigned", T.unsigned, 255, "11ff"],
    ["longUnsigned", T.longUnsigned, 65535, "12ffff"],
    ["doubleLongUnsigned", T.doubleLongUnsigned, 4294967295, "06ffffffff"],
    ["long64", T.long64, -1n, "14ffffffffffffffff"],
    ["long64Unsigned", T.long64Unsigned, 1n, "150000000000000001"],
    ["octetString", T.octetString, fromHex("0102"), "09020102"],
    ["octetStringOf", T.octetStringOf(2), fromHex("0102"), "09020102"],
    ["visibleString", T.visibleString, "kWh", "0a036b5768"],
    ["utf8String", T.utf8String, "é", "0c02c3a9"],
    ["enumeration", T.enumeration({ off: 0, on: 1 }), "on", "1601"],
    ["enum", T.enum, 30, "161e"],
    ["bcd", T.bcd, 0x99, "0d99"],
    ["float32", T.float32, 1.5, "173fc00000"],
    ["float64", T.float64, -0.5, "18bfe0000000000000"],
    ["logicalName", T.logicalName, logicalName, "09060100010800ff"],
    ["array", T.array(T.unsigned), [1, 2], "010211011102"],
    ["structure", T.structure({ a: T.unsigned, b: T.boolean }), { a: 5, b: false }, "020211050300"],
    ["any", T.any, { type: "unsigned", value: 7 }, "1107"],
    ["oneOf", T.oneOf(T.unsigned, T.visibleString), "a", "0a0161"],
    ["oneOf, later", T.oneOf(T.unsigned, T.longUnsigned), 256, "120100"],
    ["oneOf, of structures by what is in them", oneOfTwo, { to: 7 }, "02011107"],
    ["oneOf, of structures, the first", oneOfTwo, { on: noDate }, "02010905ffffffffff"],
    ["anyOf", T.anyOf("unsigned", "structure"), { type: "unsigned", value: 7 }, "1107"],
    ["bitStringOf", T.bitStringOf(3), "101", "0403a0"],
    ["enumOf, a number with a name", T.enumOf({ on: 1 }), 1, "1601"],
    ["enumOf, a number without one", T.enumOf({ on: 1 }), 200, "16c8"],
    ["nullable", T.nullable(T.unsigned), null, "00"],
    ["nullable, there", T.nullable(T.unsigned), 1, "1101"],
  ] as unknown as [string, TypedCodec<unknown>, unknown, string][])(
    "%s reads and writes the tagged value, and its JSON",
    (_, codec, value, hex) => {
      expect(toHex(encode(codec, value))).toBe(hex);
      expect(decode(codec, fromHex(hex))).toEqual(value);
      expect(codec.fromJson(JSON.parse(JSON.stringify(codec.toJson(value))))).toEqual(value);
      expect(fromData(codec, decodeData(fromHex(hex)))).toEqual(value);
      expect(fromData(codec, dataOf(codec, value))).toEqual(value);
    },
  );
  it("reads and writes date and time, in octet-strings and by their tags", () => {
    fc.assert(
      fc.property(cosemDateTime, cosemDate, cosemTime, (dateTime, date, time) => {
        for (const [codec, value] of [
          [T.dateTimeOctets, dateTime],
          [T.dateOctets, date],
          [T.timeOctets, time],
          [T.dateTime, dateTime],
          [T.date, date],
          [T.time, time],
        ] as [TypedCodec<unknown>, unknown][]) {
          expect(decode(codec, encode(codec, value))).toEqual(value);
          expect(codec.fromJson(codec.toJson(value))).toEqual(value);
        }
      }),
    );
  });
  it("gives the types of what it describes", () => {
    const Row = T.structure({ at: T.dateTimeOctets, name: T.logicalName, energy: T.nullable(T.doubleLongUnsigned) });
    expectTypeOf<Of<typeof Row>["energy"]>().toEqualTypeOf<number | null>();
    expectTypeOf<Of<typeof Row>["name"]>().toEqualTypeOf<string>();
    const either = T.oneOf(T.unsigned, T.visibleString);
    expectTypeOf<Of<typeof either>>().toEqualTypeOf<number | string>();
    const level = T.enumeration({ off: 0, on: 1 });
    expectTypeOf<Of<typeof level>>().toEqualTypeOf<"off" | "on">();
  });
  it("reads as the Data tree does", () => {
    fc.assert(
      fc.property(anyData, (data) => {
        expect(fromData(T.any, data)).toEqual(data);
        expect(fromData(T.array(T.any), { type: "array", value: [data, data] })).toEqual([data, data]);
        expect(fromData(T.oneOf(T.any), data)).toEqual(data);
        expect(fromData(T.nullable(T.any), data)).toEqual(data.type === "null-data" ? null : data);
      }),
    );
  });
});

describe("T at the edges", () => {
  const Row = T.structure({ name: T.logicalName, values: T.array(T.unsigned) });
  it.each<[string, TypedCodec<unknown>, string, string, string[]]>([
    ["another type", T.unsigned, "1201", "type-unmatched", []],
    ["an unassigned tag", T.unsigned, "0b01", "type-unmatched", []],
    ["a structure of another size", Row, "020109060100010800ff", "bad-count", []],
    ["a wrong element", Row, "020209060100010800ff0102110111", "truncated", ["values", "1"]],
    [
      "a wrong type in a list",
      Row,
      "020209060100010800ff0102 1101 1201".replaceAll(" ", ""),
      "type-unmatched",
      ["values", "1"],
    ],
    ["a list past the end", Row, "020209060100010800ff0184ffffffff", "bad-length", ["values"]],
    ["a name of 5 octets", Row, "020209050100010800", "bad-length", ["name"]],
    ["an octet-string of another length", T.octetStringOf(2), "090101", "bad-length", []],
    ["an unknown enum", T.enumeration({ off: 0 }), "1601", "bad-value", []],
    ["none of several types", T.oneOf(T.unsigned, T.boolean), "120101", "type-unmatched", []],
    ["nothing", T.oneOf(T.unsigned), "", "truncated", []],
    ["none of several structures", oneOfTwo, "02010301", "type-unmatched", ["on"]],
    ["another type than one of some", T.anyOf("unsigned", "long"), "0301", "type-unmatched", []],
    ["another number of bits", T.bitStringOf(3), "0404a0", "bad-length", []],
    ["octets left over", T.unsigned, "110100", "trailing-octets", []],
  ] as unknown as [string, TypedCodec<unknown>, string, string, string[]][])(
    "refuses %s",
    (_, codec, hex, code, path) => {
      const fault = faultOf(() => decode(codec, fromHex(hex)));
      expect({ code: fault.code, path: fault.path }).toEqual({ code, path });
    },
  );
  it.each<[string, TypedCodec<unknown>, unknown, string]>([
    ["a value for null", T.nullData, 0, "type-unmatched"],
    ["a number for a boolean", T.boolean, 1, "type-unmatched"],
    ["text for a float", T.float64, "1", "type-unmatched"],
    ["text for octets", T.octetString, "01", "type-unmatched"],
    ["octets of another length", T.octetStringOf(2), new Uint8Array(3), "bad-length"],
    ["an unknown name", T.enumeration({ off: 0 }), "on", "bad-value"],
    ["no list", T.array(T.unsigned), 1, "type-unmatched"],
    ["a wrong item", T.array(T.unsigned), [1, 256], "out-of-range"],
    ["no object", Row, null, "type-unmatched"],
    ["an element missing", Row, { name: logicalName }, "type-unmatched"],
    ["what none of several takes", T.oneOf(T.unsigned, T.boolean), "x", "out-of-range"],
    ["what nothing takes", T.oneOf(), 1, "type-unmatched"],
    ["what is no date", T.dateOctets, undefined, "type-unmatched"],
    ["what is no logical name", T.logicalName, undefined, "type-unmatched"],
    ["another type than one of some", T.anyOf("unsigned"), { type: "long", value: 1 }, "type-unmatched"],
    ["another number of bits", T.bitStringOf(3), "1010", "bad-length"],
  ] as unknown as [string, TypedCodec<unknown>, unknown, string][])("does not write %s", (_, codec, value, code) => {
    expect(faultOf(() => encode(codec, value)).code).toBe(code);
  });
  it.each<[string, TypedCodec<unknown>, unknown, string]>([
    ["a value for null", T.nullData, 0, "bad-json"],
    ["a key too many", Row, { name: logicalName, values: [], unit: 30 }, "bad-json"],
    ["a key missing", Row, { name: logicalName }, "bad-json"],
    ["bits that are none", T.bitString, "2", "bad-value"],
    ["a character past U+00FF", T.visibleString, "\u0100", "bad-value"],
  ] as unknown as [string, TypedCodec<unknown>, never, string][])(
    "is not made of JSON with %s",
    (_, codec, json, code) => {
      expect(faultOf(() => codec.fromJson(json as never)).code).toBe(code);
    },
  );
  it("writes JSON of the first type that takes a value", () => {
    const either = T.oneOf(T.long64, T.visibleString);
    expect(either.toJson(5n)).toBe("5");
    expect(either.toJson("a")).toBe("a");
  });
  it("does not hide a mistake that is no Fault", () => {
    const broken: TypedCodec<number> = {
      ...T.unsigned,
      write() {
        throw new TypeError("broken");
      },
    };
    expect(() => encode(T.oneOf(broken), 1)).toThrow(TypeError);
  });
  it("takes what is encoded already as it is", () => {
    const data: Data = { type: "unsigned", value: 5 };
    expect(fromData(T.unsigned, { type: "encoded", octets: encodeData(data) })).toBe(5);
  });
});
