import { T } from "@dlmskit/apdu";
import { type AnyObject, dataObject, register } from "@dlmskit/cosem-objects";
import { openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { Meter, meter, meterTemplate, none } from "../src/index.ts";
import { Bench } from "./a-client.ts";
import { associations, hook } from "./hooks.ts";

const energy = (hooks: Parameters<typeof register>[2] = {}) =>
  register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 1, unit: "Wh" }, hooks);
const served = (...objects: AnyObject[]) =>
  meter({ name: "ABC1", objects, associations: { one: { client: 1, security: none(), access: "full" } } });
const wrong = {
  code: "wrong-value",
  message:
    "attribute 2 (value) of Register 1.0.1.8.0.255 cannot have this value: abc is not an integer from 0 to 4294967295",
  hint: "correct what the hook returns or the program assigns; it is of type double-long-unsigned",
};

describe("a value that is not of its attribute's type", () => {
  it("is refused when the program assigns it, and the old one stays", async () => {
    const value = energy();
    const bench = new Bench(served(value));
    expect(() => {
      value.values.value = "abc" as never;
    }).toThrow(expect.objectContaining(wrong));
    const client = await bench.client({ client: 1 }).open();
    expect(await client.get([3, value.instance, 2])).toMatchObject([
      { data: { type: "double-long-unsigned", value: 1 } },
    ]);
  });

  it("is refused in a task, at the line that assigns it", async () => {
    const value = energy();
    const made = served(value);
    let caught: unknown;
    made.every(1000, () => {
      try {
        value.values.value = "abc" as never;
      } catch (error) {
        caught = error;
        throw error;
      }
    });
    const bench = new Bench(made);
    bench.server.run(made);
    bench.clock.advance(1000);
    await bench.settle();
    expect(caught).toMatchObject(wrong);
    expect(bench.events).toContainEqual(expect.objectContaining({ type: "hook-failed", error: caught }));
  });

  it.each([false, true])("ends the request of the hook that set it, which is undone (store: %s)", async (kept) => {
    const [value, note] = [energy(), dataObject("0.0.96.1.1.255", { type: T.unsigned, value: 1 })];
    const sets = hook("0.0.96.50.1.255", (_values, _data, { device }) => {
      device.set(note, "value", 2);
      device.set(value, "value", "abc" as never);
    });
    const made = new Meter(meterTemplate({ objects: [value, note, sets], associations }), { name: "ABC1" });
    const bench = new Bench(made, kept ? { store: await openMemoryStore() } : {});
    const client = await bench.client({ client: 1 }).open();
    expect(await client.invoke(9002, sets.instance, 1)).toBe("hardware-fault");
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: "hook-failed", error: expect.objectContaining(wrong) }),
    );
    expect([made.values(value).value, made.values(note).value]).toEqual([1, 1]);
    // The meter goes on.
    expect(await client.set(1, note.instance, 2, { type: "unsigned", value: 3 })).toBe("success");
  });

  it("is told when a read hook gives it: to the operator what is wrong, to the client a hardware-fault", async () => {
    const value = energy({ read: { value: () => "abc" as never } });
    const bench = new Bench(served(value));
    const client = await bench.client({ client: 1 }).open();
    expect(await client.get([3, value.instance, 2])).toEqual([{ error: "hardware-fault" }]);
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: "hook-failed", error: expect.objectContaining(wrong) }),
    );
  });

  it("names the element of a structure", async () => {
    const unit = energy();
    served(unit);
    expect(() => {
      unit.values.scalerUnit = { scaler: 300, unit: "Wh" } as never;
    }).toThrow("attribute 3 (scalerUnit.scaler) of Register 1.0.1.8.0.255 cannot have this value: 300");
  });
});
