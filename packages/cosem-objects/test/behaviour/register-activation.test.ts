import { T } from "@dlmskit/apdu";
import { describe, expect, it } from "vitest";
import { type AnyObject, countsNow, register, registerActivation, scriptTable } from "../../src/index.ts";
import { codeOf, contextOf } from "../a-context.ts";

const named = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const energy = (instance: string) => register(instance, { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
const total = energy("1.0.1.8.0.255");
const day = energy("1.0.1.8.1.255");
const night = energy("1.0.1.8.2.255");
const masks = [
  { maskName: named("day"), indexList: [1] },
  { maskName: named("night"), indexList: [2] },
  { maskName: named("both"), indexList: [1, 2, 9] },
];
const instance = "0.0.14.0.0.255";

function meter(...others: readonly AnyObject[]) {
  const activation = registerActivation(instance, { registers: [day, night], masks, activeMask: named("day") });
  const context = contextOf([activation, total, day, night, ...others]);
  const counting = () => [total, day, night].filter((one) => countsNow(one, context.device)).map((one) => one.instance);
  const activate = (name: string) => activation.hooks.write?.activeMask?.(activation.values, named(name), context);
  return { activation, context, counting, activate, invoke: activation.hooks.invoke ?? {} };
}

describe("Register activation", () => {
  it("4.1: registers in the active mask count, the others stand still; one that is assigned nowhere always counts", () => {
    const { counting, activate } = meter();
    expect(counting()).toEqual([total.instance, day.instance]);
    activate("night");
    expect(counting()).toEqual([total.instance, night.instance]);
    activate("both");
    expect(counting()).toEqual([total.instance, day.instance, night.instance]);
  });

  it("4.2: a mask that is not there is refused, and nothing changes", () => {
    const { activation, activate } = meter();
    expect(codeOf(() => activate("other"))).toBe("other-reason");
    expect(activation.values.activeMask).toEqual(named("day"));
  });

  it("4.3: add_register appends, the indexes of the others stay", () => {
    const { activation, invoke, context, counting } = meter();
    invoke.addRegister?.(activation.values, { classId: 3, instanceId: total.instance }, context);
    expect(activation.values.registerAssignment.map((one) => one.instanceId)).toEqual([
      day.instance,
      night.instance,
      total.instance,
    ]);
    expect(counting()).toEqual([day.instance]);
  });

  it("4.3: add_mask replaces the mask of the same name, delete_mask removes by name, but not the active one", () => {
    const { activation, invoke, context, counting } = meter();
    invoke.addMask?.(activation.values, { maskName: named("day"), indexList: [2] }, context);
    expect(activation.values.maskList).toHaveLength(3);
    expect(counting()).toEqual([total.instance, night.instance]);
    invoke.addMask?.(activation.values, { maskName: named("none"), indexList: [] }, context);
    invoke.deleteMask?.(activation.values, named("night"), context);
    expect(activation.values.maskList.map(({ maskName }) => String.fromCharCode(...maskName))).toEqual([
      ...["day", "both", "none"],
    ]);
    expect(codeOf(() => invoke.deleteMask?.(activation.values, named("day"), context))).toBe("other-reason");
    expect(codeOf(() => invoke.deleteMask?.(activation.values, named("night"), context))).toBe("other-reason");
    expect(activation.values.maskList).toHaveLength(3);
  });

  it("4.4: a tariff script switches at once", () => {
    const parameter = { type: "octet-string", value: named("night") } as const;
    const action = { serviceId: 1, classId: 6, instanceId: instance, index: 4, parameter };
    const tariffs = scriptTable("0.0.10.0.100.255", [{ scriptIdentifier: 2, actions: [action] }]);
    const { counting, context } = meter(tariffs);
    context.device.invoke(tariffs, 1, { type: "long-unsigned", value: 2 });
    expect(counting()).toEqual([total.instance, night.instance]);
  });

  it("4.4: a register in two objects counts only where it is active in both", () => {
    const list = [
      { maskName: named("on"), indexList: [1] },
      { maskName: named("off"), indexList: [] },
    ];
    const second = registerActivation("0.0.14.0.1.255", { registers: [day], masks: list, activeMask: named("on") });
    const { counting } = meter(second);
    expect(counting()).toEqual([total.instance, day.instance]);
    second.values.activeMask = named("off");
    expect(counting()).toEqual([total.instance]);
  });

  it("O8: registers and masks of zeros are accepted", () => {
    const zeros = registerActivation(instance, {
      registers: [{ classId: 0, instanceId: "0.0.0.0.0.0" }],
      masks: [{ maskName: new Uint8Array(0), indexList: [] }],
    });
    expect(countsNow(total, contextOf([zeros, total]).device)).toBe(true);
  });
});
