import { dataOf, T, treeOf } from "@dlmskit/apdu";
import { fromAscii, sameOctets } from "@dlmskit/core";
import {
  clock,
  dataObject,
  encodedStructure,
  interfaceClass,
  object,
  profileGeneric,
  refuse,
} from "@dlmskit/cosem-objects";
import { noble } from "@dlmskit/security";
import { MemoryState, openMemoryStore, type Store } from "@dlmskit/storage";
import { failing, failureTimes, type StoreFailure } from "@dlmskit/storage/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patience, times } from "../../../test/campaign.ts";
import { hls5, lls, Meter, meterTemplate, SimulatedTime } from "../src/index.ts";
import { ak, Bench, type Client, ek, now0, protectedClient } from "./a-client.ts";
import { kek } from "./a-meter.ts";

const id = "ABC0000000000001";
const quarter = 900_000;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const one = dataObject("0.0.96.50.1.255", { type: T.doubleLongUnsigned, value: 0 });
const two = dataObject("0.0.96.50.2.255", { type: T.doubleLongUnsigned, value: 0 });
const refusing = dataObject(
  "0.0.96.50.3.255",
  { type: T.doubleLongUnsigned, value: 0 },
  {
    write: {
      value: (values, value, { device }) => {
        values.value = value;
        device.set(two, "value", value);
        throw value % 2 === 0 ? refuse("other-reason") : new Error("flash");
      },
    },
  },
);
const rows = profileGeneric("1.0.99.2.0.255", { capture: [one], entries: 10_000 });
const load = profileGeneric("1.0.99.1.0.255", { capture: [one], period: 900, entries: 10_000 });
const log = "0.0.99.98.0.255";

/** Leaves `value` in an attribute, a row, a log and the queue, all of another object. `how`: it throws half-way; it waits. */
const Poke = interfaceClass({
  ...{ classId: 9002, version: 0, name: "Poke" },
  attributes: { last: { id: 2, type: T.doubleLongUnsigned } },
  methods: {
    well: { id: 1, argument: T.doubleLongUnsigned },
    badly: { id: 2, argument: T.doubleLongUnsigned },
    slowly: { id: 3, argument: T.doubleLongUnsigned },
  },
});
const poke = object(
  Poke,
  "0.0.96.51.1.255",
  { last: 0 },
  (() => {
    const encoded = (value: number) => encodedStructure([dataOf(T.doubleLongUnsigned, value).octets]);
    type Device = Parameters<typeof leave>[1];
    function leave(value: number, device: { set: unknown; rows: unknown; log: unknown; notify: unknown }): void {
      const to = device as unknown as import("@dlmskit/cosem-objects").DeviceView;
      to.set(two, "value", value);
      to.rows(rows).append(now0 + value, encoded(value), 10_000);
      to.log(log, value % 0xffff);
      to.notify({
        ...{ destination: `to ${value}`, messageType: "DATA_NOTIFICATION", priority: 1, scheduledTime: 0 },
        payload: Uint8Array.of(value),
      } as never);
    }
    return {
      invoke: {
        well: (values: { last: number }, value: number, { device }: { device: Device }) => {
          leave(value, device);
          values.last = value;
        },
        badly: (values: { last: number }, value: number, { device }: { device: Device }) => {
          leave(value, device);
          values.last = value;
          throw new Error("half-way");
        },
        slowly: async (values: { last: number }, value: number, { device }: { device: Device }) => {
          values.last = value;
          await turn();
          leave(value, device);
        },
      },
    } as never;
  })(),
);
const template = meterTemplate({
  objects: [clock(), one, two, refusing, rows, load, poke],
  associations: {
    utility: {
      ...{ client: 48, access: "full" },
      security: hls5({ encryptionKey: ek, authenticationKey: ak, masterKey: kek, policy: 1 }),
    },
    reader: { client: 32, access: "full", security: lls("secret 0") },
  },
});
const values = [
  [1, one],
  [1, two],
  [1, refusing],
  [9002, poke],
] as const;
const number = (value: number) => treeOf(dataOf(T.doubleLongUnsigned, value));

type Step =
  | { readonly do: "set" | "list" | "well" | "badly" | "slowly" | "get"; readonly by: "utility" | "reader" }
  | { readonly do: "both" | "key" | "secret" | "program" | "time" | "restart" };
