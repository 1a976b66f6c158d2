import { type Data, T } from "@dlmskit/apdu";
import { describe, expect, it } from "vitest";
import { arrayManager, dataObject, object, type Rights, rightsOf, ScriptTable } from "../../src/index.ts";
import { codeOf, contextOf } from "../a-context.ts";

const number = (value: number): Data => ({ type: "unsigned", value });

function managing(rights?: Rights) {
  const list = dataObject("0.0.96.1.0.255", { type: T.array(T.unsigned), value: [1, 2, 3] });
  const single = dataObject("0.0.96.1.1.255", { type: T.unsigned, value: 1 });
  const scripts = object(ScriptTable, "0.0.10.0.0.255", { scripts: [] });
  const attribute = (instanceId: string, classId = 1) => ({ classId, instanceId, attributeId: 2 });
  const manager = arrayManager("0.0.18.0.0.255", {
    1: attribute("0-0:96.1.0"),
    2: attribute("0-0:96.1.1"),
    3: attribute("0-0:10.0.0", 9),
    9: attribute("0-0:96.1.9"),
  });
  const context = contextOf([manager, list, single, scripts], rights === undefined ? {} : { rights });
  const invoke = manager.hooks.invoke ?? {};
  const range = (id: number, fromIndex: number, toIndex: number) => ({
    arrayObjectId: id,
    entryList: { fromIndex, toIndex },
  });
  const entry = (id: number, index: number, value: Data) => ({ arrayObjectId: id, entry: { index, entry: value } });
  return {
    list,
    count: (id: number) => invoke.retrieveNumberOfEntries?.(manager.values, id, context),
    get: (id: number, from: number, to: number) =>
      invoke.retrieveEntries?.(manager.values, range(id, from, to), context),
    insert: (id: number, index: number, value = number(9)) =>
      invoke.insertEntry?.(manager.values, entry(id, index, value), context),
    update: (id: number, index: number, value = number(9)) =>
      invoke.updateEntry?.(manager.values, entry(id, index, value), context),
    remove: (id: number, from: number, to: number) =>
      invoke.removeEntries?.(manager.values, range(id, from, to), context),
  };
}

describe("Array manager", () => {
  it("22.3: counts and gives entries from 1, both ends included", () => {
    const { count, get } = managing();
    expect([count(1), count(3)]).toEqual([3, 0]);
    expect(get(1, 2, 3)).toEqual([number(2), number(3)]);
    expect([get(1, 3, 9), get(1, 4, 9)]).toEqual([[number(3)], []]);
  });

  it("22.3: from 0 and backwards is refused", () => {
    const { get, remove, list } = managing();
    for (const [from, to] of [
      [0, 1],
      [2, 1],
    ] as const) {
      expect([codeOf(() => get(1, from, to)), codeOf(() => remove(1, from, to))]).toEqual([
        "other-reason",
        "other-reason",
      ]);
    }
    expect(list.values.value).toEqual([1, 2, 3]);
  });

  it("22.3: inserts first, behind an entry, and beyond the end last", () => {
    const { insert, list } = managing();
    insert(1, 0, number(10));
    insert(1, 2, number(20));
    insert(1, 99, number(30));
    expect(list.values.value).toEqual([10, 1, 20, 2, 3, 30]);
  });

  it("22.3: updates an entry that is there, removes several", () => {
    const { update, remove, list } = managing();
    update(1, 3, number(7));
    expect(list.values.value).toEqual([1, 2, 7]);
    expect([codeOf(() => update(1, 0)), codeOf(() => update(1, 4))]).toEqual(["other-reason", "other-reason"]);
    remove(1, 1, 2);
    expect(list.values.value).toEqual([7]);
    remove(1, 2, 5);
    expect(list.values.value).toEqual([7]);
  });

  it("22.3: an entry of another type, an attribute that is no array, an unknown number and object are refused", () => {
    const { insert, count, list } = managing();
    expect(codeOf(() => insert(1, 0, { type: "boolean", value: true }))).toBe("type-unmatched");
    expect(list.values.value).toEqual([1, 2, 3]);
    expect([codeOf(() => count(2)), codeOf(() => count(4))]).toEqual(["type-unmatched", "other-reason"]);
  });

  it("22.3: the rights to the attribute hold, and their protection", () => {
    const methods = { 1: "access", 2: "access", 3: "access", 4: "access", 5: "access" } as const;
    const granting = (
      mode: "read-only" | "write-only" | "authenticated-read-and-write" | "no-access",
      authenticated = false,
    ) =>
      managing(
        rightsOf([
          { instance: "0.0.18.0.0.255", methods: authenticated ? { ...methods, 3: "authenticated-access" } : methods },
          { instance: "0.0.96.1.0.255", attributes: { 2: mode } },
        ]),
      );
    expect(granting("read-only").count(1)).toBe(3);
    expect(codeOf(() => granting("read-only").insert(1, 0))).toBe("read-write-denied");
    expect(codeOf(() => granting("write-only").insert(1, 0))).toBe("read-write-denied");
    expect(codeOf(() => granting("no-access").count(1))).toBe("read-write-denied");
    const weak = granting("authenticated-read-and-write");
    expect([codeOf(() => weak.count(1)), codeOf(() => weak.remove(1, 1, 1))]).toEqual(
      Array(2).fill("scope-of-access-violated"),
    );
    const strong = granting("authenticated-read-and-write", true);
    strong.insert(1, 0);
    expect(strong.list.values.value).toEqual([9, 1, 2, 3]);
  });
});
