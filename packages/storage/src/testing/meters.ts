import { describe, expect, it } from "vitest";
import { expectFault, key, meter, type OpenStore, withStore } from "./harness.ts";

export function metersSuite(open: OpenStore): void {
  describe("meters", () => {
    it("keeps who a meter is, once and for all", () =>
      withStore(open, async ({ meters }) => {
        const [first] = await meters.putIfAbsent([meter(1)]);
        expect(first).toMatchObject(meter(1));
        expect(Math.abs((first?.createdAt ?? 0) - Date.now())).toBeLessThan(60000);
        const both = await meters.putIfAbsent([meter(2), { ...meter(1), seed: "another" }]);
        expect(both.map(({ meterId, seed }) => [meterId, seed])).toEqual([
          ["meter-2", "seed"],
          ["meter-1", "seed"],
        ]);
        expect(await meters.count()).toBe(2);
        expect(await meters.get("meter-1")).toEqual(first);
        expect(await meters.get("nobody")).toBeUndefined();
        const many = await meters.getMany(["meter-2", "nobody", "meter-1", "meter-1"]);
        expect(many.map(({ meterId }) => meterId).sort()).toEqual(["meter-1", "meter-2"]);
        expect(many.find(({ meterId }) => meterId === "meter-1")).toEqual(first);
        expect(await meters.getMany([])).toEqual([]);
      }));

    it("refuses a second meter of one system title or name, and adds none then", () =>
      withStore(open, async ({ meters }) => {
        await meters.putIfAbsent([meter(1)]);
        await expectFault(
          meters.putIfAbsent([meter(2), { ...meter(3), systemTitle: meter(1).systemTitle }]),
          "duplicate",
        );
        await expectFault(
          meters.putIfAbsent([{ ...meter(3), logicalDeviceName: meter(1).logicalDeviceName }]),
          "duplicate",
        );
        expect(await meters.count()).toBe(1);
      }));

    it("says which column cannot hold a value", () =>
      withStore(open, async ({ meters }) => {
        const wrong = { ...meter(1), systemTitle: key(1, 7) };
        await expectFault(meters.putIfAbsent([wrong]), "bad-value", ["meters", "system_title"]);
        for (const meterId of ["a\0b", "\ufeffa"]) {
          await expectFault(meters.putIfAbsent([{ ...meter(1), meterId }]), "bad-value", ["meters", "meter_id"]);
        }
        expect(await meters.count()).toBe(0);
      }));

    it("lists pages in the order of UTF-8", () =>
      withStore(open, async ({ meters }) => {
        const names = ["b", "B", "ä", "a10", "a9", "\u{1F600}", "\uFF5E"];
        await meters.putIfAbsent(names.map((meterId, at) => ({ ...meter(at), meterId })));
        const listed: string[] = [];
        for (let after: string | undefined; ; after = listed.at(-1)) {
          const page = await meters.list({ limit: 2, ...(after === undefined ? {} : { after }) });
          if (page.length === 0) break;
          listed.push(...page.map(({ meterId }) => meterId));
        }
        expect(listed).toEqual(["B", "a10", "a9", "b", "ä", "\uFF5E", "\u{1F600}"]);
      }));

    it("removes a meter with all it keeps, but never its counters", () =>
      withStore(open, async ({ meters, values, counters, securitySettings, events }) => {
        await meters.putIfAbsent([meter(1)]);
        const { meterId } = meter(1);
        await counters.reserve({ meterId, keyId: "k" }, 0, 10);
        await securitySettings.putIfAbsent([
          {
            meterId,
            instanceId: "0.0.43.0.3.255",
            securityPolicy: 3,
            securitySuite: 0,
            keyVersion: 1,
            masterKey: key(1),
          },
        ]);
        await securitySettings.setSecret({ meterId, clientId: 32, instanceId: "0.0.40.0.2.255", secret: key(1) });
        await events.append([{ meterId, instanceId: "0.0.99.98.0.255", at: 1000, code: 1, encoded: key(1) }]);
        await values.put([
          {
            meterId,
            logicalDevice: 1,
            classId: 1,
            instanceId: "0.0.96.1.0.255",
            attributeId: 2,
            encoded: key(1),
            updatedAt: 0,
          },
        ]);
        expect(await meters.remove(meterId)).toBe(true);
        expect(await meters.remove(meterId)).toBe(false);
        await meters.putIfAbsent([meter(1)]);
        expect(await values.of(meterId)).toEqual([]);
        expect(await securitySettings.of(meterId)).toEqual([]);
        expect(await securitySettings.secretsOf(meterId)).toEqual([]);
        expect(await events.count(meterId, "0.0.99.98.0.255")).toBe(0);
        expect(await counters.reserve({ meterId, keyId: "k" }, 0, 1)).toEqual({ from: 10, upTo: 10 });
      }));

    it("hands out copies", () =>
      withStore(open, async ({ meters }) => {
        const given = meter(1);
        const [kept] = await meters.putIfAbsent([given]);
        given.systemTitle.fill(0xff);
        kept?.systemTitle.fill(0xee);
        expect((await meters.get("meter-1"))?.systemTitle).toEqual(meter(1).systemTitle);
      }));
  });
}
