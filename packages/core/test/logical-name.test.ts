import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode, LogicalName, logicalName, logicalNameOctets, logicalNameOf } from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

describe("LogicalName", () => {
  it("is six octets, both ways", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (octets) => {
        const name = decode(LogicalName, octets);
        expect(name).toBe(octets.join("."));
        expect(encode(LogicalName, name)).toEqual(octets);
        expect(logicalNameOctets(logicalNameOf(octets))).toEqual(octets);
        expect(LogicalName.fromJson(LogicalName.toJson(name))).toBe(name);
      }),
    );
  });

  it("stays right when more names were seen than are remembered", () => {
    for (let at = 0; at < 10_000; at++) {
      const octets = Uint8Array.of(1, 0, at >> 8, at & 0xff, 0, 255);
      expect(logicalNameOf(octets)).toBe(octets.join("."));
    }
  });

  it("is read in the forms that people write", () => {
    for (const text of [
      "1.0.1.8.0.255",
      "1-0:1.8.0.255",
      "1-0:1.8.0*255",
      "1-0:1.8.0&255",
      "1-0:1.8.0",
      " 1-0:1.8.0 ",
      "001.0.1.8.0.255",
    ]) {
      expect(logicalName(text)).toBe("1.0.1.8.0.255");
    }
    for (const text of [
      "",
      "1.8.0",
      "1.0.1.8.0.256",
      "1.0.1.8.0.255.1",
      "1.0.1.8.-1.255",
      "1.0.a.8.0.255",
      "1.0.1.8.0.",
    ]) {
      expect(faultOf(() => logicalName(text)).code).toBe("bad-logical-name");
    }
    expect(faultOf(() => LogicalName.fromJson(5)).code).toBe("bad-json");
    expect(faultOf(() => logicalNameOf(new Uint8Array(5))).code).toBe("bad-length");
  });
});
