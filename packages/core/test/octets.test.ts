import fc from "fast-check";
import { describe, expect, it } from "vitest";
import vectors from "../../../test-vectors/core.json" with { type: "json" };
import { concat, fcs16, fromAscii, fromHex, sameOctets, toHex, toLatin1 } from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

describe("hex", () => {
  it("goes both ways", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => {
        expect(fromHex(toHex(octets))).toEqual(octets);
        expect(toHex(octets)).toBe([...octets].map((octet) => octet.toString(16).padStart(2, "0")).join(""));
      }),
    );
    expect(toHex(fromHex(" 7E a0\n0A\t"))).toBe("7ea00a");
  });

  it("says which octet is at fault", () => {
    expect(faultOf(() => fromHex("00 1g"))).toMatchObject({ code: "bad-hex", offset: 1 });
    expect(faultOf(() => fromHex("001"))).toMatchObject({ code: "bad-hex", offset: 1 });
  });
});

describe("octets", () => {
  it("are joined and compared", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (parts) => {
        expect(concat(...parts)).toEqual(Uint8Array.from(parts.flatMap((part) => [...part])));
      }),
    );
    expect(sameOctets(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(sameOctets(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(sameOctets(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  });

  it("are text, one character each", () => {
    expect(fromAscii("KFM")).toEqual(Uint8Array.of(0x4b, 0x46, 0x4d));
    expect(faultOf(() => fromAscii("aé"))).toMatchObject({ code: "bad-value", offset: 1 });
    const all = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    expect(Uint8Array.from(toLatin1(all), (character) => character.charCodeAt(0))).toEqual(all);
  });
});

describe("FCS-16", () => {
  for (const { id, kind, hex, decoded } of vectors.vectors) {
    if (kind !== "fcs") continue;
    it(id, () => {
      const fcs = fcs16(fromHex(hex));
      expect(toHex(Uint8Array.of(fcs & 0xff, fcs >> 8))).toBe((decoded as { fcs: string }).fcs);
    });
  }

  it("leaves the residue 0xF0B8 over octets and their FCS, wherever they lie", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(5), (octets, before) => {
        const fcs = fcs16(octets);
        const framed = concat(new Uint8Array(before).fill(9), octets, Uint8Array.of(fcs & 0xff, fcs >> 8));
        expect(fcs16(framed, before) ^ 0xffff).toBe(0xf0b8);
        expect(fcs16(framed, before, framed.length - 2)).toBe(fcs);
      }),
    );
  });
});
