import { T } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { anyDataObject, Clock, dataObject, defaultObject, register } from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { meter, none } from "../src/index.ts";

// Programs without types, and values from files, can have anything.
const made = (object: unknown) => {
  try {
    meter({
      name: "ACM0000000000001",
      objects: [object as never],
      associations: { public: { client: 16, security: none(), access: "read" } },
    });
  } catch (caught) {
    if (caught instanceof Fault) return caught;
    throw caught;
  }
  return undefined;
};

describe("values that a meter is made with", () => {
  it.each([
    ["a text in a number", { value: "12" }, "value of Register is not of its type double-long-unsigned"],
    ["a number that is too large", { value: 2 ** 32 }, "value of Register is not of its type double-long-unsigned"],
    ["a negative number", { value: -1 }, "value of Register is not of its type double-long-unsigned"],
    ["no structure", { scalerUnit: 5 }, "scalerUnit of Register is not of its type structure"],
    [
      "an unknown unit",
      { scalerUnit: { scaler: 0, unit: "parsec" } },
      "scalerUnit of Register is not of its type structure",
    ],
  ])("are refused with object, attribute and type: %s", (_, values, text) => {
    const energy = register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
    const fault = made({ ...energy, values: { ...energy.values, ...values } });
    expect(fault).toMatchObject({ code: "bad-template", layer: "server" });
    expect(fault?.message).toContain(`1.0.1.8.0.255: ${text}`);
  });

  it("are refused in logical devices and in attributes of open type", () => {
    const data = anyDataObject("0.0.96.1.0.255", { type: "null-data" });
    expect(made({ ...data, values: { ...data.values, value: 5 } })?.message).toContain(
      "value of Data is not of its type",
    );
    expect(made(defaultObject(Clock, "0.0.1.0.0.255", { timeZone: 40_000 }))?.message).toContain("timeZone of Clock");
  });

  it("are not looked at where a hook reads the attribute", () => {
    const data = dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 1 }, { read: { value: () => 2 } });
    expect(made({ ...data, values: { ...data.values, value: "x" } })).toBeUndefined();
  });

  it("are taken as they are otherwise", () => {
    expect(made(register("1-0:1.8.0", { type: T.doubleLongUnsigned, value: 7, unit: "Wh" }))).toBeUndefined();
  });
});
