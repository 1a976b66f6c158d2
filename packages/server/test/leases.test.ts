import { dataOf, T, treeOf } from "@dlmskit/apdu";
import { type Fault, fromAscii } from "@dlmskit/core";
import { clock, dataObject, profileGeneric } from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore, type Store } from "@dlmskit/storage";
import { failing } from "@dlmskit/storage/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patience, times } from "../../../test/campaign.ts";
import { lls, Meter, type MeterStore, meterTemplate } from "../src/index.ts";
import { ak, Bench, type Client, type ClientOptions, ek, protectedClient } from "./a-client.ts";

const id = "ABC0000000000001";
const time = clock();
const limit = dataObject("0.0.96.50.1.255", { type: T.doubleLongUnsigned, value: 0 });
const load = profileGeneric("1.0.99.1.0.255", { capture: [time, limit], period: 900, entries: 1000 });
const keys = { suite: 0, encryptionKey: ek, authenticationKey: ak } as const;
const template = meterTemplate({
  objects: [time, limit, load],
  associations: {
    admin: { client: 1, access: "full", security: lls("12345678", keys) },
    other: { client: 2, access: "full", security: lls("87654321") },
  },
});
const aMeter = (): Meter => new Meter(template, { name: id });

// Leases that end only when their process does: no test depends on a timer of the machine.
const still = { now: () => 0, every: () => () => undefined };
const process = (state: MemoryState): Promise<Store> => openMemoryStore({ time: still }, state);

const admin = (start = 1): ClientOptions => ({
  client: 1,
  mechanism: 1,
  secret: fromAscii("12345678"),
  security: protectedClient({}, start),
});
const other: ClientOptions = { client: 2, mechanism: 1, secret: fromAscii("87654321") };
const write = (client: Client, value: number): Promise<string> =>
  client.set(1, limit.instance, 2, treeOf(dataOf(T.doubleLongUnsigned, value)));
const read = async (client: Client): Promise<unknown> => {
  const [result] = await client.get([1, limit.instance, 2]);
  return result !== undefined && "data" in result ? (treeOf(result.data) as { value: number }).value : result;
};
/** The octets that a client sends from now on. */
function recorded(client: Client): Uint8Array[] {
  const sent: Uint8Array[] = [];
  const { duplex } = client.pump as unknown as { duplex: { send(octets: Uint8Array): void } };
  const send = duplex.send.bind(duplex);
  duplex.send = (octets) => {
    sent.push(octets.slice());
    send(octets);
  };
  return sent;
}
async function replay(bench: Bench, sent: readonly Uint8Array[]): Promise<void> {
  const line = bench.plug();
  line.start({ received: () => undefined, closed: () => undefined } as never);
  for (const octets of sent) {
    line.send(octets);
    await bench.settle();
  }
}
const refusals = ({ events }: Bench): string[] =>
  events.flatMap((event) => (event.type === "refused" ? [event.fault.code] : []));

