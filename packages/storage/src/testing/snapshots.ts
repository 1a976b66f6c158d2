import { describe, expect, it } from "vitest";
import type { Store } from "../store.ts";
import { expectFault, key, meter, type OpenStore, testSealing, withStore } from "./harness.ts";
import {
  association,
  captured,
  certificate,
  event,
  initial,
  message,
  meterId,
  pair,
  profile,
  scope,
  setup,
  taken,
  value,
} from "./keeping-fixtures.ts";

const template = "test";
const fleet = {
  ...{ template, secret: key(1, 32), seed: "demo", manufacturer: "TST", commissionedAt: 0, derivation: 1 },
};
const log = event(1, 1).instanceId;
const counter = { meterId, keyId: "k" };
const of = { template, takenAt: 7, state: '{"now":1}' };

/** Everything of meter 1 that a snapshot contains. */
async function contents(store: Store) {
  const { lease, meter: _, peers: __, usedKeys: ___, ...written } = await taken(store, meter(1), scope);
  await store.keeping.release([lease]);
  return {
    written: { ...written, certificates: written.certificates.map(({ id: _id, createdAt: _at, ...rest }) => rest) },
    rows: await store.keeping.entries(profile, 1, 100),
    events: await store.events.list({ meterId, instanceId: log }),
    former: await store.securitySettings.formerKeys(meterId, setup),
    pending: await store.keyRotations.pending(meterId, setup),
    progress: await store.fleets.ranUpTo(template, "all"),
    waiting: (await store.messageQueue.counts()).PENDING,
  };
}

async function write(store: Store, step: number, counter = step): Promise<void> {
  const { lease } = await taken(store);
  await store.keeping.commit({
    lease,
    values: [value(step), value(9, key(step))],
    rows: [captured([step])],
    events: [event(step, step)],
    messages: [{ ...message(step), meterId, clientId: 48 }],
    peers: [{ keyId: "k", peer: "a", counter }],
    clockOffset: step * 1000,
    ranUpTo: step * 1000,
    security: [
      { change: "keys", instanceId: setup, keys: { encryptionKey: key(40 + step) }, at: step * 1000, initial },
      { change: "secret", clientId: 32, instanceId: association, secret: key(50 + step) },
      ...(step > 1
        ? ([
            { change: "key-pair", pair },
            { change: "add-certificate", certificate },
          ] as const)
        : []),
    ],
  });
  await store.keeping.release([lease]);
  await store.fleets.setRanUpTo(template, "all", step * 1000);
}

