import { describe, expect, it } from "vitest";
import { expectFault, key, meter, type OpenStore, withStore } from "./harness.ts";

const { meterId } = meter(1);
const instanceId = "0.0.99.98.0.255";
const event = (at: number, code: number) => ({ meterId, instanceId, at, code, encoded: key(code, code) });
const capture = (at: number) => ({ meterId, instanceId: "1.0.99.1.0.255", at, encoded: key(at, 8) });

export function recordsSuite(open: OpenStore): void {
  describe("events and captures", () => {
    it("gives rows in the order of time, then of appending", () =>
      withStore(open, async ({ meters, events }) => {
        await meters.putIfAbsent([meter(1)]);
        await events.append([event(3000, 3), event(1000, 1)]);
        await events.append([event(2000, 2), event(1000, 4), event(2000, 0)]);
        await events.append([]);
        const codes = async (query: { from?: number; to?: number; limit?: number }) =>
          (await events.list({ meterId, instanceId, ...query })).map(({ code }) => code);
        expect(await codes({})).toEqual([1, 4, 2, 0, 3]);
        expect(await codes({ from: 1000, to: 2000 })).toEqual([1, 4, 2, 0]);
        expect(await codes({ from: 1001 })).toEqual([2, 0, 3]);
        expect(await codes({ limit: 2 })).toEqual([0, 3]);
        expect((await events.list({ meterId, instanceId }))[0]).toEqual(event(1000, 1));
        expect(await events.count(meterId, instanceId)).toBe(5);
        expect(await events.clear(meterId, instanceId)).toBe(5);
        expect(await events.clear(meterId, instanceId)).toBe(0);
        expect(await codes({})).toEqual([]);
      }));

    it("keeps the latest of what a buffer has room for", () =>
      withStore(open, async ({ meters, captures }) => {
        await meters.putIfAbsent([meter(1)]);
        for (const at of [1, 2, 3]) await captures.append([capture(at), { ...capture(at), instanceId }], 4);
        await captures.append([4, 5, 6].map(capture), 4);
        expect(await captures.list({ meterId, instanceId: "1.0.99.1.0.255" })).toEqual([3, 4, 5, 6].map(capture));
        expect(await captures.count(meterId, instanceId)).toBe(3);
      }));

    it("appends all or none", () =>
      withStore(open, async ({ meters, events, captures }) => {
        await meters.putIfAbsent([meter(1)]);
        await expectFault(events.append([event(1, 1), { ...event(1, 1), meterId: "nobody" }]), "unknown-reference");
        await expectFault(captures.append([capture(1), { ...capture(1), at: 0.5 }]), "bad-value", [
          "capture_records",
          "at",
        ]);
        expect(await events.count(meterId, instanceId)).toBe(0);
        expect(await captures.count(meterId, "1.0.99.1.0.255")).toBe(0);
      }));
  });
}
