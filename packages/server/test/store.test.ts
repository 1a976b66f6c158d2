import { type Data, type DataLike, T, treeOf } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import { clock, dataObject, profileGeneric } from "@dlmskit/cosem-objects";
import { noble } from "@dlmskit/security";
import { type Commit, MemoryState, openMemoryStore, type Store } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { hls5, lls, Meter, type MeterStore, meterTemplate, none } from "../src/index.ts";
import { ak, Bench, type Client, type ClientOptions, ek, protectedClient, restarted } from "./a-client.ts";
import { kek } from "./a-meter.ts";

const limit = dataObject("0.0.96.1.11.255", { type: T.unsigned, value: 5 });
const template = meterTemplate({
  objects: [limit],
  associations: {
    utility: {
      client: 48,
      security: hls5({ encryptionKey: ek, authenticationKey: ak, masterKey: kek, policy: 1 }),
      access: "full",
    },
    reader: { client: 32, security: lls("old-secret"), access: "full" },
  },
});
const aMeter = () => new Meter(template, { name: "TST0000000000001" });
const utility = (start = 1, keys?: Uint8Array): ClientOptions => ({
  client: 48,
  mechanism: 5,
  security: protectedClient(keys === undefined ? {} : { keys: { encryptionKey: keys, authenticationKey: ak } }, start),
});
const limitOf = async (client: Client): Promise<number> => {
  const [result] = await client.get([1, "0.0.96.1.11.255", 2]);
  return (treeOf((result as { data: DataLike }).data) as { value: number }).value;
};
const countersOf = (client: Client): number[] =>
  client.received
    .filter(([tag]) => tag !== undefined && tag >= 0xc8 && tag <= 0xcf)
    .map((pdu) => new DataView(pdu.buffer, pdu.byteOffset).getUint32(3));
const seven: Data = { type: "unsigned", value: 7 };

/** A store that fails, or waits, where it is told to. */
function between(store: Store, change: Partial<{ [K in keyof MeterStore]: Partial<MeterStore[K]> }>): MeterStore {
  const part = <K extends keyof MeterStore>(name: K): MeterStore[K] => ({ ...store[name], ...change[name] });
  return { keeping: part("keeping"), counters: part("counters"), connections: part("connections") };
}

