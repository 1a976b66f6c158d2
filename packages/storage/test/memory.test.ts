import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Lease, MemoryState, type MemoryStoreOptions, openMemoryStore, type Store } from "../src/index.ts";
import { storageSuite } from "../src/testing.ts";

storageSuite("memory", async (options) => {
  const state = new MemoryState();
  return {
    store: await openMemoryStore(options, state),
    reopen: (again) => openMemoryStore(again, state),
    another: (other) => openMemoryStore(other, state),
  };
});

const none = { clients: [], setups: [] };
const identityOf = (number: number) => ({
  ...{ meterId: `m${number}`, serial: "s", logicalDeviceName: `TST${number}`, seed: "", template: "t" },
  ...{ systemTitle: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, number), commissionedAt: 0 },
});

/** Stores of one state on a clock that only `pass` moves. */
function stores(leaseMs = 4000) {
  const state = new MemoryState();
  let now = 0;
  const renewals = new Set<{ at: number; ms: number; run: () => void }>();
  const time: MemoryStoreOptions["time"] = {
    now: () => now,
    every(ms, run) {
      const timer = { at: now + ms, ms, run };
      renewals.add(timer);
      return () => renewals.delete(timer);
    },
  };
  return {
    open: (address: string) => openMemoryStore({ time, leaseMs, address }, state),
    /** Time passes; `silent`: no timer is run, as in a process that hangs. */
    pass(ms: number, silent = false) {
      const end = now + ms;
      for (;;) {
        const next = [...renewals].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
        if (next === undefined || silent) break;
        now = next.at;
        next.at += next.ms;
        next.run();
      }
      now = end;
    },
    timers: () => renewals.size,
  };
}

async function leaseOf(store: Store, number = 1): Promise<Lease | string | undefined> {
  const got = await store.keeping.take(`m${number}`, none, identityOf(number));
  return got.taken ? got.lease : got.address;
}

describe("leases in memory", () => {
  it("last as long as they are renewed", async () => {
    const { open, pass, timers } = stores();
    const [a, b] = [await open("a"), await open("b")];
    const lease = (await leaseOf(a)) as Lease;
    pass(100_000);
    expect(await leaseOf(b)).toBe("a");
    pass(3999, true);
    expect(await leaseOf(b)).toBe("a");
    pass(1, true);
    expect(lease.lost).toBe(false);
    const next = (await leaseOf(b)) as Lease;
    expect(next).toMatchObject({ epoch: 2, lost: false });
    expect(lease.lost).toBe(true);
    await expect(a.keeping.commit({ lease, ranUpTo: 1 })).rejects.toMatchObject({ code: "lease-lost" });
    expect(await leaseOf(a)).toBe("b");
    await a.close();
    await b.close();
    expect(timers()).toBe(0);
  });

  it("are of one process at a time, whatever happens (against a model)", async () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant("take"), store: fc.nat(2), meter: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ do: fc.constant("commit"), lease: fc.nat(8) }),
      fc.record({ do: fc.constant("release"), lease: fc.nat(8) }),
      fc.record({ do: fc.constant("pass"), ms: fc.integer({ min: 1, max: 5000 }), silent: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const { open, pass } = stores();
        const opened = [await open("0"), await open("1"), await open("2")];
        const given: { lease: Lease; store: Store }[] = [];
        /** The epoch that may commit, and what was committed last, by meter. */
        const model = new Map<string, { epoch: number; offset: number; free: boolean }>();
        let offset = 0;
        for (const each of actions) {
          if (each.do === "pass") pass(each.ms, each.silent);
          else if (each.do === "take") {
            const store = opened[each.store] as Store;
            const got = await store.keeping.take(`m${each.meter}`, none, identityOf(each.meter));
            const known = model.get(`m${each.meter}`);
            if (!got.taken) {
              expect(known?.free).toBe(false);
              continue;
            }
            expect(got.clockOffset).toBe(known?.offset ?? 0);
            expect(got.lease.epoch).toBeGreaterThanOrEqual(known?.epoch ?? 1);
            model.set(`m${each.meter}`, { epoch: got.lease.epoch, offset: got.clockOffset, free: false });
            given.push({ lease: got.lease, store });
          } else {
            const one = given[each.lease % Math.max(1, given.length)];
            if (one === undefined) continue;
            const { lease, store } = one;
            const known = model.get(lease.meterId) as { epoch: number; offset: number; free: boolean };
            const holds = known.epoch === lease.epoch && !known.free;
            if (each.do === "release") {
              await store.keeping.release([lease]);
              if (holds) model.set(lease.meterId, { ...known, free: true });
              continue;
            }
            const committed = await store.keeping.commit({ lease, clockOffset: ++offset }).then(
              () => true,
              () => false,
            );
            expect(committed).toBe(holds);
            if (committed) model.set(lease.meterId, { ...known, offset });
            expect(lease.lost).toBe(!holds);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("captured rows", () => {
  it("are the latest of all that were appended, whatever their order (against a model)", async () => {
    const commit = fc.record({
      rows: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 6 }),
      clear: fc.boolean(),
      keep: fc.integer({ min: 0, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(commit, { maxLength: 12 }), async (commits) => {
        await using store = await openMemoryStore();
        const lease = (await leaseOf(store)) as Lease;
        const profile = { logicalDevice: 3, instanceId: "1.0.99.1.0.255" };
        const of = { ...profile, meterId: lease.meterId };
        let model: { at: number; number: number }[] = [];
        let number = 0;
        for (const { rows, clear, keep } of commits) {
          const numbered = rows.map((at) => ({ at, number: number++ }));
          await store.keeping.commit({
            lease,
            rows: [
              {
                ...{ ...profile, keep },
                ...(clear ? { clear } : {}),
                rows: numbered.map((row) => ({ at: row.at, encoded: Uint8Array.of(row.number) })),
              },
            ],
          });
          model = [...(clear ? [] : model), ...numbered].sort(
            (one, other) => one.at - other.at || one.number - other.number,
          );
          model = model.slice(Math.max(0, model.length - keep));
          expect(await store.keeping.count(of)).toBe(model.length);
        }
        const shown = (all: readonly Uint8Array[]) => all.map(([octet]) => octet);
        expect(shown(await store.keeping.range(of, undefined, undefined))).toEqual(model.map((row) => row.number));
        expect(shown(await store.keeping.range(of, 5, 12))).toEqual(
          model.filter(({ at }) => at >= 5 && at <= 12).map((row) => row.number),
        );
        expect(shown(await store.keeping.entries(of, 2, 4))).toEqual(model.slice(1, 4).map((row) => row.number));
      }),
    );
  });
});