describe("two processes, one database, one meter", () => {
  it("execute a recorded SET once, whoever gets it", async () => {
    const state = new MemoryState();
    const one = new Bench(aMeter(), { store: await process(state) });
    await one.settle();
    const client = one.client(admin());
    const sent = recorded(client);
    await client.open();
    expect(await write(client, 77)).toBe("success");
    expect(await write(client, 78)).toBe("success");

    // The other process does not get the meter while the first lives.
    const store = await process(state);
    const held = { whenHeld: "refuse" } as const;
    const refusing = new Bench(() => ({ meter: aMeter(), device: 1 }), { store, held });
    await replay(refusing, sent);
    expect(new Set(refusals(refusing))).toEqual(new Set(["meter-held"]));
    const kept = async () => (await store.values.of(id)).map(({ encoded }) => encoded.at(-1));
    expect(await kept()).toEqual([78]);
    refusing.server.close();

    // The first loses it: its counters were kept with what they did.
    state.endProcesses();
    const later = await process(state);
    const meter = aMeter();
    const two = new Bench(meter, { store: later });
    await two.settle();
    const commits = state.peers.get(id);
    await replay(two, sent);
    expect(refusals(two)).toContain("invocation-counter");
    expect(meter.values(limit).value).toBe(78);
    expect(state.peers.get(id)).toEqual(commits);
  });

  it("the one that lost the meter commits nothing, and closes its sessions", async () => {
    const state = new MemoryState();
    const meter = aMeter();
    const store = await process(state);
    const one = new Bench(meter, { store });
    await one.settle();
    const client = await one.client(admin()).open();
    expect(await write(client, 1)).toBe("success");
    state.endProcesses();
    const two = new Bench(aMeter(), { store: await process(state) });
    await two.settle();
    const rightful = await two.client(admin(1000)).open();
    expect(await write(rightful, 2)).toBe("success");
    const before = client.received.length;
    await expect(write(client, 3)).rejects.toThrow();
    expect(client.closed).toBe(true);
    // No answer, so no counter.
    expect(client.received.length).toBe(before);
    expect(refusals(one).every((code) => code === "lease-lost" || code === "meter-held")).toBe(true);
    expect(await read(rightful)).toBe(2);
    expect((await store.values.of(id).catch(() => [])).length).toBeLessThan(2);
  });

  it("one waits until the other lets go of the meter", async () => {
    const state = new MemoryState();
    const route = (meter: Meter) => () => ({ meter, device: 1 });
    const one = new Bench(route(aMeter()), { store: await process(state) });
    const first = await one.client(admin()).open();
    expect(await write(first, 5)).toBe("success");
    const two = new Bench(route(aMeter()), { store: await process(state) });
    const second = two.client(admin(1000));
    second.initiator.open(0);
    second.drain();
    await two.settle(300);
    expect([second.opened, second.closed]).toEqual([false, false]);
    one.server.close();
    await one.server.settled();
    await two.settle(300);
    expect(second.opened).toBe(true);
    expect(await read(second)).toBe(5);
  });

  it("one refuses after it has waited as long as it may", async () => {
    const state = new MemoryState();
    const one = new Bench(aMeter(), { store: await process(state) });
    await one.settle();
    const two = new Bench(() => ({ meter, device: 1 }), { store: await process(state), held: { heldFor: 500 } });
    const meter = aMeter();
    const client = await two.client({ ...admin(), timeout: 60_000 }).open();
    await two.settle(1000);
    expect([client.opened, client.closed, refusals(two)]).toEqual([false, true, ["meter-held"]]);
  });
});

