import { type Data, T } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type ClassSpec, DisconnectControl, interfaceClass, Register, type Unit } from "@dlmskit/cosem-objects";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { connect, type DiscoveredObject, type RemoteObject, type Session } from "../src/index.ts";
import { FakeMeter, register } from "./fake-meter.ts";

/** A class of a user's own. */
const Tank = interfaceClass({
  classId: 9000,
  version: 0,
  name: "Tank",
  attributes: { state: { id: 0, type: T.float64 }, level: { id: 2, type: T.longUnsigned } },
  methods: {
    fill: { id: 1, argument: T.structure({ litres: T.longUnsigned }), result: T.structure({ litres: T.longUnsigned }) },
    empty: { id: 2, argument: T.integer },
    locked: { id: 9, argument: T.integer },
    wrong: { id: 3, argument: T.integer, result: T.visibleString },
  },
});
const tankName = "0.0.128.0.0.255";
const controlName = "0.0.96.3.10.255";

const meter = register(new FakeMeter(), "1.0.1.8.0.255", 12345, -3, 30)
  .put(9000, tankName, 2, { type: "long-unsigned", value: 7 })
  .put(70, controlName, 3, { type: "enum", value: 1 });
let session: Session;
beforeAll(async () => {
  session = await connect(meter.line(), meter.options());
});
afterAll(() => session.release());

const found = (classId: number, instanceId: string): DiscoveredObject => ({
  classId,
  version: 0,
  instanceId,
  attributes: [1, 2].map((attributeId) => ({ attributeId, mode: 3, readable: true, writable: true, bits: 3 })),
  methods: [{ methodId: 1, mode: 1, invocable: true, bits: 1 }],
});

describe("an object of a meter", () => {
  it.each(["1.0.1.8.0.255", "1-0:1.8.0", "1-0:1.8.0*255", "1.0.1.8.0"])("is found by the name %s", async (name) => {
    expect(await session.object(Register, name).scaled()).toEqual({
      value: 12.345,
      raw: 12345,
      scaler: -3,
      unit: "Wh",
    });
  });

  it("reads and writes with the types of its class", async () => {
    const tank = session.object(Tank, tankName);
    expectTypeOf(tank.get<"level">).returns.resolves.toEqualTypeOf<number>();
    expect(await tank.get("level")).toBe(7);
    await tank.set("level", 9);
    expect(await tank.get("level")).toBe(9);
    expect(meter.served.at(-2)?.request).toMatchObject({ service: "set", items: [{ attribute: { attributeId: 2 } }] });

    const energy = session.object(Register, "1-0:1.8.0");
    const scalerUnit = await energy.get("scalerUnit");
    expectTypeOf(scalerUnit).toEqualTypeOf<{ scaler: number; unit: Unit }>();
    await energy.set("scalerUnit", { scaler: -2, unit: "Wh" });
    expect((await energy.scaled()).value).toBe(123.45);
    expectTypeOf(energy.get<"value">).returns.resolves.toEqualTypeOf<Data>();
    expectTypeOf(
      session.object(DisconnectControl, controlName).get<"outputState">,
    ).returns.resolves.toEqualTypeOf<boolean>();
  });

  it("invokes with the types of its class", async () => {
    const control = session.object(DisconnectControl, controlName);
    const nothing = await control.invoke("remoteDisconnect", 0);
    expectTypeOf(nothing).toEqualTypeOf<undefined>();
    // The fake meter gives back what it is given: the class declares no result.
    expect(nothing).toBeUndefined();
    expect(meter.served.at(-1)?.request.items).toMatchObject([
      { method: { classId: 70, instanceId: controlName, methodId: 1 }, parameters: { type: "integer", value: 0 } },
    ]);
    const filled = await session.object(Tank, tankName).invoke("fill", { litres: 40 });
    expectTypeOf(filled).toEqualTypeOf<{ litres: number }>();
    expect(filled).toEqual({ litres: 40 });
  });

  it("has the class of its id and version where it is found in the object list", async () => {
    const control = session.object(found(70, controlName));
    expectTypeOf(control).toEqualTypeOf<RemoteObject<ClassSpec>>();
    expect(control.spec).toBe(DisconnectControl);
    const state = await control.get("controlState");
    expectTypeOf(state).toEqualTypeOf<unknown>();
    expect(state).toBe(await session.object(DisconnectControl, controlName).get("controlState"));
  });

  it("has numbered names and Data where the class is not known", async () => {
    const tank = session.object(found(9000, tankName));
    await tank.set("attribute2", { type: "long-unsigned", value: 3 });
    expect(await tank.get("attribute2")).toEqual({ type: "long-unsigned", value: 3 });
    expect(await tank.invoke("method1", { type: "integer", value: 1 })).toEqual({ type: "integer", value: 1 });
  });

  // What does not compile is a Fault all the same, for who writes JavaScript; nothing of it is sent.
  it.each<[string, string, () => Promise<unknown>]>([
    // @ts-expect-error no such attribute
    ["an attribute that is not there", "no-attribute", () => session.object(Tank, tankName).get("depth")],
    // @ts-expect-error what an object keeps for itself is no attribute
    ["what an object keeps for itself", "no-attribute", () => session.object(Tank, tankName).get("state")],
    // @ts-expect-error no such attribute to write
    ["an attribute to write", "no-attribute", () => session.object(Tank, tankName).set("depth", 1)],
    // @ts-expect-error no such method
    ["a method that is not there", "no-method", () => session.object(Tank, tankName).invoke("drain", 0)],
    // @ts-expect-error no such method
    ["a name of every object", "no-method", () => session.object(Tank, tankName).invoke("toString", 0)],
    // @ts-expect-error the class has no scaler
    ["a class without scaler", "no-attribute", () => session.object(Tank, tankName).scaled()],
  ])("%s does not compile, and is a Fault", async (_, code, run) => {
    const served = meter.served.length;
    const caught: unknown = await run().catch((fault: unknown) => fault);
    expect(caught).toBeInstanceOf(Fault);
    expect((caught as Fault).code).toBe(code);
    expect(meter.served.length).toBe(served);
  });

  it("refuses values and arguments of another type before anything is sent", async () => {
    const tank = session.object(Tank, tankName);
    const served = meter.served.length;
    // @ts-expect-error a number is expected
    await expect(tank.set("level", "full")).rejects.toBeInstanceOf(Error);
    // @ts-expect-error a structure is expected
    await expect(tank.invoke("fill", 40)).rejects.toBeInstanceOf(Error);
    const control = session.object(DisconnectControl, controlName);
    // @ts-expect-error a number is expected
    await expect(control.invoke("remoteDisconnect", "now")).rejects.toBeInstanceOf(Error);
    // @ts-expect-error an argument is expected
    await expect(tank.invoke("empty")).rejects.toBeInstanceOf(Error);
    expect(meter.served.length).toBe(served);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ["a refused method", "read-write-denied", () => session.object(Tank, tankName).invoke("locked", 0)],
    ["a result of another type", "type-unmatched", () => session.object(Tank, tankName).invoke("wrong", 0)],
    [
      "an object to write that is not there",
      "object-undefined",
      () => session.object(Tank, "0-0:128.0.1").set("level", 1),
    ],
  ])("%s is a Fault", async (_, code, run) => {
    await expect(run()).rejects.toMatchObject({ code });
  });
});
