import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import {
  asList,
  bool,
  type Codec,
  choice,
  decode,
  encode,
  fromHex,
  type Json,
  join,
  kindOf,
  lazy,
  list,
  map,
  named,
  nameOf,
  nothing,
  type Of,
  optional,
  Reader,
  sequence,
  sizedOctets,
  toHex,
  u8,
  u16,
  u32,
  withDefault,
} from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

const Colour = { red: 0, green: 1, blue: 7 } as const;
const Point = sequence({ x: u8, y: u16 });
const Shape = choice("shape", {
  dot: [1, Point],
  line: [2, sequence({ from: Point, to: Point, colour: optional(named(u8, Colour)) })],
  path: [9, join(sequence({ closed: withDefault(bool, false) }), sequence({ points: list(Point, 3) }))],
  none: [0xff, sequence({})],
});
type Shape = Of<typeof Shape>;

const point = fc.record({ x: fc.nat(255), y: fc.nat(65535) });
const shape: fc.Arbitrary<Shape> = fc.oneof(
  point.map((at) => ({ shape: "dot" as const, ...at })),
  fc.record({ shape: fc.constant("line" as const), from: point, to: point }),
  fc.record({
    shape: fc.constant("line" as const),
    from: point,
    to: point,
    colour: fc.constantFrom<"red" | "green" | "blue">("red", "green", "blue"),
  }),
  fc.record({ shape: fc.constant("path" as const), closed: fc.boolean(), points: fc.array(point) }),
  fc.constant({ shape: "none" as const }),
);

