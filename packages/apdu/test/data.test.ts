import { Fault, fromHex, Reader, toHex, Writer } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { Data, type DataLike, decodeData, encodeData, nullData, TypeDescription, treeOf } from "../src/index.ts";
import { anyData, compactArray } from "./arbitraries.ts";
import { faultOf } from "./fault-of.ts";

describe("Data", () => {
  it("decodes what it encodes", () => {
    fc.assert(
      fc.property(anyData, (data) => {
        expect(decodeData(encodeData(data))).toEqual(data);
      }),
      { numRuns: times(100) },
    );
  });
  it("comes back from its JSON, through text", () => {
    fc.assert(
      fc.property(anyData, (data) => {
        const text = JSON.stringify(Data.toJson(data));
        expect(toHex(encodeData(Data.fromJson(JSON.parse(text))))).toBe(toHex(encodeData(data)));
      }),
      { numRuns: times(60) },
    );
  });
  it("decodes compact arrays that it encodes", () => {
    fc.assert(
      fc.property(compactArray, (data) => {
        expect(decodeData(encodeData(data))).toEqual(data);
      }),
      { numRuns: times(60) },
    );
  });
  it("gives a value or a Fault for any octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => {
        try {
          decodeData(octets);
        } catch (caught) {
          expect(caught).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: times(200) },
    );
  });
  it("gives a value or a Fault for Data with an octet changed, lost or added", () => {
    const change = fc.record({ at: fc.nat(), octet: fc.nat(255), how: fc.constantFrom("change", "lose", "add") });
    fc.assert(
      fc.property(anyData, change, (data, { at, octet, how }) => {
        const octets = [...encodeData(data)];
        octets.splice(at % octets.length, how === "add" ? 0 : 1, ...(how === "lose" ? [] : [octet]));
        try {
          decodeData(Uint8Array.from(octets));
        } catch (caught) {
          expect(caught).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: times(100) },
    );
  });

  it("hands out views, not copies", () => {
    const octets = fromHex("0903010203");
    const data = decodeData(octets) as { value: Uint8Array };
    expect(data.value.buffer).toBe(octets.buffer);
  });

  it("writes encoded Data as it is, anywhere in a tree", () => {
    const data: DataLike = {
      type: "structure",
      value: [nullData, { type: "encoded", octets: fromHex("1105") }] as never,
    };
    expect(toHex(encodeData(data))).toBe("0202001105");
    expect(toHex(encodeData({ type: "encoded", octets: fromHex("1105") }))).toBe("1105");
    expect(Data.toJson({ type: "encoded", octets: fromHex("1105") } as never)).toEqual({ type: "unsigned", value: 5 });
    expect(treeOf({ type: "encoded", octets: fromHex("1105") })).toEqual({ type: "unsigned", value: 5 });
    expect(treeOf(nullData)).toBe(nullData);
  });

  it("tells an observer of each item and its octets", () => {
    const seen: string[] = [];
    decodeData(fromHex("0202110501011100"), {
      observer: { enter: (step, at) => seen.push(`${step} from ${at}`), leave: (at) => seen.push(`to ${at}`) },
    });
    expect(seen).toEqual(["0 from 2", "to 4", "1 from 4", "0 from 6", "to 8", "to 8"]);
  });
});