describe("a meter that runs here", () => {
  it("is taken again after it was lost, and goes on with what the other one left", async () => {
    const state = new MemoryState();
    const one = new Bench(aMeter(), { store: await process(state) });
    await one.settle();
    await one.clock.advanceAsync(2 * 900_000);
    // The processes are ended; the first comes back as a process that was away for long would.
    const lost = [...state.processes.keys()];
    state.endProcesses();
    for (const process of lost) state.ended.delete(process);
    const between = await process(state);
    const taken = await between.keeping.take(id, { clients: [], setups: [] });
    if (!taken.taken) throw new Error("not taken");
    await between.keeping.commit({ lease: taken.lease, values: [valueRow(9)] });
    await one.clock.advanceAsync(900_000);
    await one.settle();
    const of = { meterId: id, logicalDevice: 1, instanceId: load.instance };
    expect(await between.keeping.count(of)).toBe(2);
    await between.close();
    for (let at = 0; at < 10; at++) {
      await one.clock.advanceAsync(1000);
      await one.settle();
    }
    const store = await process(state);
    // No client came: the server takes it by itself.
    expect(await store.keeping.count(of)).toBe(3);
    const client = await one.client(admin()).open();
    expect(await read(client)).toBe(9);
    await one.clock.advanceAsync(900_000);
    await one.settle();
    expect(await store.keeping.count(of)).toBe(4);
  });

  it("is let go when the last connection ends, and its memory with it", async () => {
    const state = new MemoryState();
    const meter = aMeter();
    const bench = new Bench(() => ({ meter, device: 1 }), { store: await process(state) });
    const one = await bench.client(admin()).open();
    const two = await bench.client(other).open();
    expect(await write(one, 5)).toBe("success");
    const { live } = meter;
    one.pump.destroy();
    await bench.settle();
    expect(meter.live).toBe(live);
    two.pump.destroy();
    await bench.settle();
    await bench.server.settled();
    expect(state.leases.get(id)?.process).toBeUndefined();
    expect([meter.diverged, meter.live === live]).toEqual([0, false]);
    const again = await bench.client(admin(100)).open();
    expect(await read(again)).toBe(5);
  });

  it("that runs in a server is tried for once a second while another process has it", async () => {
    const state = new MemoryState();
    const owner = new Bench(() => ({ meter: taken, device: 1 }), { store: await process(state) });
    const taken = aMeter();
    await owner.client(admin()).open();
    const held = { whenHeld: "refuse", heldFor: 0 } as const;
    const waiting = new Bench(() => undefined, { store: await process(state), held });
    const tries = async (ms: number): Promise<number> => {
      waiting.clock.advance(ms);
      await waiting.settle();
      return waiting.events.filter(({ type }) => type === "store-failed").length;
    };
    waiting.server.run(aMeter());
    await waiting.settle();
    const counts = [await tries(0), await tries(900), await tries(500), await tries(500), await tries(500)];
    expect(counts).toEqual([1, 1, 2, 2, 3]);
    waiting.server.close();
    expect(await tries(5000)).toBe(3);
  });

  it("is there for a client that comes back at the moment at which it is let go", async () => {
    const bench = new Bench(() => ({ meter, device: 1 }), { store: await process(new MemoryState()) });
    const meter = aMeter();
    bench.server.adopt(meter);
    const leave = meter.use();
    await meter.enter(undefined);
    // All in one turn, as with DISC, SNRM and AARQ in one segment.
    leave();
    const back = meter.use();
    await meter.enter(undefined);
    expect(meter.live.usable).toBe(true);
    back();
    await meter.settled();
    expect(meter.live.usable).toBe(false);
  });

  it("is there for whoever uses it, in whatever order they come and go and the store answers", {
    timeout: patience,
  }, async () => {
    const step = fc.record({
      user: fc.nat(2),
      with: fc.constantFrom(undefined, "admin", "other"),
      wait: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 12 }), async (scheduler, steps) => {
        const state = new MemoryState();
        const store = slow(await process(state), scheduler);
        const bench = new Bench(() => undefined, { store });
        const meter = bench.server.adopt(aMeter());
        const users = new Map<number, () => void>();
        const used: Promise<unknown>[] = [];
        for (const { user, with: name, wait } of steps) {
          const leave = users.get(user);
          if (leave !== undefined) {
            leave();
            users.delete(user);
          } else {
            users.set(user, meter.use());
            const entering = meter.enter(template.associations.find((one) => one.name === name));
            const check = (): void => {
              if (users.get(user) !== undefined) expect(meter.live.usable).toBe(true);
            };
            used.push(Promise.resolve(entering).then(check));
          }
          for (let at = 0; at < wait; at++) if (scheduler.count() > 0) await scheduler.waitOne();
        }
        await scheduler.waitFor(Promise.all(used));
        for (const leave of users.values()) leave();
        await scheduler.waitFor(meter.settled());
        expect(state.leases.get(id)?.process).toBeUndefined();
        expect(meter.live.usable).toBe(false);
      }),
      { numRuns: times(60) },
    );
  });

  it.each(["keeping.take", "keeping.secrets", "keeping.release", "counters.reserve"])(
    "is not left behind when %s fails",
    { timeout: patience },
    async (of) => {
      for (const when of ["before", "after"] as const) {
        const state = new MemoryState();
        const store = failing(await process(state), [{ call: 0, when, of }]);
        const meter = aMeter();
        const bench = new Bench(() => ({ meter, device: 1 }), { store: store.store });
        const clients = [await bench.client(other).open()];
        if (of !== "keeping.take") clients.push(await bench.client(admin()).open());
        for (const client of clients) client.pump.destroy();
        await bench.settle();
        await bench.clock.advanceAsync(3000);
        await bench.settle();
        expect(store.failed.map(({ name }) => name)).toEqual([of]);
        // Another process can have it, and this one can serve it once more.
        expect(state.leases.get(id)?.process, when).toBeUndefined();
        const again = await bench.client(admin(500)).open();
        expect(await write(again, 3), when).toBe("success");
      }
    },
  );

  it("keeps a change that the program makes before the meter is loaded", async () => {
    const state = new MemoryState();
    const meter = aMeter();
    new Bench(meter, { store: await process(state) });
    await meter.change((device) => device.set(limit, "value", 6));
    expect(meter.values(limit).value).toBe(6);
    state.endProcesses();
    const next = aMeter();
    new Bench(() => undefined, { store: await process(state) }).server.adopt(next);
    const data = await next.get({ classId: 1, instanceId: limit.instance, attributeId: 2 });
    expect(treeOf(data)).toMatchObject({ value: 6 });
  });

  it("is served without the one value that cannot be read, and the row stays as it is", async () => {
    const state = new MemoryState();
    const store = await process(state);
    const taken = await store.keeping.take(id, { clients: [], setups: [] }, meterRow);
    if (!taken.taken) throw new Error("not taken");
    const encoded = Uint8Array.of(99, 1);
    await store.keeping.commit({ lease: taken.lease, values: [{ ...valueRow(4), encoded }] });
    const bench = new Bench(() => ({ meter, device: 1 }), { store });
    const meter = aMeter();
    // Somebody else uses it as well, so that it is not let go in between.
    meter.use();
    for (let at = 0; at < 2; at++) {
      const client = await bench.client(other).open();
      expect([client.opened, client.closed]).toEqual([true, false]);
      const [unreadable, readable] = await Promise.all([
        client.get([1, limit.instance, 2]),
        client.get([1, limit.instance, 1]),
      ]);
      expect(unreadable).toEqual([{ error: "hardware-fault" }]);
      expect(readable[0]).toHaveProperty("data");
    }
    expect(bench.events.filter(({ type }) => type === "store-failed")).toHaveLength(1);
    expect([...(state.values.get(id)?.values() ?? [])].map((row) => row.encoded)).toEqual([encoded]);
  });
});

