import { dataOf, T } from "@dlmskit/apdu";
import { dateTimeOf, Fault } from "@dlmskit/core";
import { Clock, interfaceClass, Register } from "@dlmskit/cosem-objects";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { connect, type Session } from "../src/index.ts";
import { FakeMeter, register } from "./fake-meter.ts";

/** A class of a user's own. */
const Tank = interfaceClass({
  classId: 9000,
  version: 0,
  name: "Tank",
  attributes: { level: { id: 2, type: T.longUnsigned }, label: { id: 3, type: T.visibleString } },
  methods: {},
});
const time = dateTimeOf(Date.UTC(2026, 0, 2, 3, 4, 5));

const meter = register(new FakeMeter(), "1.0.1.8.0.255", 12345, -3, 30)
  .put(9000, "0.0.128.0.0.255", 2, { type: "long-unsigned", value: 7 })
  .put(9000, "0.0.128.0.0.255", 3, { type: "visible-string", value: "north" })
  .put(3, "1.0.2.8.0.255", 2, { type: "visible-string", value: "none" })
  .put(3, "1.0.2.8.0.255", 3, {
    type: "structure",
    value: [
      { type: "integer", value: 0 },
      { type: "enum", value: 30 },
    ],
  })
  .put(8, "0.0.1.0.0.255", 2, dataOf(T.dateTimeOctets, time));
let session: Session;
beforeAll(async () => {
  session = await connect(meter.line(), meter.options());
});
afterAll(() => session.release());

describe("reading by class", () => {
  it("gives values of the declared type, of our classes and of one's own", async () => {
    const level = await session.read(Tank, "0-0:128.0.0", "level");
    expectTypeOf(level).toEqualTypeOf<number>();
    expect(level).toBe(7);
    const label = await session.read(Tank, "0-0:128.0.0", "label");
    expectTypeOf(label).toEqualTypeOf<string>();
    expect(label).toBe("north");
    expect(await session.read(Clock, "0-0:1.0.0", "time")).toMatchObject({ year: 2026, hour: 3 });
    expect(await session.read(Register, "1-0:1.8.0", "scalerUnit")).toEqual({ scaler: -3, unit: "Wh" });
    expect(await session.read({ classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2 }, T.doubleLongUnsigned)).toBe(
      12345,
    );
  });

  it("scales by the trait of the class", async () => {
    expect(await session.readScaled(Register, "1-0:1.8.0")).toEqual({
      value: 12.345,
      raw: 12345,
      scaler: -3,
      unit: "Wh",
    });
  });

  it.each<[string, string, () => Promise<unknown>]>([
    [
      "a name that the class does not have",
      "no-attribute",
      () => session.read(Tank, "0-0:128.0.0", "depth" as "level"),
    ],
    ["a name of every object", "no-attribute", () => session.read(Tank, "0-0:128.0.0", "toString" as "level")],
    ["an object that is not there", "object-undefined", () => session.read(Tank, "0-0:128.0.1", "level")],
    ["a class without scaler", "no-attribute", () => session.readScaled(Tank, "0-0:128.0.0")],
    ["a value that is no number", "type-unmatched", () => session.readScaled(Register, "1-0:2.8.0")],
    ["a register that is not there", "object-undefined", () => session.readScaled(Register, "1-0:3.8.0")],
  ])("%s is a Fault", async (_, code, read) => {
    const caught: unknown = await read().catch((fault: unknown) => fault);
    expect(caught).toBeInstanceOf(Fault);
    expect((caught as Fault).code).toBe(code);
  });
});
