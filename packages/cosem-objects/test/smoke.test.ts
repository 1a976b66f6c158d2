import { T } from "@dlmskit/apdu";
import { expect, it } from "vitest";
import { clock, interfaceClass, object, profileGeneric, Register, register, retype } from "../src/index.ts";

it("compiles and infers", () => {
  const energy = register(
    "1-0:1.8.0",
    { type: T.doubleLongUnsigned, value: 0, unit: "Wh" },
    {
      invoke: {
        reset: (o) => {
          o.value = 0;
        },
      },
    },
  );
  energy.values.value += 42;
  expect(energy.instance).toBe("1.0.1.8.0.255");
  const unit: string | number = energy.values.scalerUnit.unit;
  expect(unit).toBe("Wh");
  // @ts-expect-error a Register has no such attribute
  object(Register, "1.0.1.8.0.255", {
    value: { type: "null-data" },
    scalerUnit: { scaler: 0, unit: "Wh" },
    captureTime: 1,
  });
  const v = object(retype(Register, "value", T.longUnsigned), "1.0.32.7.0.255", {
    value: 230,
    scalerUnit: { scaler: 0, unit: "V" },
  });
  v.values.value = 3;
  const Own = interfaceClass({
    classId: 9000,
    version: 0,
    name: "Own",
    attributes: { a: { id: 2, type: T.boolean } },
    methods: { m: { id: 1, argument: T.integer, result: T.long } },
  });
  object(Own, "0.0.128.0.0.255", { a: true }, { invoke: { m: (o, n) => (o.a ? n + 1 : n) } });
  profileGeneric("1.0.99.1.0.255", {
    capture: [clock(), energy, { object: energy, attributeId: 3 }],
    entries: 10,
    period: 900,
  });
});
