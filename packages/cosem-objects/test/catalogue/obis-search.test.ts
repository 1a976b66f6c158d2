import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { engineeringValue, findObisCodes, findObisNames, rawValue } from "../../src/index.ts";
import { codeOf } from "../a-context.ts";

describe("search in the OBIS catalogue", () => {
  it("finds codes by patterns in both forms", () => {
    const found = findObisCodes("1-0:1.8.0");
    expect(found.length).toBeGreaterThan(0);
    expect(found.map(({ pattern }) => pattern)).toEqual(findObisCodes("1.0.1.8.0.*").map(({ pattern }) => pattern));
    expect(
      found.some(({ name, companion }) => companion === undefined && name.startsWith("Active energy import")),
    ).toBe(true);
    expect(found.every(({ pattern }) => /^1\.(b|0)\.(1|c)\.(8|d)\.(0|e)\./.test(pattern))).toBe(true);
    expect(findObisCodes("0.1.24.1.0.255").map(({ name }) => name)).toContain("M-Bus client (b = channel)");
    expect(findObisCodes("0.*.24.*.*.255").length).toBeGreaterThan(5);
    expect(findObisCodes("*.*.*.*.*.*").length).toBeGreaterThan(findObisCodes("1.*.*.*.*.*").length);
    expect(findObisCodes("200.0.0.0.0.0")).toEqual([]);
  });

  it("finds codes by words of their names", () => {
    const found = findObisNames("IMPORT active energy");
    expect(found.length).toBeGreaterThan(0);
    for (const { name } of found) expect(name.toLowerCase()).toMatch(/(?=.*import)(?=.*active)(?=.*energy)/);
    expect(findObisNames("no such thing")).toEqual([]);
  });

  it("refuses what is no pattern", () => {
    for (const text of ["", "1.8.0", "1.0.256.8.0.255", "1.0.x.8.0.255", "1.0.1.8.0.255.0"]) {
      expect(codeOf(() => findObisCodes(text))).toBe("bad-logical-name");
    }
  });
});

describe("engineering values", () => {
  it.each([
    [12345n, -2, "123.45"],
    [-5, -3, "-0.005"],
    [7, 3, "7000"],
    [0, 5, "0"],
    [0, -2, "0.00"],
    [18446744073709551615n, -1, "1844674407370955161.5"],
  ] as const)("%s times ten to the power of %s is %s", (raw, scaler, text) => {
    expect(engineeringValue(raw, scaler)).toBe(text);
    expect(rawValue(text, scaler)).toBe(BigInt(raw));
  });

  it("property: no raw value and scaler loses anything, there and back", () => {
    const any64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(any64, fc.integer({ min: -128, max: 127 }), (raw, scaler) => {
        expect(rawValue(engineeringValue(raw, scaler), scaler)).toBe(raw);
      }),
    );
  });

  it("refuses what is not exact", () => {
    expect(codeOf(() => engineeringValue(1.5, 0))).toBe("out-of-range");
    expect(codeOf(() => engineeringValue(2 ** 60, 0))).toBe("out-of-range");
    expect(codeOf(() => rawValue("123.456", -2))).toBe("out-of-range");
    expect(codeOf(() => rawValue("12", 1))).toBe("out-of-range");
    expect(codeOf(() => rawValue("1e3", 0))).toBe("out-of-range");
    expect(rawValue("+1.20", -1)).toBe(12n);
  });
});
