import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openMemoryStore } from "../src/index.ts";
import { failing, failureTimes, type StoreFailure } from "../src/testing.ts";

const key = { meterId: "meter-1", keyId: "one" };
const unavailable = { code: "store-unavailable", layer: "storage" };

const plan: fc.Arbitrary<StoreFailure[]> = fc.array(
  fc.record(
    {
      call: fc.nat(12),
      when: fc.constantFrom(...failureTimes),
      of: fc.constantFrom("counters.reserve", "counters.savePeer"),
      times: fc.constantFrom(1, 3, Number.POSITIVE_INFINITY),
    },
    { requiredKeys: ["call", "when"] },
  ),
  { maxLength: 4 },
);

describe("a store that fails", () => {
  it("fails before the work of one call, which then was not done", async () => {
    const real = await openMemoryStore();
    const { store, failed } = failing(real, [{ call: 1, when: "before" }]);
    expect(await store.counters.reserve(key, 0, 10)).toEqual({ from: 0, upTo: 9 });
    await expect(store.counters.reserve(key, 0, 10)).rejects.toMatchObject(unavailable);
    expect(await store.counters.reserve(key, 0, 10)).toEqual({ from: 10, upTo: 19 });
    expect(failed).toEqual([{ name: "counters.reserve", when: "before" }]);
  });

  it("fails after the work of one call, which then was done", async () => {
    const real = await openMemoryStore();
    const { store } = failing(real, [{ call: 0, when: "after" }]);
    await expect(store.counters.reserve(key, 0, 10)).rejects.toMatchObject(unavailable);
    expect(await real.counters.reserved(key)).toBe(9);
  });

  it("counts calls of one name, several in a row, or for ever until it is mended", async () => {
    const peer = { ...key, peer: "48" };
    const { store, calls, mend } = failing(await openMemoryStore(), [
      { of: "counters.savePeer", call: 1, when: "before", times: 2 },
      { call: 5, when: "before", times: Number.POSITIVE_INFINITY },
    ]);
    const save = (counter: number): Promise<unknown> =>
      store.counters.savePeer(peer, counter).catch(({ code }) => code);
    expect(await store.counters.loadPeer(peer)).toBe(undefined);
    expect([await save(1), await save(2), await save(3), await save(4)]).toEqual([
      ...[1, "store-unavailable", "store-unavailable", 4],
    ]);
    await expect(store.meters.count()).rejects.toMatchObject(unavailable);
    await expect(store.meters.count()).rejects.toMatchObject(unavailable);
    mend();
    expect(await store.meters.count()).toBe(0);
    expect(calls).toEqual([
      "counters.loadPeer",
      ...Array.from({ length: 4 }, () => "counters.savePeer"),
      ...Array.from({ length: 3 }, () => "meters.count"),
    ]);
  });

  it("is the store in all else: what is no call, a Fault of its own, and the end", async () => {
    const real = await openMemoryStore();
    const { store, failed } = failing(real, [{ call: 0, when: "after" }]);
    expect(store.kind).toBe("memory");
    await expect(store.counters.reserve(key, -1, 10)).rejects.toMatchObject({ code: "bad-value" });
    expect(failed).toEqual([]);
    await store.close();
    await store[Symbol.asyncDispose]();
    await expect(real.meters.count()).rejects.toMatchObject({ code: "store-closed" });
  });

  it("keeps, whatever the plan, what was acknowledged, and nothing of what failed before its work", async () => {
    await fc.assert(
      fc.asyncProperty(plan, fc.array(fc.nat(3), { maxLength: 16 }), async (failures, peers) => {
        const real = await openMemoryStore();
        const { store, calls, failed } = failing(real, failures);
        const highest = new Map<number, number>();
        for (const [counter, peer] of peers.entries()) {
          const before = failed.length;
          const acknowledged = await store.counters.savePeer({ ...key, peer: `${peer}` }, counter).then(
            () => true,
            () => false,
          );
          const failure = failed[before];
          expect(acknowledged).toBe(failure === undefined);
          if (failure?.when !== "before") highest.set(peer, counter);
        }
        expect(calls).toHaveLength(peers.length);
        for (const peer of new Set(peers)) {
          expect(await real.counters.loadPeer({ ...key, peer: `${peer}` })).toBe(highest.get(peer));
        }
      }),
    );
  });
});
