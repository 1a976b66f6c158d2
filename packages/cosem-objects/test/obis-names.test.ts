import { describe, expect, it } from "vitest";
import { obisName } from "../src/index.ts";

describe("names of OBIS codes", () => {
  it.each([
    ["1.0.1.8.0.255", "Active energy import (+A), total"],
    ["1.0.1.8.3.255", "Active energy import (+A), rate 3"],
    ["1.5.1.8.0.255", "Active energy import (+A), total"],
    ["0.0.96.1.2.255", "Device ID 3"],
    ["0.0.94.91.10.255", "Name plate details profile"],
  ])("%s is %s", (code, name) => {
    expect(obisName(code)).toBe(name);
  });

  it("prefers the companion that is named, then the standard", () => {
    expect(obisName("1.0.1.8.0.255", "IS 15959")).toBe("Cumulative energy, Wh (import)");
    expect(obisName("1.0.1.8.0.255", "IDIS")).not.toBe("Cumulative energy, Wh (import)");
  });

  it("knows nothing of a code that nobody uses", () => {
    expect(obisName("200.0.0.0.0.0")).toBeUndefined();
    expect(obisName("1.0.250.250.0.1")).toBeUndefined();
  });
});

describe("a code", () => {
  it("may have its short form", () => {
    expect(obisName("1-0:1.8.0")).toBe(obisName("1.0.1.8.0.255"));
    expect(obisName("1-0:1.8.0*255")).toBe(obisName("1.0.1.8.0.255"));
  });

  it("that is none is refused", () => {
    expect(() => obisName("hello")).toThrow('"hello" is not an OBIS code');
  });
});
