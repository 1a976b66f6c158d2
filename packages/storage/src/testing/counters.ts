import { describe, expect, it } from "vitest";
import { lastCounter } from "../tables/counters.ts";
import { expectFault, type OpenStore, withStore } from "./harness.ts";

const name = { meterId: "meter-1", keyId: "0.0.43.0.3.255 encryption 1" };

export function countersSuite(open: OpenStore): void {
  describe("counters", () => {
    it("hands out ranges one after the other, each key its own", () =>
      withStore(open, async ({ counters }) => {
        expect(await counters.reserved(name)).toBeUndefined();
        expect(await counters.reserve(name, 0, 1024)).toEqual({ from: 0, upTo: 1023 });
        expect(await counters.reserve(name, 0, 1024)).toEqual({ from: 1024, upTo: 2047 });
        expect(await counters.reserve({ ...name, keyId: "2" }, 0, 1)).toEqual({ from: 0, upTo: 0 });
        expect(await counters.reserve(name, 5000, 10)).toEqual({ from: 5000, upTo: 5009 });
        expect(await counters.reserve(name, 100, 10)).toEqual({ from: 5010, upTo: 5019 });
        expect(await counters.reserved(name)).toBe(5019);
      }));

    it("ends at the last counter", () =>
      withStore(open, async ({ counters }) => {
        expect(await counters.reserve(name, lastCounter - 5, 1024)).toEqual({
          from: lastCounter - 5,
          upTo: lastCounter,
        });
        await expectFault(counters.reserve(name, 0, 1), "counter-exhausted");
        await expectFault(counters.reserve(name, lastCounter, 1), "counter-exhausted");
        expect(await counters.reserve({ ...name, keyId: "2" }, lastCounter, 1)).toEqual({
          from: lastCounter,
          upTo: lastCounter,
        });
        await expectFault(counters.reserve({ ...name, keyId: "3" }, lastCounter + 1, 1), "bad-value");
        await expectFault(counters.reserve({ ...name, keyId: "3" }, 0, 0), "bad-value");
      }));

    it("never hands out one counter twice, however many ask at once", () =>
      withStore(open, async (store, { another }) => {
        const other = await another?.();
        const stores = other === undefined ? [store] : [store, other];
        const asked = Array.from({ length: 60 }, (_, at) =>
          (stores[at % stores.length] ?? store).counters.reserve(name, at % 7 === 0 ? at * 10 : 0, 1 + (at % 5)),
        );
        const ranges = [...(await Promise.all(asked))].sort((one, next) => one.from - next.from);
        for (const [at, range] of ranges.entries()) {
          expect(range.upTo).toBeGreaterThanOrEqual(range.from);
          const next = ranges[at + 1];
          if (next !== undefined) expect(next.from).toBeGreaterThan(range.upTo);
        }
        await other?.close();
      }));

    it("keeps the highest counter of a peer", () =>
      withStore(open, async ({ counters }) => {
        const peer = { ...name, peer: "4d4d4d0000000001" };
        expect(await counters.loadPeer(peer)).toBeUndefined();
        expect(await counters.savePeer(peer, 10)).toBe(10);
        expect(await counters.savePeer(peer, 5)).toBe(10);
        expect(await counters.savePeer(peer, lastCounter)).toBe(lastCounter);
        expect(await counters.loadPeer(peer)).toBe(lastCounter);
        const others = ["a", "b", "c"].map((each) => ({ ...name, peer: each }));
        await counters.savePeers([...others, ...others].map((key, counter) => ({ key, counter })));
        await counters.savePeers(others.map((key) => ({ key, counter: 4 })));
        await counters.savePeers([]);
        expect(await Promise.all(others.map((key) => counters.loadPeer(key)))).toEqual([4, 4, 5]);
      }));

    it("keeps all counters of peers or, after a Fault, none", () =>
      withStore(open, async ({ counters }) => {
        const peer = { ...name, peer: "a" };
        const saved = counters.savePeers([
          { key: peer, counter: 1 },
          { key: { ...peer, peer: "b" }, counter: -1 },
        ]);
        await expectFault(saved, "bad-value");
        expect(await counters.loadPeer(peer)).toBeUndefined();
      }));
  });
}
