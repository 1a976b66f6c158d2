import { describe, expect, it } from "vitest";
import { expectFault, key, type OpenStore, testSealing, withStore } from "./harness.ts";

const fleet = {
  ...{ template: "is15959-d1", secret: key(1, 32), seed: "demo", manufacturer: "TST" },
  ...{ commissionedAt: Date.UTC(2024, 0, 1, 0, 0, 0, 1), derivation: 1 },
};

export function fleetsSuite(open: OpenStore): void {
  describe("fleets", () => {
    it("keeps one fleet of a template, the first", () =>
      withStore(open, async (store, { another }) => {
        const { fleets } = store;
        expect(await fleets.get(fleet.template)).toBeUndefined();
        const other = (await another?.()) ?? store;
        const both = await Promise.all(
          [fleets, other.fleets].map((each, at) => each.putIfAbsent({ ...fleet, secret: key(at + 5, 32) })),
        );
        expect(both[0]).toEqual(both[1]);
        expect(await fleets.get(fleet.template)).toEqual(both[0]);
        const strange = { ...fleet, template: `'"\\ \u{1F600}` };
        expect(await fleets.putIfAbsent(strange)).toEqual(strange);
        await expectFault(fleets.putIfAbsent({ ...fleet, secret: key(1, 31) }), "bad-value", ["fleets", "secret"]);
        if (other !== store) await other.close();
      }));

    it("hands out copies", () =>
      withStore(open, async ({ fleets }) => {
        (await fleets.putIfAbsent({ ...fleet, secret: key(1, 32) })).secret.fill(0);
        expect(await fleets.get(fleet.template)).toEqual(fleet);
      }));

    it("keeps how far each part of a fleet came", () =>
      withStore(open, async ({ fleets }) => {
        await expectFault(fleets.setRanUpTo(fleet.template, "0/2", 5), "unknown-reference");
        await fleets.putIfAbsent(fleet);
        expect(await fleets.ranUpTo(fleet.template, "0/2")).toBeUndefined();
        await fleets.setRanUpTo(fleet.template, "0/2", 5);
        await fleets.setRanUpTo(fleet.template, "1/2", 6);
        await fleets.setRanUpTo(fleet.template, "0/2", Date.UTC(2030, 0, 1));
        expect(await fleets.ranUpTo(fleet.template, "0/2")).toBe(Date.UTC(2030, 0, 1));
        expect(await fleets.ranUpTo(fleet.template, "1/2")).toBe(6);
        await fleets.putIfAbsent({ ...fleet, template: "other" });
        await fleets.setRanUpTo("other", "0/2", 7);
        expect((await fleets.progress(fleet.template)).toSorted((one, next) => one.at - next.at)).toEqual([
          { shard: "1/2", at: 6 },
          { shard: "0/2", at: Date.UTC(2030, 0, 1) },
        ]);
        expect(await fleets.progress("none")).toEqual([]);
        await expectFault(fleets.setRanUpTo(fleet.template, "", 5), "bad-value");
        await expectFault(fleets.setRanUpTo(fleet.template, "x", 0.5), "bad-value");
      }));

    it("seals the secret, also of a fleet that was there before", async () => {
      const { store, reopen } = await open();
      await store.fleets.putIfAbsent(fleet);
      await store.close();
      if (reopen === undefined) return;
      const sealed = await reopen({ sealing: testSealing(1) });
      expect(await sealed.fleets.get(fleet.template)).toEqual(fleet);
      const next = { ...fleet, template: "next" };
      expect(await sealed.fleets.putIfAbsent(next)).toEqual(next);
      await sealed.close();
      const again = await reopen({ sealing: testSealing(1) });
      expect(await again.fleets.get("next")).toEqual(next);
      await again.close();
    });
  });
}