const by = fc.constantFrom("utility" as const, "reader" as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("set", "list", "well", "badly", "slowly", "get"),
      by,
    }) as fc.Arbitrary<Step>,
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("both", "key", "secret", "program", "time", "restart"),
    }) as fc.Arbitrary<Step>,
  },
);
const failure: fc.Arbitrary<StoreFailure> = fc.record(
  {
    call: fc.nat(30),
    when: fc.constantFrom(...failureTimes),
    times: fc.integer({ min: 1, max: 3 }),
    of: fc.constantFrom(
      "keeping.commit",
      "keeping.take",
      "keeping.secrets",
      "keeping.count",
      "counters.reserve",
      "connections.open",
    ),
  },
  { requiredKeys: ["call", "when"] },
);

/** What is in the store. */
interface Kept {
  readonly values: readonly number[];
  readonly rows: readonly number[];
  readonly events: readonly number[];
  readonly messages: readonly number[];
  readonly peers: ReadonlyMap<string, number>;
  readonly secret: string | undefined;
  readonly key: Uint8Array;
}

class World {
  readonly state = new MemoryState();
  readonly plan: readonly StoreFailure[];
  store!: ReturnType<typeof failing<Store>>;
  behind!: Store;
  bench!: Bench;
  meter!: Meter;
  clients = new Map<string, Client>();
  counter = 1;
  /** Of the next change. */
  tag = 0;

  constructor(plan: readonly StoreFailure[]) {
    this.plan = plan;
  }

  async start(): Promise<void> {
    const start = this.bench?.server.time.now ?? now0;
    this.state.endProcesses();
    this.behind = await openMemoryStore({}, this.state);
    this.store = failing(this.behind, this.store === undefined ? this.plan : []);
    this.meter = new Meter(template, { name: id });
    const machine: { clock?: { now(): number } } = {};
    const time = new SimulatedTime({ source: () => machine.clock?.now() ?? 0, start });
    this.bench = new Bench(this.meter, { store: this.store.store, time });
    machine.clock = this.bench.clock;
    this.clients.clear();
    await this.bench.settle(5);
  }

  /** A client of that association, opened anew where its connection was ended. */
  async client(name: "utility" | "reader"): Promise<Client> {
    const there = this.clients.get(name);
    if (there !== undefined && !there.closed && there.opened) return there;
    there?.pump.destroy();
    await this.bench.settle(3);
    for (let attempt = 0; ; attempt++) {
      const kept = await this.kept();
      if (name === "utility") this.counter += 1000;
      const keys = { encryptionKey: kept.key, authenticationKey: ak };
      const client = this.bench.client(
        name === "utility"
          ? { client: 48, mechanism: 5, security: protectedClient({ keys }, this.counter) }
          : { client: 32, mechanism: 1, secret: fromAscii(kept.secret ?? "secret 0") },
      );
      await client.open();
      if (client.opened) {
        this.clients.set(name, client);
        return client;
      }
      // While the store fails the meter does not answer; no plan fails for longer than that.
      if (attempt > 20) throw new Error(`${name} cannot be opened`);
      client.pump.destroy();
      await this.bench.settle(10);
    }
  }

  async kept(): Promise<Kept> {
    const { state } = this;
    const found = await this.behind.values.of(id);
    const numberIn = (classId: number, instanceId: string): number => {
      const row = found.find((each) => each.classId === classId && each.instanceId === instanceId);
      return row === undefined ? 0 : new DataView(row.encoded.buffer, row.encoded.byteOffset + 1).getUint32(0);
    };
    const [setting] = [...(state.securitySettings.get(id)?.values() ?? [])];
    const [secret] = [...(state.secrets.get(id)?.values() ?? [])];
    const messages = [...state.messages.values()].map(({ payload }) => (payload as Uint8Array)[0] as number);
    return {
      values: values.map(([classId, { instance }]) => numberIn(classId, instance)),
      rows: (state.captures.get(id)?.get(`1 ${rows.instance}`) ?? []).map(({ at }) => at - now0),
      events: (state.events.get(id)?.get(log) ?? []).map(({ code }) => code),
      messages,
      peers: new Map([...(state.peers.get(id)?.entries() ?? [])].map(([name, { counter }]) => [name, counter])),
      secret: secret === undefined ? undefined : String.fromCharCode(...secret.secret),
      key: setting?.encryptionKey ?? ek,
    };
  }