const meterRow = {
  ...{ meterId: id, serial: id, logicalDeviceName: id, systemTitle: new Uint8Array(8), seed: "" },
  ...{ template: "custom", commissionedAt: 0 },
};
const valueRow = (value: number) => ({
  ...{ logicalDevice: 1, classId: 1, instanceId: limit.instance, attributeId: 2, updatedAt: 0 },
  encoded: dataOf(T.doubleLongUnsigned, value).octets,
});

/** A store whose every call ends when the scheduler says. */
function slow(store: Store, scheduler: fc.Scheduler): MeterStore {
  const part = <P extends object>(name: string, contract: P): P =>
    new Proxy(contract, {
      get: (target, key) => {
        const method = Reflect.get(target, key) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) =>
          scheduler
            .schedule(Promise.resolve(), `${name}.${String(key)}`)
            .then(() => method.apply(target, args))
            .then((value) => scheduler.schedule(Promise.resolve(value), `${name}.${String(key)} ends`));
      },
    });
  return {
    keeping: part("keeping", store.keeping),
    counters: part("counters", store.counters),
    connections: part("connections", store.connections),
  };
}

describe("associations of two logical devices", () => {
  it("with one client and one key are counted once", async () => {
    const both = meterTemplate({
      objects: [limit],
      devices: [{ sap: 17, objects: [dataObject("0.0.96.50.2.255", { type: T.unsigned, value: 0 })] }],
      associations: {
        management: { client: 1, devices: [1], access: "full", security: lls("12345678", keys) },
        meter: { client: 1, devices: [17], access: "full", security: lls("12345678", keys) },
      },
    });
    const state = new MemoryState();
    const meter = new Meter(both, { name: id });
    const bench = new Bench(meter, { store: await process(state) });
    await bench.settle();
    const one = await bench.client(admin()).open();
    const two = await bench.client({ ...admin(1000), server: 17 }).open();
    expect(await two.set(1, "0.0.96.50.2.255", 2, { type: "unsigned", value: 1 })).toBe("success");
    one.initiator.changeKeys({
      keys: { encryptionKey: ek, authenticationKey: ak },
      ...(({ counters, replay }) => ({ counters, replay }))(protectedClient({}, 2000)),
    });
    expect(await write(one, 4)).toBe("success");
    expect(
      bench.events.filter((event) => event.type === "store-failed").map(({ error }) => (error as Fault).code),
    ).toEqual([]);
  });
});
