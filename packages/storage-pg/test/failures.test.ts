import { Fault } from "@dlmskit/core";
import type { Commit, Lease, SecuritySetting, Store } from "@dlmskit/storage";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Driver, Queryable } from "../src/index.ts";
import { openStore } from "../src/index.ts";
import { type Bench, startBench } from "./pglite-schemas.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
}, 120_000);
afterAll(() => bench?.close());

/** The driver, whose query number `fails` (from 1) fails, before it is run or after. */
function failing(driver: Driver, when: { fails: number; after: boolean }): Driver {
  const of = (to: Queryable): Queryable => ({
    async query(sql, parameters) {
      const fails = --when.fails === 0;
      const broken = (): Error => Object.assign(new Error("broken"), { code: "08006" });
      if (fails && !when.after) throw broken();
      const result = await to.query(sql, parameters);
      if (fails) throw broken();
      return result;
    },
  });
  return { ...driver, ...of(driver), transaction: (run) => driver.transaction((tx) => run(of(tx))) };
}

const meterId = "m";
const setup = "0.0.43.0.3.255";
const scope = { clients: [{ clientId: 32, instanceId: "0.0.40.0.2.255" }], setups: [setup] };
const octets = (length: number, from = 0) => Uint8Array.from({ length }, (_, at) => at + from);
const identity = {
  ...{ meterId, serial: "s", logicalDeviceName: "TST0000000000001", systemTitle: octets(8) },
  ...{ seed: "", template: "t", commissionedAt: 0 },
};
const initial: SecuritySetting = {
  ...{ meterId, instanceId: setup, securityPolicy: 0, securitySuite: 0, keyVersion: 1, encryptionKey: octets(16) },
};
const full = (lease: Lease): Commit => ({
  lease,
  values: [
    ...[
      { logicalDevice: 1, classId: 1, instanceId: "0.0.96.1.0.255", attributeId: 2, updatedAt: 0, encoded: octets(2) },
    ],
  ],
  rows: [{ logicalDevice: 1, instanceId: "1.0.99.1.0.255", keep: 3, rows: [{ at: 1, encoded: octets(3) }] }],
  events: [{ instanceId: "0.0.99.98.0.255", at: 1, code: 1, encoded: octets(0) }],
  messages: [{ messageType: "push", priority: 0, payload: octets(1), destination: "x", scheduledTime: 0 }],
  peers: [{ keyId: "k", peer: "a", counter: 7 }],
  clockOffset: 5,
  ranUpTo: 6,
});
const keys: Commit["security"] = [
  { change: "keys", instanceId: setup, keys: { encryptionKey: octets(16, 1) }, at: 9, initial },
  { change: "secret", clientId: 32, instanceId: "0.0.40.0.2.255", secret: octets(9) },
  {
    change: "key-pair",
    pair: { instanceId: setup, usage: 0, pending: true, privateKey: octets(32), publicKey: octets(64) },
  },
  { change: "promote-key-pair", instanceId: setup, usage: 0 },
];

async function everything(store: Store): Promise<unknown> {
  const got = await store.keeping.take(meterId, scope, identity);
  if (!got.taken) throw new Error("another has it");
  const { lease: _, ...rest } = got;
  return [
    rest,
    await store.keeping.count({ meterId, logicalDevice: 1, instanceId: "1.0.99.1.0.255" }),
    await store.events.count(meterId, "0.0.99.98.0.255"),
    await store.messageQueue.counts(),
  ];
}

for (const security of [false, true]) {
  it(`a commit ${security ? "with keys" : ""} is kept as a whole or not at all, wherever the database fails`, async () => {
    await bench.empty();
    const when = { fails: 0, after: false };
    await using store = await openStore(failing(bench.driver, when), "dlmskit test", {});
    const commitOf = (lease: Lease): Commit => ({ ...full(lease), ...(security ? { security: keys } : {}) });
    await store.keeping.take(meterId, scope, identity);
    const before = await everything(store);
    for (let fails = 1; ; fails++) {
      const got = await store.keeping.take(meterId, scope);
      if (!got.taken) throw new Error("another has it");
      when.fails = fails;
      const caught = await store.keeping.commit(commitOf(got.lease)).catch((fault: unknown) => fault);
      const reached = when.fails <= 0;
      when.fails = 0;
      if (!reached) {
        expect(caught).toBeUndefined();
        expect(fails).toBeGreaterThan(security ? 8 : 1);
        break;
      }
      expect(caught).toBeInstanceOf(Fault);
      expect(caught).toMatchObject({ code: "store-unavailable" });
      expect(await everything(store)).toEqual(before);
    }
    expect(await everything(store)).not.toEqual(before);
  });
}

it("a commit whose answer was lost is not made twice by the same counter", async () => {
  await bench.empty();
  const when = { fails: 0, after: true };
  await using store = await openStore(failing(bench.driver, when), "dlmskit test", {});
  const got = await store.keeping.take(meterId, scope, identity);
  if (!got.taken) throw new Error("another has it");
  when.fails = 1;
  await expect(store.keeping.commit(full(got.lease))).rejects.toMatchObject({ code: "store-unavailable" });
  await expect(store.keeping.commit(full(got.lease))).rejects.toMatchObject({ code: "counter-replayed" });
  expect(await store.messageQueue.counts()).toMatchObject({ PENDING: 1 });
});