export function snapshotsSuite(open: OpenStore): void {
  describe("snapshots", () => {
    it("put every part of a meter back, as often as wanted", () =>
      withStore(open, async (store) => {
        await store.fleets.putIfAbsent(fleet);
        await write(store, 1);
        await store.keyRotations.propose(meterId, setup, { authenticationKey: key(60) }, 1);
        const before = await contents(store);
        expect(before).toMatchObject({ waiting: 1, progress: 1000, written: { clockOffset: 1000, ranUpTo: 1000 } });
        const { id } = await store.snapshots.take(of);
        for (const counter of [2, 3]) {
          await write(store, 2, counter);
          await store.keyRotations.confirm(meterId, setup, 5);
          expect(await contents(store)).not.toEqual(before);
          expect(await store.snapshots.restore(id)).toEqual({ ...of, id });
          expect(await contents(store)).toEqual(before);
        }
      }));

    it("leave a meter that was written later with nothing of its own, and other templates alone", () =>
      withStore(open, async (store) => {
        const { id } = await store.snapshots.take(of);
        await store.fleets.putIfAbsent(fleet);
        await write(store, 2);
        const other = { ...meter(2), template: "other" };
        const { lease } = await taken(store, other);
        await store.keeping.commit({ lease, values: [value(2)] });
        await store.snapshots.restore(id);
        expect(lease.lost).toBe(false);
        expect((await taken(store, other)).values).toHaveLength(1);
        expect(await taken(store, meter(1), scope)).toMatchObject({
          ...{ values: [], settings: [], secrets: [], keyPairs: [], certificates: [] },
          ...{ clockOffset: 0, ranUpTo: undefined },
        });
        expect(await store.meters.get(meterId)).toMatchObject(meter(1));
        expect(await store.events.list({ meterId, instanceId: log })).toEqual([]);
        expect(await store.fleets.ranUpTo(template, "all")).toBeUndefined();
        expect((await store.messageQueue.counts()).PENDING).toBe(0);
      }));

    it("never take a counter back", () =>
      withStore(open, async (store) => {
        await store.fleets.putIfAbsent(fleet);
        await write(store, 1);
        const { id } = await store.snapshots.take(of);
        const { upTo } = await store.counters.reserve(counter, 0, 100);
        await write(store, 2);
        await store.snapshots.restore(id);
        expect(await store.counters.reserve(counter, 0, 1)).toEqual({ from: upTo + 1, upTo: upTo + 1 });
        expect((await taken(store, meter(1), scope)).peers).toEqual([{ keyId: "k", peer: "a", counter: 2 }]);
      }));

    it("take the meters from those who have them: their later commits are refused", () =>
      withStore(open, async (store, { another }) => {
        await store.fleets.putIfAbsent(fleet);
        await write(store, 1);
        const { id } = await store.snapshots.take(of);
        const other = (await another?.()) ?? store;
        const { lease } = await taken(other);
        await store.snapshots.restore(id);
        if (other === store) expect(lease.lost).toBe(true);
        await expectFault(other.keeping.commit({ lease, values: [value(5)] }), "lease-lost");
        const again = await taken(store);
        expect(again.lease.epoch).toBeGreaterThan(lease.epoch);
        await store.keeping.commit({ lease: again.lease, values: [value(5)] });
        if (other !== store) await other.close();
      }));

    it("are of one instant, whatever is written at the same time", () =>
      withStore(open, async (store) => {
        await store.fleets.putIfAbsent(fleet);
        await write(store, 1);
        const { lease } = await taken(store);
        const both = (step: number) => [value(2, key(step)), value(3, key(step))];
        const writing = Array.from({ length: 20 }, (_, step) =>
          store.keeping.commit({ lease, values: both(step), events: [event(10 + step, step)] }),
        );
        const { id } = await store.snapshots.take(of);
        const restoring = store.snapshots.restore(id);
        await Promise.allSettled([...writing, restoring]);
        const { values } = await taken(store);
        const [two, three] = [2, 3].map((id) => values.find(({ attributeId }) => attributeId === id)?.encoded);
        const events = await store.events.list({ meterId, instanceId: log, from: 10 });
        expect(two).toEqual(three);
        const written = events.map(({ code }) => key(code));
        if (written.length === 0) expect(two).toBeUndefined();
        else expect(written).toContainEqual(two);
      }));

    it("send what waited then again, and let go of what is being sent", () =>
      withStore(open, async (store) => {
        await store.fleets.putIfAbsent(fleet);
        await write(store, 1);
        const { id } = await store.snapshots.take(of);
        const [sent] = await store.messageQueue.claim({ now: 10 });
        if (sent === undefined) throw new Error("nothing was claimed");
        await store.messageQueue.complete(sent, 11);
        await store.snapshots.restore(id);
        const [claimed] = await store.messageQueue.claim({ now: 10 });
        expect(claimed).toMatchObject({ payload: sent.payload, meterId, clientId: 48 });
        if (claimed === undefined) return;
        await store.snapshots.restore(id);
        expect(await store.messageQueue.complete(claimed, 12)).toBe(false);
        expect(await store.messageQueue.counts()).toMatchObject({ PENDING: 1, PROCESSING: 0 });
        await write(store, 2);
        expect((await store.messageQueue.claim({ now: 10, limit: 5 })).map(({ payload }) => payload)).toEqual([
          key(1),
          key(2),
        ]);
      }));

    it("are listed and removed", () =>
      withStore(open, async ({ snapshots }) => {
        const one = await snapshots.take(of);
        const two = await snapshots.take({ ...of, state: `'"\\ \u{1F600}` });
        await snapshots.take({ ...of, template: "other" });
        expect(await snapshots.list(template)).toEqual([one, two]);
        expect(two.state).toBe(`'"\\ \u{1F600}`);
        expect(await snapshots.remove(one.id)).toBe(true);
        expect(await snapshots.remove(one.id)).toBe(false);
        await expectFault(snapshots.restore(one.id), "no-snapshot");
        await expectFault(snapshots.take({ ...of, template: "" }), "bad-value");
        expect(await snapshots.list(template)).toEqual([two]);
      }));

    it("are removed when keys are sealed for the first time, and stay afterwards", async () => {
      const { store, reopen } = await open();
      await store.snapshots.take(of);
      await store.close();
      if (reopen === undefined) return;
      const sealed = await reopen({ sealing: testSealing(1) });
      expect(await sealed.snapshots.list(template)).toEqual([]);
      await sealed.snapshots.take(of);
      await sealed.close();
      const again = await reopen({ sealing: testSealing(1) });
      expect(await again.snapshots.list(template)).toHaveLength(1);
      await again.close();
    });
  });
}