describe("Data at the edges", () => {
  it("says where in a tree the octets are wrong", () => {
    expect(faultOf(() => decodeData(fromHex("010102021105ee")))).toMatchObject({
      code: "unknown-tag",
      layer: "axdr",
      offset: 6,
      path: ["0", "1"],
    });
  });
  it("refuses a nest deeper than 64, before the stack is", () => {
    const nest = new Uint8Array(6000).fill(0x01);
    expect(faultOf(() => decodeData(nest)).code).toBe("too-deep");
    const allowed = Uint8Array.from([...new Array(64).fill([2, 1]).flat(), 0]);
    expect(toHex(encodeData(decodeData(allowed)))).toBe(toHex(allowed));
    expect(faultOf(() => decodeData(Uint8Array.from([2, 1, ...allowed]))).code).toBe("too-deep");
  });
  it("refuses to write a tree that holds itself", () => {
    const data = { type: "array", value: [] as Data[] } as const;
    (data.value as Data[]).push(data);
    expect(faultOf(() => encodeData(data)).code).toBe("too-deep");
  });
  it.each([
    ["a count of 2^32-1", "0184ffffffff"],
    ["a length of 2^32-1", "0984ffffffff"],
    ["2^32-1 bits", "0484ffffffff"],
    ["a length past the end", "090301"],
    ["an indefinite length", "0980"],
    ["a length of five octets", "09850000000001"],
    ["a compact-array past the end", "13120512"],
  ])("refuses %s before it allocates", (_, hex) => {
    expect(faultOf(() => decodeData(fromHex(hex))).code).toBe("bad-length");
  });
  it("bounds values without octets in a compact-array", () => {
    // array(65535) of array(65535) of null-data, then one octet of an unsigned
    expect(faultOf(() => decodeData(fromHex("13020201ffff01ffff00110105"))).code).toBe("too-many-values");
    expect(faultOf(() => decodeData(fromHex("130001ff"))).code).toBe("bad-length");
    expect(decodeData(fromHex("130000"))).toEqual({
      type: "compact-array",
      contents: { type: "null-data" },
      value: [],
    });
    expect(decodeData(fromHex("13020000"))).toEqual({
      type: "compact-array",
      contents: { type: "structure", elements: [] },
      value: [],
    });
    // 100 octets, each of them 200 values
    const budget = new Uint8Array([
      0x13,
      0x02,
      0x81,
      0xc8,
      ...new Array(199).fill(0),
      0x11,
      0x64,
      ...new Array(100).fill(7),
    ]);
    expect(faultOf(() => decodeData(budget)).code).toBe("too-many-values");
  });
  it("refuses what the type description does not say", () => {
    const contents: TypeDescription = { type: "structure", elements: [{ type: "unsigned" }] };
    const one = (value: Data): Data => ({ type: "compact-array", contents, value: [value] });
    expect(faultOf(() => encodeData(one({ type: "unsigned", value: 1 }))).code).toBe("type-unmatched");
    expect(faultOf(() => encodeData(one({ type: "structure", value: [] }))).code).toBe("bad-count");
    const array: Data = {
      type: "compact-array",
      contents: { type: "array", count: 2, element: { type: "unsigned" } },
      value: [{ type: "array", value: [{ type: "unsigned", value: 1 }] }],
    };
    expect(faultOf(() => encodeData(array)).code).toBe("bad-count");
    const empty: Data = { type: "compact-array", contents: { type: "null-data" }, value: [nullData] };
    expect(faultOf(() => encodeData(empty)).code).toBe("bad-value");
    expect(faultOf(() => encodeData({ ...empty, contents: { type: "compact-array" } as never })).code).toBe(
      "unknown-type",
    );
    expect(faultOf(() => decodeData(fromHex("131300"))).code).toBe("unknown-tag");
    let deep: TypeDescription = { type: "unsigned" };
    for (let at = 0; at < 70; at++) deep = { type: "array", count: 1, element: deep };
    expect(faultOf(() => TypeDescription.write(deep, new Writer())).code).toBe("too-deep");
    expect(faultOf(() => TypeDescription.fromJson(TypeDescription.toJson(deep))).code).toBe("too-deep");
    expect(faultOf(() => TypeDescription.read(new Reader(new Uint8Array(900).fill(1)))).code).toBe("too-deep");
  });
  it.each<[string, unknown, string]>([
    ["an unknown type", { type: "octets", value: 1 }, "unknown-type"],
    ["a number past its range", { type: "unsigned", value: 256 }, "out-of-range"],
    ["half a number", { type: "unsigned", value: 1.5 }, "out-of-range"],
    ["text for a number", { type: "float32", value: "1" }, "type-unmatched"],
    ["a number for octets", { type: "octet-string", value: 5 }, "type-unmatched"],
    ["octets that are no octets", { type: "encoded", octets: "11" }, "type-unmatched"],
    ["a bit that is none", { type: "bit-string", value: "012" }, "bad-value"],
    ["a character past U+00FF", { type: "visible-string", value: "\u0100" }, "bad-value"],
    ["no text", { type: "visible-string", value: 3 }, "bad-value"],
    ["a lone surrogate", { type: "utf8-string", value: "\ud800" }, "bad-value"],
    ["a number for a bigint", { type: "long64", value: 1 }, "out-of-range"],
  ])("refuses to write %s", (_, data, code) => {
    const array = { type: "array", value: [nullData, data] } as Data;
    expect(faultOf(() => encodeData(array))).toMatchObject({ code, path: ["1"] });
  });
  it.each<[string, unknown, string]>([
    ["no object", 5, "bad-json"],
    ["no type", {}, "unknown-type"],
    ["null-data with a value", { type: "null-data", value: 0 }, "bad-json"],
    ["a key too many", { type: "unsigned", value: 0, unit: "Wh" }, "bad-json"],
    ["no list", { type: "array", value: 3 }, "bad-json"],
    ["a wrong item", { type: "array", value: [{ type: "unsigned", value: -1 }] }, "out-of-range"],
    ["bad hex", { type: "octet-string", value: "0g" }, "bad-hex"],
    ["bad bits", { type: "bit-string", value: "2" }, "bad-value"],
    ["a type description without count", { type: "compact-array", contents: { type: "array" }, value: [] }, "bad-json"],
    ["a compact-array of them", { type: "compact-array", contents: { type: "compact-array" }, value: [] }, "bad-json"],
  ])("refuses JSON with %s", (_, json, code) => {
    expect(faultOf(() => Data.fromJson(json as never)).code).toBe(code);
  });
  it("refuses JSON nested too deep", () => {
    let json: unknown = { type: "null-data" };
    for (let at = 0; at < 70; at++) json = { type: "array", value: [json] };
    expect(faultOf(() => Data.fromJson(json as never)).code).toBe("too-deep");
  });
  it("takes dont-care and a type description from JSON", () => {
    const json = {
      type: "compact-array",
      contents: { type: "array", count: 2, element: { type: "structure", elements: [{ type: "unsigned" }] } },
      value: [],
    };
    expect(Data.toJson(Data.fromJson(json))).toEqual(json);
    expect(Data.fromJson({ type: "dont-care" })).toEqual({ type: "dont-care" });
  });
  it("refuses JSON of a value that is no Data", () => {
    expect(faultOf(() => Data.toJson({ type: "thing" } as never)).code).toBe("unknown-type");
  });
});