describe("with a store", () => {
  it("keeps what was written over a restart, and repeats no counter (S3, S25)", async () => {
    const state = new MemoryState();
    const used: number[] = [];
    let limitNow = 5;
    for (let run = 0; run < 4; run++) {
      const store = await restarted(state);
      const bench = new Bench(aMeter(), { store });
      const client = await bench.client(utility(1 + run * 100)).open();
      expect(client.opened, `run ${run}`).toBe(true);
      expect(await limitOf(client)).toBe(limitNow);
      limitNow = 50 + run;
      expect(await client.set(1, "0.0.96.1.11.255", 2, { type: "unsigned", value: limitNow })).toBe("success");
      used.push(...countersOf(client));
      // A crash: nothing is closed in order.
    }
    expect(new Set(used).size).toBe(used.length);
    expect(limit.values.value).toBe(5);
  });

  it("never executes a write twice, not even after a crash in between (2.1)", async () => {
    const state = new MemoryState();
    const first = new Bench(aMeter(), { store: await restarted(state) });
    const client = await first.client(utility()).open();
    const sent: Uint8Array[] = [];
    const send = client.pump.send.bind(client.pump);
    client.pump.send = (pdu) => {
      sent.push(pdu);
      send(pdu);
    };
    expect(await client.set(1, "0.0.96.1.11.255", 2, seven)).toBe("success");
    const store = await restarted(state);
    const kept =
      (await store.counters.loadPeer({
        meterId: "TST0000000000001",
        keyId: aMeter().live.counters.of(ek).keyId,
        peer: "client 48",
      })) ?? 0;
    expect(kept).toBeGreaterThan(1);
    // The same client, with counters that were used before the crash, is refused.
    const again = await new Bench(aMeter(), { store }).client(utility(1)).open();
    expect(again.opened).toBe(false);
    const higher = await new Bench(aMeter(), { store: await restarted(state) }).client(utility(kept + 1)).open();
    expect(higher.opened).toBe(true);
    expect(sent.length).toBe(1);
  });

  it("keeps a write and the counter of its client together, or neither", async () => {
    const state = new MemoryState();
    const store = await restarted(state);
    const commits: Commit[] = [];
    const failing = { now: false };
    const port = between(store, {
      keeping: {
        commit: (commit) => {
          commits.push(commit);
          return failing.now ? Promise.reject(new Error("disk")) : store.keeping.commit(commit);
        },
      },
    });
    const meter = aMeter();
    const bench = new Bench(meter, { store: port });
    const client = await bench.client(utility()).open();
    expect(await client.set(1, "0.0.96.1.11.255", 2, seven)).toBe("success");
    expect(commits.map(({ values, peers }) => [values?.length, peers?.length])).toEqual([[1, 1]]);
    failing.now = true;
    expect(await client.set(1, "0.0.96.1.11.255", 2, { type: "unsigned", value: 9 })).toBe("temporary-failure");
    expect(meter.values(limit).value).toBe(7);
    expect(await limitOf(client)).toBe(7);
    expect(bench.server.counts["store-failed"]).toBe(1);
    failing.now = false;
    expect(await client.set(1, "0.0.96.1.11.255", 2, { type: "unsigned", value: 8 })).toBe("success");
    const after = await new Bench(aMeter(), { store: await restarted(state) }).client(utility(1000)).open();
    expect(await limitOf(after)).toBe(8);
  });

  it("keeps in order what two clients write, however long the store takes", async () => {
    const state = new MemoryState();
    const store = await restarted(state);
    let commits = 0;
    const port = between(store, {
      keeping: {
        commit: async (commit) => {
          const turns = commits++ === 0 ? 12 : 1;
          for (let at = 0; at < turns; at++) await new Promise((resolve) => setImmediate(resolve));
          return store.keeping.commit(commit);
        },
      },
    });
    const meter = aMeter();
    const bench = new Bench(meter, { store: port });
    const one = await bench.client(utility()).open();
    const other = await bench.client({ client: 32, mechanism: 1, secret: fromAscii("old-secret") }).open();
    const value = (number: number): Data => ({ type: "unsigned", value: number });
    await Promise.all([one.set(1, "0.0.96.1.11.255", 2, value(1)), other.set(1, "0.0.96.1.11.255", 2, value(2))]);
    const inMemory = meter.values(limit).value;
    const after = await new Bench(aMeter(), { store: await restarted(state) }).client(utility(1000)).open();
    expect(await limitOf(after)).toBe(inMemory);
  });

  it("closes the connection where the meter cannot be loaded", async () => {
    const store = await openMemoryStore();
    const port = between(store, { keeping: { take: () => Promise.reject(new Error("disk")) } });
    const bench = new Bench(aMeter(), { store: port });
    const client = await bench.client(utility()).open();
    expect([client.opened, client.closed]).toEqual([false, true]);
  });

  it("reserves counters ahead, and waits for them where it must", { timeout: 60_000 }, async () => {
    const store = await openMemoryStore();
    let reservations = 0;
    const port = between(store, {
      counters: {
        reserve: async (key, atLeast) => {
          reservations++;
          for (let at = 0; at < 5; at++) await new Promise((resolve) => setImmediate(resolve));
          return store.counters.reserve(key, atLeast, 20);
        },
      },
    });
    const bench = new Bench(aMeter(), { store: port });
    const client = bench.client(utility());
    client.initiator.open(0);
    client.drain();
    for (let at = 0; at < 20 && !client.opened; at++) await bench.settle(10);
    expect(client.opened).toBe(true);
    for (let at = 0; at < 40; at++) expect(await limitOf(client)).toBe(5);
    const counters = countersOf(client);
    expect(new Set(counters).size).toBe(counters.length);
    expect(reservations).toBeGreaterThan(2);
  });

  it("does not answer before the counter of the answer is reserved", async () => {
    const store = await openMemoryStore();
    const gates: (() => void)[] = [];
    const port = between(store, {
      counters: {
        reserve: async (key, atLeast) => {
          if ((await store.counters.reserved(key)) !== undefined)
            await new Promise<void>((resolve) => gates.push(resolve));
          return store.counters.reserve(key, atLeast, 20);
        },
      },
    });
    const bench = new Bench(aMeter(), { store: port });
    const client = await bench.client(utility()).open();
    expect(client.opened).toBe(true);
    let answered = 0;
    // Twenty were reserved, sixteen of them are held back: no more than those before the reservation is answered.
    const asking = (async () => {
      for (; answered < 30; answered++) await limitOf(client);
    })();
    for (let at = 0; at < 200; at++) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBeLessThan(20);
    const held = setInterval(() => gates.shift()?.(), 1);
    await asking;
    clearInterval(held);
    expect(new Set(countersOf(client)).size).toBe(countersOf(client).length);
    expect(client.closed).toBe(false);
  });

  it("keeps new keys, policy and secret", async () => {
    const state = new MemoryState();
    const newKey = Uint8Array.from({ length: 16 }, (_, at) => 0x90 + at);
    const bench = new Bench(aMeter(), { store: await restarted(state) });
    const client = await bench.client(utility()).open();
    const keys: Data = {
      type: "array",
      value: [
        {
          type: "structure",
          value: [
            { type: "enum", value: 0 },
            { type: "octet-string", value: noble.wrapKey(kek, newKey) },
          ],
        },
      ],
    };
    expect(await client.invoke(64, "0.0.43.0.1.255", 2, keys)).toBe("success");
    client.changeKey(newKey);
    expect(await client.invoke(64, "0.0.43.0.1.255", 1, { type: "enum", value: 3 })).toBe("success");
    const reader = await bench.client({ client: 32, mechanism: 1, secret: fromAscii("old-secret") }).open();
    expect(await reader.set(15, "0.0.40.0.2.255", 7, { type: "octet-string", value: fromAscii("new-secret") })).toBe(
      "success",
    );

    const after = new Bench(aMeter(), { store: await restarted(state) });
    expect((await after.client(utility(5000)).open()).opened).toBe(false);
    const renewed = await after.client(utility(100, newKey)).open();
    expect(renewed.opened).toBe(true);
    const [policy] = await renewed.get([64, "0.0.43.0.1.255", 2]);
    expect(treeOf((policy as { data: DataLike }).data)).toEqual({ type: "enum", value: 3 });
    expect((await after.client({ client: 32, mechanism: 1, secret: fromAscii("old-secret") }).open()).opened).toBe(
      false,
    );
    expect((await after.client({ client: 32, mechanism: 1, secret: fromAscii("new-secret") }).open()).opened).toBe(
      true,
    );
  });

  it("keeps the counter of a client that only reads, now and then", async () => {
    const store = await openMemoryStore();
    const bench = new Bench(aMeter(), { store });
    const client = await bench.client(utility(1)).open();
    for (let at = 0; at < 70; at++) await limitOf(client);
    const kept = await store.counters.loadPeer({
      meterId: "TST0000000000001",
      keyId: aMeter().live.counters.of(ek).keyId,
      peer: "client 48",
    });
    expect(kept).toBeGreaterThan(60);
  });

  it("keeps the counter of a client whose association is ended here, as before a restore", async () => {
    const store = await openMemoryStore();
    const bench = new Bench(aMeter(), { store });
    const client = await bench.client(utility(1)).open();
    for (let at = 0; at < 5; at++) await limitOf(client);
    const { live } = aMeter();
    const keyId = live.counters.of(ek).keyId;
    const kept = () => store.counters.loadPeer({ meterId: "TST0000000000001", keyId, peer: "client 48" });
    expect((await kept()) ?? 0).toBeLessThan(6);
    expect(bench.server.end(() => true)).toBe(1);
    await bench.settle();
    expect(client.closed).toBe(false);
    expect(await kept()).toBeGreaterThan(6);
  });

  it("goes on where connections cannot be written down", async () => {
    const store = await openMemoryStore();
    const port = between(store, { connections: { open: () => Promise.reject(new Error("disk")) } });
    const bench = new Bench(aMeter(), { store: port });
    const client = await bench.client(utility()).open();
    expect(await limitOf(client)).toBe(5);
    expect(bench.server.counts["store-failed"]).toBe(1);
    await client.release();
  });

  it("keeps the rows of a profile that is captured into, and their end", async () => {
    const state = new MemoryState();
    const time = clock();
    const load = profileGeneric("1.0.99.1.0.255", { capture: [time, limit], entries: 3, period: 900 });
    const profiled = meterTemplate({
      objects: [time, limit, load],
      associations: { open: { client: 1, security: none(), access: "full" } },
    });
    const rowsOf = async (client: Client): Promise<number> => {
      const [result] = await client.get([7, "1.0.99.1.0.255", 2]);
      return (treeOf((result as { data: DataLike }).data) as { value: readonly unknown[] }).value.length;
    };
    const start = async () => {
      const bench = new Bench(new Meter(profiled, { name: "TST0000000000001" }), {
        store: await restarted(state),
      });
      await bench.settle();
      return bench;
    };
    const first = await start();
    for (let at = 0; at < 5; at++) {
      first.clock.advance(900_000);
      await first.settle();
    }
    expect(await rowsOf(await first.client({ client: 1 }).open())).toBe(3);
    const second = await start();
    const client = await second.client({ client: 1 }).open();
    expect(await rowsOf(client)).toBe(3);
    expect(await client.invoke(7, "1.0.99.1.0.255", 1)).toBe("success");
    expect(await client.invoke(7, "1.0.99.1.0.255", 2)).toBe("success");
    expect(await rowsOf(client)).toBe(1);
    expect(await rowsOf(await (await start()).client({ client: 1 }).open())).toBe(1);
  });

  it("writes down who is connected", async () => {
    const store = await openMemoryStore();
    const bench = new Bench(aMeter(), { store });
    const client = await bench.client(utility()).open();
    await bench.settle();
    expect(await store.connections.list()).toMatchObject([
      { status: "ACTIVE", clientId: 48, meterId: "TST0000000000001", ipAddress: "memory" },
    ]);
    const status = async () => (await store.connections.list())[0]?.status;
    bench.clock.advance(61_000);
    await bench.settle();
    expect(await status()).toBe("IDLE");
    await limitOf(client);
    expect(await status()).toBe("ACTIVE");
    bench.clock.advance(30_000);
    await limitOf(client);
    bench.clock.advance(31_000);
    await bench.settle();
    expect(await status()).toBe("ACTIVE");
    await client.release();
    await bench.settle();
    expect(await store.connections.list()).toEqual([]);
    expect(await store.connections.list({ status: ["DISCONNECTED"] })).toHaveLength(1);
  });
});
