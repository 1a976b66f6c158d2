import { describe, expect, it } from "vitest";
import { decode, encode, f32, f64, fromHex, toHex } from "../src/index.ts";

describe("a NaN", () => {
  it("with other bits is written as the one NaN, in both sizes", () => {
    expect(toHex(encode(f32, decode(f32, fromHex("ffc00123"))))).toBe("7fc00000");
    expect(toHex(encode(f64, decode(f64, fromHex("fff8000000000123"))))).toBe("7ff8000000000000");
  });
});
