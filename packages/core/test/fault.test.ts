import { describe, expect, it } from "vitest";
import { Fault, stepped } from "../src/index.ts";

describe("Fault", () => {
  it("says what, where and what to try, in JSON only what it knows", () => {
    const cause = new Error("deeper");
    const fault = new Fault("unknown-tag", "no such tag", {
      layer: "xdlms",
      offset: 3,
      hint: "look it up",
      expected: 7,
      cause,
    });
    stepped(stepped(fault, "value"), "result");
    expect(fault).toBeInstanceOf(Error);
    expect([fault.name, fault.message, fault.cause]).toEqual(["Fault", "no such tag", cause]);
    expect(JSON.parse(JSON.stringify(fault))).toEqual({
      code: "unknown-tag",
      layer: "xdlms",
      message: "no such tag",
      offset: 3,
      path: "result.value",
      hint: "look it up",
      expected: 7,
    });
    expect(String(fault)).toBe(
      "Fault: no such tag (xdlms unknown-tag)\n  at: octet 3, result.value\n  try: look it up",
    );
    expect(String(new Fault("bad-value", "it is"))).toBe("Fault: it is (core bad-value)");
    expect(new Fault("bad-value", "it is").toJSON()).toEqual({ code: "bad-value", layer: "core", message: "it is" });
    expect("cause" in new Fault("bad-value", "it is")).toBe(false);
  });

  it("lets other errors pass as they are", () => {
    const error = new Error("not ours");
    expect(stepped(error, "field")).toBe(error);
  });
});