describe("a declaration", () => {
  it("goes both ways, in octets and in JSON", () => {
    fc.assert(
      fc.property(shape, (value) => {
        const octets = encode(Shape, value);
        expect(decode(Shape, octets)).toEqual(value);
        const json = JSON.parse(JSON.stringify(Shape.toJson(value))) as Json;
        expect(json).toEqual(value);
        expect(Shape.fromJson(json)).toEqual(value);
      }),
    );
  });

  it("is total: any octets are a value that is written again, or a Fault", () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc
        .tuple(fc.constantFrom(1, 2, 9, 255), fc.uint8Array({ maxLength: 30 }))
        .map(([tag, rest]) => Uint8Array.of(tag, ...rest)),
    );
    fc.assert(
      fc.property(octets, (given) => {
        let value: Shape;
        try {
          value = decode(Shape, given);
        } catch (caught) {
          expect(caught).toMatchObject({ name: "Fault" });
          return;
        }
        expect(decode(Shape, encode(Shape, value))).toEqual(value);
      }),
      { numRuns: times(200) },
    );
  });

  it("takes any JSON as a value or a Fault", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          shape.map((value) => ({ ...value, x: "1" })),
        ),
        (json) => {
          try {
            encode(Shape, Shape.fromJson(json as Json));
          } catch (caught) {
            expect(caught).toMatchObject({ name: "Fault" });
          }
        },
      ),
    );
  });

  it("writes what it says", () => {
    const hexes: [Shape, string][] = [
      [{ shape: "dot", x: 1, y: 2 }, "01010002"],
      [{ shape: "line", from: { x: 1, y: 2 }, to: { x: 3, y: 4 } }, "0201000203000400"],
      [{ shape: "line", from: { x: 1, y: 2 }, to: { x: 3, y: 4 }, colour: "blue" }, "020100020300040107"],
      [{ shape: "path", closed: false, points: [{ x: 1, y: 2 }] }, "090001010002"],
      [{ shape: "path", closed: true, points: [] }, "09010100"],
      [{ shape: "none" }, "ff"],
    ];
    for (const [value, hex] of hexes) {
      expect(toHex(encode(Shape, value))).toBe(hex);
      expect(decode(Shape, fromHex(hex))).toEqual(value);
    }
    expect([Shape.has(9), Shape.has(3)]).toEqual([true, false]);
  });

  it("says where in the octets and in which field", () => {
    const cases: [string, object][] = [
      ["", { code: "truncated", offset: 0, path: [] }],
      ["03", { code: "unknown-tag", offset: 0 }],
      ["0101", { code: "truncated", offset: 2, path: ["dot", "y"] }],
      ["02010002030004" + "02", { code: "bad-value", offset: 7, path: ["line", "colour"] }],
      ["02010002030004" + "0105", { code: "bad-value", offset: 8, path: ["line", "colour"] }],
      ["0900" + "02" + "01000201", { code: "bad-length", offset: 2, path: ["path", "points"] }],
      ["ff00", { code: "trailing-octets", offset: 1 }],
    ];
    for (const [hex, fault] of cases) expect(faultOf(() => decode(Shape, fromHex(hex)))).toMatchObject(fault);
    const inList = list(Point);
    expect(faultOf(() => decode(inList, fromHex("02" + "010002" + "02")))).toMatchObject({
      path: ["1", "y"],
      offset: 5,
    });
  });

  it("says where in a value that cannot be written", () => {
    const fault = (value: unknown) => faultOf(() => encode(Shape, value as Shape));
    expect(fault({ shape: "dot", x: 256, y: 0 })).toMatchObject({ code: "out-of-range", path: ["dot", "x"] });
    expect(
      fault({
        shape: "path",
        closed: true,
        points: [
          { x: 0, y: 0 },
          { x: 0, y: -1 },
        ],
      }),
    ).toMatchObject({
      code: "out-of-range",
      path: ["path", "points", "1", "y"],
    });
    expect(fault({ shape: "line", from: { x: 0, y: 0 }, to: { x: 0, y: 0 }, colour: "pink" })).toMatchObject({
      code: "bad-value",
      hint: "one of red, green, blue",
    });
    for (const odd of ["circle", "toString", undefined]) expect(fault({ shape: odd }).code).toBe("unknown-choice");
  });

  it("says where in the JSON", () => {
    const fault = (json: Json) => faultOf(() => Shape.fromJson(json));
    expect(fault({ shape: "dot", x: 1 })).toMatchObject({ code: "bad-json", path: ["y"] });
    expect(fault({ shape: "dot", x: 1, y: 2, z: 3 })).toMatchObject({ code: "bad-json", hint: "expected x, y" });
    expect(
      fault({
        shape: "path",
        points: [
          { x: 1, y: 2 },
          { x: 1, y: "2" },
        ],
      }),
    ).toMatchObject({ path: ["points", "1", "y"] });
    expect(fault({ shape: "path", points: { x: 1 } })).toMatchObject({ code: "bad-json", path: ["points"] });
    expect(fault({ shape: "line", from: [], to: 1 })).toMatchObject({ code: "bad-json", path: ["from"] });
    expect(fault({ shape: "circle" }).code).toBe("unknown-choice");
    for (const json of [null, 1, "dot", [], true]) expect(fault(json as Json).code).toBe("bad-json");
    expect(faultOf(() => Point.fromJson({ x: 1, y: 2, shape: "dot" })).code).toBe("bad-json");
    expect(faultOf(() => named(u8, Colour).fromJson("constructor")).code).toBe("bad-value");
    expect(faultOf(() => named(u8, Colour).fromJson(0)).code).toBe("bad-json");
  });
});

describe("join", () => {
  it("is one object of all fields", () => {
    const Both = join(Point, sequence({ z: u8 }));
    expect(Both.names).toEqual(["x", "y", "z"]);
    const value: Of<typeof Both> = { x: 1, y: 2, z: 3 };
    expect(toHex(encode(Both, value))).toBe("01000203");
    expect(decode(Both, fromHex("01000203"))).toEqual(value);
    expect(Both.fromJson(Both.toJson(value))).toEqual(value);
    expect(faultOf(() => Both.fromJson({ x: 1, y: 2, z: 3, w: 4 })).code).toBe("bad-json");
  });
});

describe("optional and withDefault", () => {
  it("leave out what is absent or the default", () => {
    const Field = withDefault(u8, 5);
    expect(toHex(encode(Field, 5))).toBe("00");
    expect(toHex(encode(Field, 6))).toBe("0106");
    expect([decode(Field, fromHex("00")), decode(Field, fromHex("0105"))]).toEqual([5, 5]);
    expect([Field.toJson(5), Field.fromJson(undefined as unknown as Json), Field.fromJson(6)]).toEqual([5, 5, 6]);
    expect(decode(optional(u8), fromHex("00"))).toBeUndefined();
    expect(toHex(encode(optional(u8), undefined))).toBe("00");
    expect(optional(u8).fromJson(undefined as unknown as Json)).toBeUndefined();
  });

  it("do not take null for absent", () => {
    const Field = withDefault<null | number>(nothing as Codec<null | number>, 4);
    expect(decode(Field, fromHex("01"))).toBeNull();
  });
});

