import { describe, expect, it } from "vitest";
import type { Lease, MeterScope } from "../keeping.ts";
import type { Store } from "../store.ts";
import { usedKeysKept } from "../tables/used-keys.ts";
import { expectFault, type OpenStore, withStore } from "./harness.ts";
import { association, meterId, none, scope, setup, taken, value } from "./keeping-fixtures.ts";

const one = { clientId: 32, instanceId: association };
const other = { clientId: 32, instanceId: "0.0.40.0.10.255" };
const usedBy = (of: typeof one, ...digests: readonly string[]) => digests.map((digest) => ({ ...of, digest }));
const asking = (...usedKeys: readonly (typeof one)[]): MeterScope => ({ ...none, usedKeys });

export function usedKeysSuite(open: OpenStore): void {
  const digests = async (store: Store, of: typeof one): Promise<string[]> =>
    (await store.keeping.secrets(meterId, asking(of))).usedKeys.map(({ digest }) => digest);

  describe("keeping: used keys", () => {
    it("gives them to whoever asks, in the order of their use", () =>
      withStore(open, async (store) => {
        const { lease, usedKeys } = await taken(store, undefined, asking(one));
        expect(usedKeys).toEqual([]);
        await store.keeping.commit({ lease, usedKeys: usedBy(one, "b", "a") });
        await store.keeping.commit({ lease, usedKeys: [...usedBy(other, "a"), ...usedBy(one, "Z", "c")] });
        const all = [...usedBy(other, "a"), ...usedBy(one, "b", "a", "Z", "c")];
        const both = asking(one, { ...other }, { clientId: 1, instanceId: association });
        expect((await store.keeping.secrets(meterId, both)).usedKeys).toEqual(all);
        expect((await taken(store, undefined, { ...scope, usedKeys: [one, other] })).usedKeys).toEqual(all);
        await store.keeping.release([lease]);
        expect((await taken(store, undefined, both)).usedKeys).toEqual(all);
        expect((await taken(store, undefined, scope)).usedKeys).toEqual([]);
        expect((await store.keeping.secrets("another", both)).usedKeys).toEqual([]);
        await expectFault(
          store.keeping.secrets(meterId, asking({ clientId: -1, instanceId: association })),
          "bad-value",
        );
      }));

    it("refuses one that was used before, and keeps nothing of that commit", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        const commit = (of: typeof one, ...used: string[]) =>
          store.keeping.commit({ lease, usedKeys: usedBy(of, ...used), values: [value(2)] });
        await store.keeping.commit({ lease, usedKeys: usedBy(one, "a", "b") });
        for (const used of [["a"], ["b"], ["c", "a"], ["c", "c"]]) {
          await expectFault(commit(one, ...used), "counter-replayed");
        }
        expect(await store.values.of(meterId)).toEqual([]);
        expect(await digests(store, one)).toEqual(["a", "b"]);
        await commit({ ...one, clientId: 33 }, "a");
        await commit(other, "a");
        await commit(one, "c");
        expect(await store.values.of(meterId)).toHaveLength(1);
        const raced = await Promise.allSettled(Array.from({ length: 5 }, () => commit(one, "d")));
        expect(raced.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
        await expectFault(commit({ ...one, clientId: 0x10000 }, "e"), "bad-value");
        await expectFault(commit({ ...one, instanceId: "1.2" }, "e"), "bad-value");
        for (const digest of ["", "x".repeat(121)]) await expectFault(commit(one, digest), "bad-value");
        await commit(one, `'"$1 \u{1F600}`.padEnd(120, "x"));
        expect((await digests(store, one)).slice(0, 4)).toEqual(["a", "b", "c", "d"]);
      }));

    it("takes one that may be there from a commit that failed", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        const again = (...used: string[]) => usedBy(one, ...used).map((key) => ({ ...key, again: true as const }));
        await store.keeping.commit({ lease, usedKeys: usedBy(one, "a", "b") });
        await store.keeping.commit({ lease, usedKeys: [...again("b", "c", "c"), ...usedBy(one, "d")] });
        expect(await digests(store, one)).toEqual(["a", "b", "c", "d"]);
        await expectFault(
          store.keeping.commit({ lease, usedKeys: [...again("a"), ...usedBy(one, "d")] }),
          "counter-replayed",
        );
      }));

    it("refuses those of a stale owner", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        const stale: Lease = { ...lease, meterId, epoch: lease.epoch + 1, lost: false };
        await expectFault(store.keeping.commit({ lease: stale, usedKeys: usedBy(one, "a") }), "lease-lost");
        expect(await digests(store, one)).toEqual([]);
      }));

    it("keeps the latest 16,384 of each association, and outlives the meter", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        const all = Array.from({ length: usedKeysKept + 5 }, (_, at) => `key ${at}`);
        const commit = (of: typeof one, ...used: string[]) =>
          store.keeping.commit({ lease, usedKeys: usedBy(of, ...used) });
        // One text, because a difference is found faster.
        const kept = async () => (await digests(store, one)).join();
        await commit(other, "first");
        await commit(one, "oldest");
        await commit(one, ...all.slice(0, -2));
        expect(await kept()).toBe(all.slice(3, -2).join());
        await commit(one, ...all.slice(-2, -1));
        await commit(one, ...all.slice(-1));
        expect(await kept()).toBe(all.slice(-usedKeysKept).join());
        expect(await digests(store, other)).toEqual(["first"]);
        await store.keeping.release([lease]);
        await store.meters.remove(meterId);
        expect((await taken(store, undefined, asking(other))).usedKeys).toEqual(usedBy(other, "first"));
      }));

    it("gives a new owner those of the one before", () =>
      withStore(open, async (store, { another }) => {
        if (another === undefined) return;
        const dying = await another();
        const { lease } = await taken(dying);
        await dying.keeping.commit({ lease, usedKeys: usedBy(one, "a") });
        await dying.close();
        const next = await taken(store, undefined, { clients: [], setups: [setup], usedKeys: [one] });
        expect(next.usedKeys).toEqual(usedBy(one, "a"));
      }));
  });
}
