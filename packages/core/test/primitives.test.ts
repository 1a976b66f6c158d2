import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bool,
  type Codec,
  decode,
  encode,
  f32,
  f64,
  fromHex,
  i8,
  i16,
  i32,
  i64,
  type Json,
  nothing,
  octets,
  restOctets,
  sizedOctets,
  toHex,
  u8,
  u16,
  u32,
  u64,
} from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

/** Round trips in octets and in JSON text, which is how a value leaves the program. */
function roundTrips<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(decode(codec, encode(codec, value))).toEqual(value);
      expect(codec.fromJson(JSON.parse(JSON.stringify(codec.toJson(value))) as Json)).toEqual(value);
    }),
  );
}

const integers: [string, Codec<number>, number, number][] = [
  ["u8", u8, 0, 0xff],
  ["u16", u16, 0, 0xffff],
  ["u32", u32, 0, 0xffffffff],
  ["i8", i8, -0x80, 0x7f],
  ["i16", i16, -0x8000, 0x7fff],
  ["i32", i32, -0x80000000, 0x7fffffff],
];

for (const [name, codec, low, high] of integers) {
  describe(name, () => {
    it("holds its range, both ways", () => {
      roundTrips(codec, fc.oneof(fc.constantFrom(low, high, 0, 1), fc.integer({ min: low, max: high })));
    });

    it("refuses what is outside", () => {
      for (const value of [low - 1, high + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "1" as unknown as number]) {
        expect(faultOf(() => encode(codec, value)).code).toBe("out-of-range");
      }
      expect(faultOf(() => codec.fromJson(high + 1)).code).toBe("out-of-range");
      expect(faultOf(() => codec.fromJson("1")).code).toBe("bad-json");
    });
  });
}

const longs: [string, Codec<bigint>, bigint, bigint][] = [
  ["u64", u64, 0n, 0xffffffffffffffffn],
  ["i64", i64, -0x8000000000000000n, 0x7fffffffffffffffn],
];

for (const [name, codec, low, high] of longs) {
  describe(name, () => {
    it("holds its range, both ways, in JSON as text", () => {
      roundTrips(codec, fc.oneof(fc.constantFrom(low, high, 0n), fc.bigInt({ min: low, max: high })));
      expect(codec.toJson(high)).toBe(String(high));
      expect(codec.fromJson(12)).toBe(12n);
    });

    it("refuses what is outside", () => {
      for (const value of [low - 1n, high + 1n, 1 as unknown as bigint]) {
        expect(faultOf(() => encode(codec, value)).code).toBe("out-of-range");
      }
      expect(faultOf(() => codec.fromJson(String(high + 1n))).code).toBe("out-of-range");
      for (const json of ["0x10", "", "1.5", 1.5, 2 ** 60, null, true, "1".repeat(1000)]) {
        expect(faultOf(() => codec.fromJson(json)).code).toBe("bad-json");
      }
    });
  });
}

describe("floats", () => {
  it("go both ways, with what JSON has no number for", () => {
    roundTrips(f32, fc.float());
    roundTrips(f64, fc.double());
    expect([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1.5].map(f64.toJson)).toEqual([
      "NaN",
      "Infinity",
      "-Infinity",
      "-0",
      1.5,
    ]);
    for (const json of ["1.5", null, [], "infinity"]) expect(faultOf(() => f64.fromJson(json)).code).toBe("bad-json");
  });
});

describe("octets", () => {
  it("of a fixed number are that many", () => {
    roundTrips(octets(3), fc.uint8Array({ minLength: 3, maxLength: 3 }));
    expect(faultOf(() => encode(octets(3), new Uint8Array(4))).code).toBe("bad-length");
    expect(faultOf(() => octets(3).fromJson("0102")).code).toBe("bad-length");
    expect(faultOf(() => octets(3).fromJson("01020g")).code).toBe("bad-hex");
    expect(faultOf(() => octets(3).fromJson(1)).code).toBe("bad-json");
    expect(faultOf(() => decode(octets(3), new Uint8Array(2))).code).toBe("truncated");
  });

  it("with a length before them, and all that are left", () => {
    roundTrips(sizedOctets, fc.uint8Array({ maxLength: 300 }));
    roundTrips(restOctets, fc.uint8Array({ maxLength: 300 }));
    expect(faultOf(() => decode(sizedOctets, fromHex("8400ffffff00")))).toMatchObject({
      code: "bad-length",
      offset: 0,
    });
    expect(toHex(encode(sizedOctets, fromHex("0102")))).toBe("020102");
  });
});

describe("bool and nothing", () => {
  it("read any octet as a boolean, and write 0 or 1", () => {
    roundTrips(bool, fc.boolean());
    expect(decode(bool, fromHex("ff"))).toBe(true);
    expect(toHex(encode(bool, true))).toBe("01");
    expect(faultOf(() => bool.fromJson(1)).code).toBe("bad-json");
  });

  it("take no octets for null", () => {
    roundTrips(nothing, fc.constant(null));
    expect(encode(nothing, null)).toHaveLength(0);
    expect(faultOf(() => decode(nothing, fromHex("00")))).toMatchObject({ code: "trailing-octets", offset: 0 });
  });
});
