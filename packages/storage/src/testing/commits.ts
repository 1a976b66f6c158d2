import { describe, expect, it } from "vitest";
import type { CapturedRows, Commit, Lease, SecurityChange } from "../keeping.ts";
import type { Store } from "../store.ts";
import { expectFault, key, meter, type OpenStore, testSealing, withStore } from "./harness.ts";
import {
  association,
  captured,
  certificate,
  encodedAt,
  event,
  initial,
  message,
  meterId,
  none,
  pair,
  profile,
  scope,
  setup,
  taken,
  value,
} from "./keeping-fixtures.ts";

export function commitsSuite(open: OpenStore): void {
  describe("keeping: commits", () => {
    it("keeps all that it holds, and gives it back", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        await store.keeping.commit({
          lease,
          values: [value(2), value(3), value(2, key(9))],
          rows: [captured([1, 2]), captured([5], { logicalDevice: 16 })],
          events: [event(1, 1), event(2, 2)],
          messages: [message(1), { ...message(2), meterId, clientId: 48 }],
          peers: [{ keyId: "k", peer: "a", counter: 5 }],
          clockOffset: 3_600_000,
          ranUpTo: Date.UTC(2030, 0, 1),
          security: [
            { change: "policy", instanceId: setup, securityPolicy: 3, securitySuite: 0, initial },
            { change: "keys", instanceId: setup, keys: { encryptionKey: key(7) }, at: 1000, initial },
            { change: "secret", clientId: 32, instanceId: association, secret: key(8) },
            { change: "secret", clientId: 48, instanceId: association, secret: key(9) },
            { change: "key-pair", pair },
            { change: "add-certificate", certificate },
          ],
        });
        await store.keeping.release([lease]);
        const got = await taken(store, meter(1), scope);
        expect(got).toMatchObject({
          clockOffset: 3_600_000,
          ranUpTo: Date.UTC(2030, 0, 1),
          values: [
            { meterId, ...value(2, key(9)) },
            { meterId, ...value(3) },
          ],
          settings: [{ ...initial, securityPolicy: 3, encryptionKey: key(7), keyVersion: 2, lastKeyChange: 1000 }],
          secrets: [{ meterId, clientId: 32, instanceId: association, secret: key(8) }],
          keyPairs: [{ meterId, ...pair }],
          certificates: [{ meterId, ...certificate }],
          peers: [{ keyId: "k", peer: "a", counter: 5 }],
        });
        expect(got.certificates[0]?.id).toBe((await store.certificates.list())[0]?.id);
        expect(await store.keeping.secrets(meterId, none)).toMatchObject({ settings: [], secrets: [], keyPairs: [] });
        const others = await store.keeping.secrets(meterId, {
          clients: [{ clientId: 48, instanceId: association }],
          setups: [],
        });
        expect(others.secrets.map(({ secret }) => secret)).toEqual([key(9)]);
        expect(await store.securitySettings.formerKeys(meterId, setup)).toEqual([
          { name: "encryptionKey", keyVersion: 1, key: key(1), until: 1000 },
        ]);
        expect(await store.events.list({ meterId, instanceId: event(1, 1).instanceId })).toEqual(
          [event(1, 1), event(2, 2)].map((each) => ({ meterId, ...each })),
        );
        const claimed = await store.messageQueue.claim({ now: 5, limit: 9 });
        expect(claimed.map(({ payload }) => payload)).toEqual([key(1), key(2)]);
        expect(claimed.map(({ meterId: of, clientId }) => [of, clientId])).toEqual([
          [undefined, undefined],
          [meterId, 48],
        ]);
        expect(await store.keeping.count({ ...profile, logicalDevice: 16 })).toBe(1);
        expect(await store.captures.count(meterId, profile.instanceId)).toBe(2);
        expect(await store.counters.loadPeer({ meterId, keyId: "k", peer: "a" })).toBe(5);
      }));

    it("takes a policy as it is given, and leaves what is there", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        const policy = { change: "policy", instanceId: setup, securitySuite: 1, initial } as const;
        const keys = { change: "keys", instanceId: setup, at: 5, initial } as const;
        const settings = async () => (await store.keeping.secrets(meterId, scope)).settings;
        await store.keeping.commit({ lease, security: [{ ...policy, securityPolicy: 1, policyBits: 0x24 }] });
        expect(await settings()).toMatchObject([{ ...initial, securityPolicy: 1, securitySuite: 1, policyBits: 0x24 }]);
        await store.keeping.commit({ lease, security: [{ ...keys, keys: { broadcastKey: key(5) } }] });
        const elsewhere = { ...initial, masterKey: key(99) };
        await store.keeping.commit({ lease, security: [{ ...policy, securityPolicy: 2, initial: elsewhere }] });
        expect(await settings()).toMatchObject([{ masterKey: key(3), broadcastKey: key(5), keyVersion: 2 }]);
        expect((await settings())[0]?.policyBits).toBeUndefined();
      }));

    it("moves a key pair into use, and certificates out of it", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        const commit = (...security: SecurityChange[]) => store.keeping.commit({ lease, security });
        const promote = { change: "promote-key-pair", instanceId: setup, usage: 0 } as const;
        await expectFault(commit(promote), "unknown-reference");
        await commit({ change: "key-pair", pair }, promote, { change: "add-certificate", certificate });
        expect((await store.keeping.secrets(meterId, scope)).keyPairs).toEqual([{ meterId, ...pair, pending: false }]);
        await expectFault(
          commit({ change: "key-pair", pair }, { change: "add-certificate", certificate }),
          "duplicate",
        );
        expect((await store.keeping.secrets(meterId, scope)).keyPairs).toHaveLength(1);
        const { serialNumber, issuer } = certificate;
        const remove = { change: "remove-certificate", instanceId: setup, serialNumber, issuer } as const;
        await commit({ ...remove, serialNumber: key(77, 8) });
        expect((await store.keeping.secrets(meterId, scope)).certificates).toHaveLength(1);
        await commit(remove, { change: "add-certificate", certificate }, remove, remove);
        expect(await store.certificates.list()).toEqual([]);
      }));

    it("moves the counter of a peer up only", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        const peer = { keyId: "k", peer: "a" };
        const commit = (...counters: number[]) =>
          store.keeping.commit({ lease, peers: counters.map((counter) => ({ ...peer, counter })), values: [value(2)] });
        await commit(0);
        await expectFault(commit(0), "counter-replayed");
        await commit(5, 6);
        await expectFault(commit(8, 7), "counter-replayed");
        const again = (counter: number) =>
          store.keeping.commit({ lease, peers: [{ ...peer, counter, again: true }], values: [value(2)] });
        await again(6);
        await expectFault(again(5), "counter-replayed");
        for (const counter of [5, 6]) await expectFault(commit(counter), "counter-replayed");
        const raced = await Promise.allSettled([7, 7, 7, 7, 7].map((counter) => commit(counter)));
        expect(raced.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
        await commit(0xffffffff);
        await expectFault(commit(0x100000000), "bad-value");
        await store.keeping.commit({ lease, peers: [{ ...peer, peer: "b", counter: 1 }] });
        expect((await store.keeping.secrets(meterId, none)).peers).toEqual([
          { ...peer, counter: 0xffffffff },
          { ...peer, peer: "b", counter: 1 },
        ]);
      }));

    it("trims rows by time, whenever they are appended", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        const keep = async (rows: readonly number[], more: Partial<CapturedRows> = {}) => {
          await store.keeping.commit({ lease, rows: [captured(rows, { keep: 4, ...more })] });
          return (await store.keeping.range(profile, undefined, undefined)).map(([low]) => low);
        };
        expect(await keep([10, 20, 30])).toEqual([10, 20, 30]);
        expect(await keep([40, 50])).toEqual([20, 30, 40, 50]);
        // Older than all rows that are kept: removed at once.
        expect(await keep([5])).toEqual([20, 30, 40, 50]);
        expect(await keep([25])).toEqual([25, 30, 40, 50]);
        expect(await keep([35, 24, 60])).toEqual([35, 40, 50, 60]);
        expect(await keep([60, 60, 60])).toEqual([60, 60, 60, 60]);
        expect(await keep([1, 7], { clear: true })).toEqual([1, 7]);
        expect(await keep([], { clear: true })).toEqual([]);
        expect(await keep([9, 8, 7, 6, 5, 4])).toEqual([6, 7, 8, 9]);
        expect(await keep([10], { keep: 2 })).toEqual([9, 10]);
        expect(await keep([11], { keep: 0 })).toEqual([]);
        await store.keeping.commit({
          lease,
          rows: [captured([1]), captured([2]), captured([3], { clear: true }), captured([4, 5], { keep: 2 })],
        });
        expect(await store.keeping.count(profile)).toBe(2);
        const logged = async (...events: [number, number, number?][]) => {
          const rows = events.map(([at, code, most]) => ({
            ...event(at, code),
            ...(most === undefined ? {} : { keep: most }),
          }));
          await store.keeping.commit({ lease, events: rows });
          return (await store.events.list({ meterId, instanceId: event(1, 1).instanceId })).map(({ code }) => code);
        };
        expect(await logged([1, 1], [3, 3], [2, 2])).toEqual([1, 2, 3]);
        expect(await logged([3, 4, 3])).toEqual([2, 3, 4]);
        expect(await logged([3, 5], [3, 6, 3])).toEqual([4, 5, 6]);
      }));

    it("reads rows by number and by time", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        await store.keeping.commit({
          lease,
          rows: [
            captured([10, 20, 30, 20]),
            captured([15], { logicalDevice: 2 }),
            captured([7], { instanceId: setup }),
          ],
        });
        const lows = (rows: readonly Uint8Array[]) => rows.map(([low]) => low);
        const { entries, range, count } = store.keeping;
        expect(await count(profile)).toBe(4);
        expect(lows(await entries(profile, 1, 2))).toEqual([10, 20]);
        expect(lows(await entries(profile, 0, 100))).toEqual([10, 20, 20, 30]);
        expect(lows(await entries(profile, 4, 4))).toEqual([30]);
        expect(lows(await entries(profile, 3, 2))).toEqual([]);
        expect(lows(await entries(profile, 5, 9))).toEqual([]);
        expect(lows(await range(profile, 20, 30))).toEqual([20, 20, 30]);
        expect(lows(await range(profile, 11, undefined))).toEqual([20, 20, 30]);
        expect(lows(await range(profile, undefined, 19))).toEqual([10]);
        expect(lows(await range({ ...profile, logicalDevice: 2 }, undefined, undefined))).toEqual([15]);
        expect(await count({ ...profile, meterId: "nobody" })).toBe(0);
        await expectFault(range(profile, 0.5, undefined), "bad-value");
      }));

    it("hands out copies", () =>
      withStore(open, async (store) => {
        const { lease } = await taken(store);
        const encoded = key(1);
        await store.keeping.commit({ lease, values: [value(2, encoded)], rows: [captured([1])] });
        encoded.fill(0);
        (await store.keeping.entries(profile, 1, 1))[0]?.fill(9);
        expect((await store.keeping.entries(profile, 1, 1))[0]).toEqual(encodedAt(1));
        expect((await taken(store)).values[0]?.encoded).toEqual(key(1));
      }));

    it("keeps any text that a column holds", () =>
      withStore(open, async (store) => {
        const hostile = `'; DROP TABLE meters; -- "\\" $1 {} [] null \u{1F600} \uFF5E \u0001\t\n`;
        const identity = { ...meter(1), meterId: hostile, seed: hostile, serial: hostile, template: hostile };
        const { lease, meter: kept } = await taken(store, identity);
        expect(kept).toMatchObject(identity);
        const keyId = hostile;
        const peer = hostile.slice(0, 50);
        await store.keeping.commit({
          lease,
          values: [value(2)],
          rows: [captured([1])],
          peers: [{ keyId, peer, counter: 1 }],
          messages: [{ ...message(1), messageType: hostile.slice(0, 50), destination: hostile }],
          security: [{ change: "policy", instanceId: setup, securityPolicy: 1, securitySuite: 0, initial }],
        });
        await expectFault(store.keeping.commit({ lease, peers: [{ keyId, peer, counter: 1 }] }), "counter-replayed");
        const got = await taken(store, identity, scope);
        expect(got.values).toMatchObject([{ meterId: hostile }]);
        expect(got.settings).toMatchObject([{ meterId: hostile }]);
        expect(got.peers).toEqual([{ keyId, peer, counter: 1 }]);
        expect((await store.messageQueue.claim({ now: 9 }))[0]?.destination).toBe(hostile);
        expect(await store.meters.count()).toBe(1);
      }));
  });

  describe("keeping: all or nothing", () => {
    /** Everything that a commit can change. */
    const everything = async (store: Store) => [
      (await taken(store, meter(1), scope)) && (await store.values.of(meterId)),
      await store.keeping.secrets(meterId, { ...scope, usedKeys: scope.clients }),
      await store.securitySettings.formerKeys(meterId, setup).catch(() => []),
      await store.keeping.range(profile, undefined, undefined),
      await store.events.list({ meterId, instanceId: event(1, 1).instanceId }),
      await store.messageQueue.counts(),
      (await taken(store)).clockOffset,
      (await taken(store)).ranUpTo,
    ];
    const full = (lease: Lease): Commit => ({
      lease,
      values: [value(2, key(50)), value(9)],
      rows: [captured([7, 8], { clear: true })],
      events: [{ ...event(9, 9), keep: 1 }],
      messages: [message(3)],
      peers: [{ keyId: "k", peer: "a", counter: 50 }],
      usedKeys: [{ clientId: 32, instanceId: association, digest: "new" }],
      clockOffset: 1,
      ranUpTo: 99,
      security: [
        { change: "policy", instanceId: setup, securityPolicy: 1, securitySuite: 0, initial },
        { change: "keys", instanceId: setup, keys: { encryptionKey: key(60) }, at: 9, initial },
        { change: "secret", clientId: 32, instanceId: association, secret: key(61) },
        { change: "key-pair", pair },
        { change: "promote-key-pair", instanceId: setup, usage: 0 },
        { change: "add-certificate", certificate: { ...certificate, serialNumber: key(62, 8) } },
      ],
    });
    const filled = async (store: Store): Promise<Lease> => {
      const { lease } = await taken(store);
      await store.keeping.commit({
        ...{ lease, values: [value(2)], rows: [captured([1, 2])], events: [event(1, 1), event(2, 2)] },
        messages: [message(1)],
        peers: [{ keyId: "k", peer: "a", counter: 5 }],
        usedKeys: [{ clientId: 32, instanceId: association, digest: "used" }],
        security: [
          { change: "keys", instanceId: setup, keys: { masterKey: key(4) }, at: 1, initial },
          { change: "add-certificate", certificate },
        ],
      });
      return lease;
    };
    const spoilt: readonly [string, string, (commit: Commit) => Commit][] = [
      ["a bad value", "bad-value", (commit) => ({ ...commit, values: [value(2), value(3, key(1, 0))] })],
      ["a bad row", "bad-value", (commit) => ({ ...commit, rows: [captured([1, 0.5])] })],
      ["a bad event", "bad-value", (commit) => ({ ...commit, events: [event(1, -1)] })],
      ["a bad message", "bad-value", (commit) => ({ ...commit, messages: [{ ...message(1), destination: "" }] })],
      ["a bad instant", "bad-value", (commit) => ({ ...commit, ranUpTo: 0.5 })],
      ["a bad offset", "bad-value", (commit) => ({ ...commit, clockOffset: Number.NaN })],
      [
        "a replayed counter",
        "counter-replayed",
        (commit) => ({ ...commit, peers: [...["b", "a"].map((peer) => ({ keyId: "k", peer, counter: 5 }))] }),
      ],
      [
        "a used key",
        "counter-replayed",
        ({ usedKeys = [], ...commit }) => ({
          ...commit,
          usedKeys: [...usedKeys, ...usedKeys.map((used) => ({ ...used, digest: "used" }))],
        }),
      ],
      [
        "a certificate that is there",
        "duplicate",
        (commit) => ({
          ...commit,
          security: [...(commit.security ?? []), { change: "add-certificate", certificate }],
        }),
      ],
      [
        "no pending key pair",
        "unknown-reference",
        (commit) => ({
          ...commit,
          security: [...(commit.security ?? []), { change: "promote-key-pair", instanceId: setup, usage: 2 }],
        }),
      ],
      [
        "a stale lease",
        "lease-lost",
        (commit) => ({ ...commit, lease: { ...commit.lease, epoch: commit.lease.epoch + 1 } }),
      ],
    ];
    it("leaves no part of a commit that was refused", () =>
      withStore(open, async (store) => {
        const lease = await filled(store);
        const before = await everything(store);
        for (const [what, code, spoil] of spoilt) {
          await expectFault(store.keeping.commit(spoil(full(lease))), code);
          expect(await everything(store), what).toEqual(before);
        }
        await store.keeping.commit(full(lease));
        expect(await everything(store)).not.toEqual(before);
      }));

    it("leaves no part of a commit whose keys could not be sealed", async () => {
      let left = Number.POSITIVE_INFINITY;
      const sealing = testSealing(1);
      const failing = {
        ...sealing,
        wrap(octets: Uint8Array) {
          if (left-- <= 0) throw new Error("no more");
          return sealing.wrap(octets);
        },
      };
      await withStore(
        open,
        async (store) => {
          const lease = await filled(store);
          const before = await everything(store);
          let failed = 0;
          for (let allowed = 0; ; allowed++) {
            left = allowed;
            const committed = await store.keeping.commit(full(lease)).then(
              () => true,
              () => false,
            );
            left = Number.POSITIVE_INFINITY;
            if (committed) break;
            failed++;
            expect(await everything(store)).toEqual(before);
          }
          expect(failed).toBeGreaterThanOrEqual(3);
        },
        { sealing: failing },
      );
    });
  });
}
