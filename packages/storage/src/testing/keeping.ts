import { describe, expect, it } from "vitest";
import type { HeldMeter, Lease } from "../keeping.ts";
import { expectFault, meter, type OpenStore, withStore } from "./harness.ts";
import { meterId, none, pair, scope, taken, value } from "./keeping-fixtures.ts";

export function keepingSuite(open: OpenStore): void {
  describe("keeping: leases", () => {
    it("takes a meter, whose row it adds where there is none", () =>
      withStore(open, async (store) => {
        const { keeping, meters } = store;
        await expectFault(keeping.take(meterId, none), "unknown-reference");
        expect(await meters.count()).toBe(0);
        const first = await taken(store);
        expect(first).toMatchObject({ taken: true, clockOffset: 0, ranUpTo: undefined, values: [], settings: [] });
        expect(first.meter).toEqual((await meters.putIfAbsent([meter(1)]))[0]);
        expect(first.lease).toMatchObject({ meterId, epoch: 1, lost: false });
        const again = await taken(store, { ...meter(1), seed: "another" });
        expect(again.lease.epoch).toBe(1);
        expect(again.meter.seed).toBe("seed");
        await expectFault(keeping.take(meterId, none, meter(2)), "bad-value");
        await expectFault(keeping.take("x", none, { ...meter(2), meterId: "x", serial: "" }), "bad-value");
        await expectFault(
          keeping.take("meter-2", none, { ...meter(2), systemTitle: meter(1).systemTitle }),
          "duplicate",
        );
      }));

    it("adds neither keys nor secrets", () =>
      withStore(open, async (store) => {
        const got = await taken(store, meter(1), scope);
        expect([got.settings, got.secrets, got.keyPairs, got.certificates, got.peers]).toEqual([[], [], [], [], []]);
        expect(await store.securitySettings.of(meterId)).toEqual([]);
        expect(await store.securitySettings.secretsOf(meterId)).toEqual([]);
      }));

    it("gives back a meter that was let go, under the next epoch only to another", () =>
      withStore(open, async (store, { another }) => {
        const { lease } = await taken(store);
        await store.keeping.release([lease]);
        await store.keeping.release([lease]);
        expect(lease.lost).toBe(true);
        await expectFault(store.keeping.commit({ lease, ranUpTo: 1 }), "lease-lost");
        const other = (await another?.()) ?? store;
        const next = await taken(other);
        expect(next.lease.epoch).toBe(2);
        await other.keeping.release([lease]);
        expect(next.lease.lost).toBe(false);
        await other.keeping.commit({ lease: next.lease, ranUpTo: 1 });
        if (other !== store) await other.close();
      }));

    it("is lost with its meter, and its epoch is not used again", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        await store.keeping.commit({ lease, clockOffset: 5, ranUpTo: 6, security: [{ change: "key-pair", pair }] });
        await store.meters.remove(meterId);
        await expectFault(store.keeping.commit({ lease, ranUpTo: 7 }), "lease-lost");
        expect(lease.lost).toBe(true);
        const next = await taken(store, meter(1), scope);
        expect(next).toMatchObject({ clockOffset: 0, ranUpTo: undefined, keyPairs: [] });
        expect(next.lease.epoch).toBe(2);
      }));

    it("gives a meter to one process of several that want it at once", () =>
      withStore(open, async (store, { another }) => {
        if (another === undefined) return;
        const others = [await another({ address: "b:1" }), await another({ address: "b:1" })];
        const stores = [store, ...others];
        for (let number = 1; number <= 10; number++) {
          const identity = meter(number);
          // Tests both cases: the meter is stored already, or not.
          if (number % 2 === 0) await store.meters.putIfAbsent([identity]);
          const got = await Promise.all(
            stores.flatMap((each) => [1, 2].map(() => each.keeping.take(identity.meterId, none, identity))),
          );
          const owners = new Set(stores.filter((_, at) => got[2 * at]?.taken || got[2 * at + 1]?.taken));
          expect(owners.size).toBe(1);
          const epochs = got.flatMap((each) => (each.taken ? [each.lease.epoch] : []));
          expect(epochs).toEqual([1, 1]);
          for (const each of got) {
            if (!each.taken) expect(each.address).toBe(owners.has(store) ? undefined : "b:1");
          }
        }
        for (const other of others) await other.close();
      }));

    it("keeps a stale owner out once the meter was taken over", () =>
      withStore(open, async (store, { another }) => {
        if (another === undefined) return;
        const dying = await another({ address: "here:1" });
        const { lease } = await taken(dying);
        await dying.keeping.commit({ lease, values: [value(2)], clockOffset: -7, ranUpTo: 1234 });
        const held = (await store.keeping.take(meterId, none)) as HeldMeter;
        expect(held).toEqual({ taken: false, address: "here:1" });
        await dying.close();
        expect(lease.lost).toBe(true);
        const next = await taken(store);
        expect(next).toMatchObject({ clockOffset: -7, ranUpTo: 1234, values: [{ meterId, ...value(2) }] });
        const offsets = await store.keeping.clockOffsets([meterId, "nobody"]);
        expect([offsets.get(meterId), offsets.get("nobody") ?? 0]).toEqual([-7, 0]);
        expect(next.lease.epoch).toBe(2);
        const stale: Lease = { meterId, epoch: 1, lost: false };
        await expectFault(store.keeping.commit({ lease: stale, values: [value(3)] }), "lease-lost");
        await expectFault(store.keeping.commit({ lease: { ...stale, epoch: 3 }, values: [value(3)] }), "lease-lost");
        expect(await store.values.of(meterId)).toHaveLength(1);
        expect(next.lease.lost).toBe(false);
      }));

    it("is as long as it may be", async () => {
      await expectFault(open({ leaseMs: 1 }), "bad-value");
    });
  });
}