  /** Runs one change and checks what became of it. `acknowledged`: what the client was told; undefined: nothing. */
  async change(expected: (before: Kept, tag: number) => Kept, run: (tag: number) => Promise<boolean>): Promise<void> {
    const tag = ++this.tag;
    const before = await this.kept();
    const failures = this.store.failed.length;
    let acknowledged = false;
    try {
      acknowledged = await run(tag);
    } catch (error) {
      // The connection was ended, or the program was told.
      if ((error as Error).name === "AssertionError") throw error;
    }
    await this.bench.settle(2);
    const now = plain(await this.kept());
    const failedAfter = this.store.failed
      .slice(failures)
      .some(({ name, when }) => name === "keeping.commit" && when === "after");
    const made = plain(expected(before, tag));
    if (acknowledged) expect(now).toEqual(made);
    else if (!failedAfter) expect(now).toEqual(plain(before));
    else expect([plain(before), made]).toContainEqual(now);
    await this.agree();
  }

  /** What a live meter shows is what the store has. */
  async agree(): Promise<void> {
    const { live } = this.meter;
    if (!live.usable) return;
    expect(values.map(([, each]) => Object.values(this.meter.values(each as never)).at(-1))).toEqual(
      (await this.kept()).values,
    );
  }
}

/** Peer counters move with every request. */
const plain = ({ peers: _, key, ...kept }: Kept) => ({ ...kept, key: [...key] });

const left = (before: Kept, tag: number): Kept => ({
  ...before,
  values: [before.values[0] as number, tag, before.values[2] as number, tag],
  rows: [...before.rows, tag],
  events: [...before.events, tag],
  messages: [...before.messages, tag],
});

async function run(world: World, one_: Step): Promise<void> {
  const before = (await world.kept()).peers;
  const counting = "by" in one_ && one_.by === "utility";
  switch (one_.do) {
    case "set":
      await world.change(
        (kept, tag) => ({ ...kept, values: [tag, ...kept.values.slice(1)] }),
        async (tag) => (await (await world.client(one_.by)).set(1, one.instance, 2, number(tag))) === "success",
      );
      break;
    case "list":
      await world.change(
        (kept, tag) => ({ ...kept, values: [tag, tag, ...kept.values.slice(2)] }),
        async (tag) => {
          const client = await world.client(one_.by);
          const items = [two, refusing, one].map(({ instance: instanceId }, at) => ({
            attribute: { classId: 1, instanceId, attributeId: 2 },
            value: number(at === 1 ? tag + 1000 : tag),
          }));
          const results = await client.request({ service: "set", items });
          expect(results[1]).not.toBe("success");
          // All that was not refused was kept, or nothing.
          expect(results[0]).toBe(results[2]);
          return results[0] === "success";
        },
      );
      break;
    case "well":
    case "slowly":
      await world.change(left, async (tag) => {
        const client = await world.client(one_.by);
        return (await client.invoke(9002, poke.instance, one_.do === "well" ? 1 : 3, number(tag))) === "success";
      });
      break;
    case "badly":
      await world.change(
        (kept) => kept,
        async (tag) => (await (await world.client(one_.by)).invoke(9002, poke.instance, 2, number(tag))) === "success",
      );
      break;
    case "get": {
      const client = await world.client(one_.by);
      const results = await client
        .get(...values.map(([classId, { instance }]) => [classId, instance, 2] as const))
        .catch(() => undefined);
      const told = results?.map((result) =>
        "data" in result ? (treeOf(result.data) as { value: number }).value : undefined,
      );
      if (told !== undefined) expect(told).toEqual((await world.kept()).values);
      break;
    }
    case "both": {
      // Two clients at once: each is told what became of its own.
      const clients = [await world.client("utility"), await world.client("reader")];
      const tags = [++world.tag, ++world.tag];
      const was = (await world.kept()).rows;
      const failures = world.store.failed.length;
      const told = await Promise.all(
        clients.map((client, at) =>
          client.invoke(9002, poke.instance, at === 0 ? 3 : 1, number(tags[at] as number)).catch(() => "nothing"),
        ),
      );
      await world.bench.settle(2);
      const now = await world.kept();
      const maybe = world.store.failed.slice(failures).some(({ when }) => when === "after");
      for (const [at, tag] of tags.entries()) {
        const there = [now.rows, now.events, now.messages].map((list) => list.filter((each) => each === tag).length);
        if (told[at] === "success") expect(there).toEqual([1, 1, 1]);
        else if (maybe)
          expect([
            [0, 0, 0],
            [1, 1, 1],
          ]).toContainEqual(there);
        else expect(there).toEqual([0, 0, 0]);
      }
      expect(now.rows.length - was.length).toBeLessThanOrEqual(2);
      await world.agree();
      break;
    }
    case "key":
      await world.change(
        (kept, tag) => ({ ...kept, key: new Uint8Array(16).fill(tag) }),
        async (tag) => {
          const client = await world.client("utility");
          const key = new Uint8Array(16).fill(tag);
          const octets = { type: "octet-string", value: noble.wrapKey(kek, key) } as const;
          const element = { type: "structure", value: [{ type: "enum", value: 0 } as const, octets] } as const;
          const result = await client.invoke(64, "0.0.43.0.1.255", 2, { type: "array", value: [element] });
          if (result === "success") client.changeKey(key);
          else client.pump.destroy();
          return result === "success";
        },
      );
      break;
    case "secret":
      await world.change(
        (kept, tag) => ({ ...kept, secret: `secret ${tag}` }),
        async (tag) => {
          const client = await world.client("reader");
          const value = { type: "octet-string", value: fromAscii(`secret ${tag}`) } as const;
          return (await client.set(15, "0.0.40.0.2.255", 7, value)) === "success";
        },
      );
      break;
    case "program":
      await world.change(
        (kept, tag) => ({ ...kept, values: [tag, tag, ...kept.values.slice(2)] }),
        async (tag) => {
          const changing = world.meter.change((device) => {
            device.set(one, "value", tag);
            device.set(two, "value", tag);
          });
          let over = false;
          const done = Promise.resolve(changing).finally(() => {
            over = true;
          });
          done.catch(() => undefined);
          while (!over) await world.bench.settle(1);
          await done;
          return true;
        },
      );
      break;
    case "time":
      await world.bench.clock.advanceAsync(quarter);
      await world.bench.settle(2);
      await world.agree();
      break;
    case "restart": {
      const kept = plain(await world.kept());
      await world.start();
      expect(plain(await world.kept())).toEqual(kept);
      await world.agree();
      break;
    }
  }
  const { peers } = await world.kept();
  for (const [name, counter] of before) expect(peers.get(name) ?? 0).toBeGreaterThanOrEqual(counter);
  if (
    counting &&
    one_.do === "set" &&
    world.clients.get("utility")?.opened === true &&
    world.store.failed.length === 0
  ) {
    // What was executed cannot be executed again: the counter went with it.
    expect([...peers.values()].some((counter) => counter >= world.counter)).toBe(true);
  }
}