describe("list", () => {
  it("allocates nothing for a count that cannot be", () => {
    expect(faultOf(() => decode(list(u32, 4), fromHex("8440000000" + "00000000")))).toMatchObject({
      code: "bad-length",
      offset: 0,
    });
  });
});

describe("map", () => {
  it("changes the value, not the octets nor the JSON", () => {
    const Percent = map(
      u8,
      (octet) => octet / 100,
      (share: number) => Math.round(share * 100),
    );
    expect(decode(Percent, fromHex("32"))).toBe(0.5);
    expect(toHex(encode(Percent, 0.25))).toBe("19");
    expect([Percent.toJson(0.25), Percent.fromJson(25)]).toEqual([25, 0.25]);
  });
});

describe("lazy", () => {
  interface Tree {
    readonly name: Uint8Array;
    readonly branches: Tree[];
  }
  const Tree: Codec<Tree> = sequence({ name: sizedOctets, branches: list(lazy(() => Tree)) });
  const name = fc.uint8Array({ maxLength: 3 });
  const tree = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.record({ name, branches: fc.constant<Tree[]>([]) }),
      fc.record({ name, branches: fc.array(tie("tree"), { maxLength: 3 }) }),
    ),
  })).tree;

  it("is for types that hold themselves", () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(decode(Tree, encode(Tree, value))).toEqual(value);
        expect(Tree.fromJson(JSON.parse(JSON.stringify(Tree.toJson(value))) as Json)).toEqual(value);
      }),
    );
    const holder = sequence({ inner: lazy(() => u8) });
    expect(faultOf(() => holder.fromJson({}))).toMatchObject({ code: "bad-json", path: ["inner"] });
  });
});

describe("depth", () => {
  interface Nest {
    readonly in: Nest[];
  }
  const Nest: Codec<Nest> = sequence({ in: list(lazy(() => Nest)) });

  it("ends in a Fault, not in a full stack", () => {
    const deep = new Uint8Array(100_000).fill(1);
    expect(faultOf(() => decode(Nest, deep))).toMatchObject({ code: "too-deep", offset: 65 });
    expect(faultOf(() => decode(Nest, deep, { maxDepth: 3 }))).toMatchObject({ code: "too-deep", offset: 4 });
    let json: Json = { in: [] };
    for (let level = 0; level < 64; level++) json = { in: [json] };
    const value = Nest.fromJson(json);
    expect(decode(Nest, encode(Nest, value))).toEqual(value);
    expect(faultOf(() => Nest.fromJson({ in: [json] })).code).toBe("too-deep");
    expect(Nest.fromJson(json)).toEqual(value);
  });
});

describe("names", () => {
  it("are looked up in a table", () => {
    expect([nameOf(Colour, 7), nameOf(Colour, 2)]).toEqual(["blue", undefined]);
  });
});

describe("JSON kinds", () => {
  it("are said in messages", () => {
    expect([null, undefined, [], {}, 5, "text", true].map((json) => kindOf(json as Json))).toEqual([
      "null",
      "nothing",
      "a list",
      "an object",
      "number 5",
      'string "text"',
      "boolean true",
    ]);
    expect(faultOf(() => asList({})).message).toBe("expected a list, found an object");
  });
});

describe("an observer", () => {
  it("hears of every field with its octets", () => {
    const heard: string[] = [];
    const open: [string, number][] = [];
    const from = new Reader(fromHex("0900" + "02" + "010002" + "030004"), {
      observer: {
        enter: (step, offset) => void open.push([step, offset]),
        leave(offset) {
          const [step, start] = open.pop() as [string, number];
          heard.push(`${"  ".repeat(open.length)}${step} ${start}-${offset}`);
        },
      },
    });
    Shape.read(from);
    expect(heard).toEqual([
      "closed 1-2",
      "    x 3-4",
      "    y 4-6",
      "  0 3-6",
      "    x 6-7",
      "    y 7-9",
      "  1 6-9",
      "points 2-9",
    ]);
  });
});
