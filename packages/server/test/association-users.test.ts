import type { Data } from "@dlmskit/apdu";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { type AssociationSpec, Meter, meterTemplate, none } from "../src/index.ts";
import { Bench, restarted } from "./a-client.ts";

const own = "0.0.40.0.1.255";
const current = "0.0.40.0.0.255";
const user = (userId: number, userName = ""): Data => ({
  type: "structure",
  value: [
    { type: "unsigned", value: userId },
    { type: "visible-string", value: userName },
  ],
});

async function served(spec: Partial<AssociationSpec> = {}, state = new MemoryState()) {
  const template = meterTemplate({
    objects: [],
    associations: { open: { client: 16, security: none(), access: "full", version: 2, ...spec } },
  });
  const bench = new Bench(new Meter(template, { name: "USR1" }), { store: await restarted(state) });
  return { bench, open: (userId?: number) => bench.client(userId === undefined ? {} : { userId }).open() };
}
const users = [{ userId: 5, userName: "five" }];

describe("the users of an association", () => {
  it("18.6: without a list anybody opens it; with one, the users in it, others are refused with diagnostic 6", async () => {
    const anybody = await served();
    expect([(await anybody.open()).opened, (await anybody.open(9)).opened]).toEqual([true, true]);
    const { open } = await served({ users });
    expect([(await open(5)).opened, (await open(9)).opened, (await open()).opened]).toEqual([true, false, false]);
    const [failed] = (await open(9)).outputs.filter(({ type }) => type !== "associated");
    expect(JSON.stringify(failed)).toContain("calling-ae-invocation-identifier-not-recognized");
  });

  it("18.6: current_user is the one of this association, of none an empty one", async () => {
    for (const version of [2, 3] as const) {
      const { open } = await served({ users, version });
      const client = await open(5);
      for (const instance of [own, current]) {
        expect(await client.get([15, instance, 11], [15, instance, 10])).toMatchObject([
          { data: user(5, "five") },
          { data: { value: [user(5, "five")] } },
        ]);
      }
    }
    const anonymous = await (await served()).open();
    expect(await anonymous.get([15, current, 11])).toMatchObject([{ data: user(0) }]);
    const unlisted = await (await served()).open(7);
    expect(await unlisted.get([15, own, 11])).toMatchObject([{ data: user(7) }]);
  });

  it("18.6: add_user adds or replaces the name, remove_user ends no association; kept over a restart", async () => {
    const state = new MemoryState();
    const first = await served({ users }, state);
    const client = await first.open(5);
    expect(await client.invoke(15, current, 5, user(6, "six"))).toBe("success");
    expect(await client.invoke(15, own, 5, user(5, "V"))).toBe("success");
    expect(await client.get([15, own, 10])).toMatchObject([{ data: { value: [user(5, "V"), user(6, "six")] } }]);
    expect((await first.open(6)).opened).toBe(true);
    expect(await client.invoke(15, own, 6, user(9))).toBe("other-reason");
    expect(await client.invoke(15, own, 6, user(5))).toBe("success");
    expect(await client.get([15, own, 10])).toMatchObject([{ data: { value: [user(6, "six")] } }]);
    const second = await served({ users }, state);
    expect([(await second.open(5)).opened, (await second.open(6)).opened]).toEqual([false, true]);
  });

  it("18: versions 0 and 1 have no users", async () => {
    for (const version of [0, 1] as const) {
      const { open } = await served({ version });
      const client = await open();
      expect(await client.get([15, own, 10])).toEqual([{ error: "object-undefined" }]);
      expect(await client.invoke(15, own, 5, user(1))).toBe("object-undefined");
    }
    const template = meterTemplate({
      objects: [],
      associations: {
        first: { client: 1, security: none(), version: 3 },
        old: { client: 16, security: none(), access: "full" },
      },
    });
    const mixed = await new Bench(new Meter(template, { name: "USR1" })).client().open();
    expect([await mixed.invoke(15, current, 5, user(1)), await mixed.get([15, current, 10])]).toEqual([
      "object-undefined",
      [{ error: "object-undefined" }],
    ]);
    await expect(served({ version: 1, users })).rejects.toMatchObject({ code: "bad-association" });
    await expect(served({ users: [{ userId: 256, userName: "" }] })).rejects.toMatchObject({ code: "bad-association" });
  });
});