describe("whatever clients ask and wherever the store fails", () => {
  it("what was acknowledged is in the store, what was not is nowhere or wholly there, and the meter shows what the store has", {
    timeout: patience,
  }, async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), fc.array(failure, { maxLength: 4 }), async (steps, plan) => {
        const world = new World(plan);
        await world.start();
        for (const each of steps) await run(world, each);
        seen += world.store.failed.length;
        // The store works again: nothing is stuck, and every capture is there once.
        world.store.mend();
        for (let at = 0; at < 4; at++) {
          await world.bench.clock.advanceAsync(1000);
          await world.bench.settle(2);
        }
        const { time } = world.bench.server;
        const due = Math.floor(time.now / quarter) - Math.floor(now0 / quarter);
        const captured = (world.state.captures.get(id)?.get(`1 ${load.instance}`) ?? []).map(({ at }) => at);
        expect(captured).toEqual(
          Array.from({ length: due }, (_, at) => (Math.floor(now0 / quarter) + at + 1) * quarter),
        );
        expect(world.meter.live.usable).toBe(true);
        await run(world, { do: "get", by: "reader" });
        const { key } = await world.kept();
        const utility = template.associations.find(({ name }) => name === "utility");
        // Keys that are not loaded are those of the template: nobody is served under them.
        if (utility !== undefined && world.meter.live.hasLoaded(utility)) {
          expect(sameOctets(world.meter.state(utility).keys.encryptionKey, key)).toBe(true);
        }
        await world.start();
        await run(world, { do: "set", by: "utility" });
        world.bench.server.close();
      }),
      { numRuns: times(60) },
    );
    expect(seen).toBeGreaterThan(0);
  });
});
