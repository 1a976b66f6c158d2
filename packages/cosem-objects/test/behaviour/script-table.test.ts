import { T } from "@dlmskit/apdu";
import { describe, expect, it } from "vitest";
import { type AnyObject, dataObject, invokeMethod, register, scriptTable, writeAttribute } from "../../src/index.ts";
import { codeOf, contextOf } from "../a-context.ts";

const instance = "0.0.10.0.0.255";
const none = { type: "null-data" } as const;
const integer0 = { type: "integer", value: 0 } as const;
const long = (value: number) => ({ type: "long-unsigned", value }) as const;
const set = (value: number, instanceId = "0.0.96.1.0.255") =>
  ({ serviceId: 1, classId: 1, instanceId, index: 2, parameter: { type: "unsigned", value } }) as const;
const execute = (id: number, table = instance) =>
  ({ serviceId: 2, classId: 9, instanceId: table, index: 1, parameter: long(id) }) as const;
type Action = Parameters<typeof scriptTable>[1][number]["actions"][number];
const missing: Action = { ...set(0), instanceId: "0.0.96.9.9.255" };

function meter(given: Record<number, readonly Action[]>, options = {}, others: readonly AnyObject[] = []) {
  const data = dataObject("0.0.96.1.0.255", { type: T.unsigned, value: 0 });
  const energy = register(
    "1.0.1.8.0.255",
    { type: T.doubleLongUnsigned, value: 42, unit: "Wh" },
    { invoke: { reset: (values) => void Object.assign(values, { value: 0 }) } },
  );
  const scripts = Object.entries(given).map(([id, actions]) => ({
    scriptIdentifier: Number(id),
    actions: [...actions],
  }));
  const table = scriptTable(instance, scripts, options);
  const context = contextOf([table, data, energy, ...others]);
  const failed: string[] = [];
  context.device.failed = (what) => void failed.push(what);
  const of = Object.create(context, { object: { value: table } });
  return {
    ...{ data, energy, table, failed, context: of },
    run: (id: number) => invokeMethod(table, table.values, 1, long(id), of),
  };
}

describe("Script table", () => {
  it("7.1: runs the actions in the order of the array, writes and methods", () => {
    const seen: number[] = [];
    const { run, data, energy } = meter({
      3: [set(7), set(8), { serviceId: 2, classId: 3, instanceId: "1.0.1.8.0.255", index: 1, parameter: integer0 }],
    });
    Object.defineProperty(data.values, "value", { get: () => 0, set: (value: number) => seen.push(value) });
    run(3);
    expect(seen).toEqual([7, 8]);
    expect(energy.values.value).toBe(0);
  });

  it("7.1, 1.4.2, O6, O8: skips dummies: service 0, and an object of zeros", () => {
    const { run, data, table, context } = meter({
      1: [{ ...set(1), serviceId: 0 }, { ...set(2), instanceId: "0.0.0.0.0.0" }, set(3)],
    });
    run(1);
    expect(data.values.value).toBe(3);
    const zeros = { serviceId: 0, classId: 0, instanceId: "0.0.0.0.0.0", index: 0, parameter: none };
    const dummy = { scriptIdentifier: 0, actions: [zeros] };
    writeAttribute(table, table.values, 2, { type: "array", value: [] }, context);
    table.hooks.write?.scripts?.(table.values, [dummy, dummy], context);
    expect(table.values.scripts).toEqual([dummy, dummy]);
  });

  it("7.1: never writes a logical name", () => {
    const { run } = meter({ 1: [{ ...set(1), index: 1 }] });
    expect(codeOf(() => run(1))).toBe("read-write-denied");
  });

  it("7.2: script 0 does nothing and succeeds; a script that is not there is refused", () => {
    const { run } = meter({ 1: [] });
    expect(codeOf(() => run(0))).toBe("nothing thrown");
    expect(codeOf(() => run(2))).toBe("other-reason");
  });

  it("7.3: goes on after a failure and gives the first; each is an event", () => {
    const { run, data, failed } = meter({ 1: [set(1), { ...missing, index: 1 }, { ...set(0), index: 1 }, set(2)] });
    expect(codeOf(() => run(1))).toBe("object-undefined");
    expect(data.values.value).toBe(2);
    expect(failed).toEqual([`action 2 of script 1 of ${instance}`, `action 3 of script 1 of ${instance}`]);
  });

  it("7.3, option stopOnFailure: ends with the first failure, and takes nothing back", () => {
    const { run, data } = meter({ 1: [set(1), missing, set(2)] }, { stopOnFailure: true });
    expect(codeOf(() => run(1))).toBe("object-undefined");
    expect(data.values.value).toBe(1);
  });

  it("7.4: runs scripts in scripts, 8 deep and no more; a cycle does nothing", () => {
    const chain = (length: number) =>
      meter(
        Object.fromEntries(Array.from({ length }, (_, at) => [at + 1, at + 1 < length ? [execute(at + 2)] : [set(5)]])),
      );
    const eight = chain(8);
    eight.run(1);
    expect(eight.data.values.value).toBe(5);
    const nine = chain(9);
    expect(codeOf(() => nine.run(1))).toBe("other-reason");
    expect(nine.data.values.value).toBe(0);
    expect(codeOf(() => chain(60_000).run(1))).toBe("other-reason");
    const cycle = meter({ 1: [set(1), execute(2)], 2: [set(2), execute(1)] });
    expect(codeOf(() => cycle.run(1))).toBe("other-reason");
    expect(cycle.data.values.value).toBe(0);
  });

  it("7.4: finds a cycle through another table, and too deep a nest where a script is known already", () => {
    const other = scriptTable("0.0.10.0.1.255", [{ scriptIdentifier: 1, actions: [execute(1)] }]);
    const through = meter({ 1: [execute(1, "0.0.10.0.1.255")] }, {}, [other]);
    expect(codeOf(() => through.run(1))).toBe("other-reason");
    // Script 5 is met first at depth 2, then at depth 5: with four below it that is one too deep.
    const scripts: Record<number, Action[]> = { 1: [execute(5), execute(2)], 9: [set(1)] };
    for (const id of [2, 3, 4, 5, 6, 7, 8]) scripts[id] = [execute(id + 1)];
    expect(codeOf(() => meter(scripts).run(1))).toBe("other-reason");
  });

  it("refuses a script that is small and does more than 10000 actions", () => {
    const scripts: Record<number, Action[]> = { 6: Array.from({ length: 10 }, () => set(1)) };
    for (const id of [1, 2, 3, 4, 5]) scripts[id] = Array.from({ length: 10 }, () => execute(id + 1));
    const { run, data } = meter(scripts);
    expect(codeOf(() => run(1))).toBe("other-reason");
    expect(data.values.value).toBe(0);
    run(4);
    expect(data.values.value).toBe(1);
  });

  it("refuses a table with two scripts of one number, or a service that is none", () => {
    const { table, context } = meter({});
    const write = (value: Parameters<typeof scriptTable>[1]) =>
      table.hooks.write?.scripts?.(table.values, value, context);
    const one = { scriptIdentifier: 1, actions: [] };
    expect(codeOf(() => write([one, one]))).toBe("other-reason");
    expect(codeOf(() => write([{ ...one, actions: [{ ...set(1), serviceId: 3 }] }]))).toBe("other-reason");
    expect(table.values.scripts).toEqual([]);
  });
});
