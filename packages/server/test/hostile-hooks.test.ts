import { T, treeOf } from "@dlmskit/apdu";
import { Fault } from "@dlmskit/core";
import { type DeviceView, dataObject, interfaceClass, object, register } from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { type Interceptor, Meter, meter, meterTemplate } from "../src/index.ts";
import { Bench, type Client } from "./a-client.ts";
import { associations, hook } from "./hooks.ts";

const numberOf = async (client: Client, instance: string): Promise<unknown> => {
  const [result] = await client.get([1, instance, 2]);
  return result !== undefined && "data" in result ? (treeOf(result.data) as { value: number }).value : result;
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a hook that", () => {
  const note = dataObject("0.0.96.1.1.255", { type: T.unsigned, value: 1 });
  const noted = { classId: 1, instanceId: note.instance, attributeId: 2 };

  it.each([false, true])(
    "goes on writing after its request has ended changes nothing, with a store: %s",
    async (kept) => {
      const held: { values: { count: number }; device: DeviceView }[] = [];
      const late = hook("0.0.96.50.1.255", async (values, _, { device }) => {
        held.push({ values, device });
        values.count = 7;
        device.set(note, "value", 7);
        await turn();
      });
      const made = new Meter(meterTemplate({ objects: [note, late], associations }), { name: "ABC1" });
      const state = new MemoryState();
      const bench = new Bench(made, kept ? { store: await openMemoryStore({}, state) } : {});
      const client = await bench.client({ client: 1 }).open();
      expect(await client.invoke(9002, late.instance, 1)).toBe("success");
      const [{ values, device }] = held as [(typeof held)[0]];
      values.count = 99;
      for (const change of [
        () => device.set(note, "value", 99),
        () => device.invoke(late, 1),
        () => device.log("0.0.99.98.0.255", 1),
        () => device.notify({} as never),
        () => device.rows(note as never).append(0, new Uint8Array(1), 1),
        () => device.rows(note as never).clear(),
      ]) {
        expect(change).toThrow(expect.objectContaining({ code: "work-over" }));
      }
      expect(() => device.set(noted, { type: "unsigned", value: 99 })).toThrow(Fault);
      // What the next request changes is its own.
      expect(await client.set(9002, late.instance, 2, { type: "unsigned", value: 8 })).toBe("success");
      expect(await numberOf(client, note.instance)).toBe(7);
      expect(made.values(late).count).toBe(8);
      if (kept)
        expect(
          (await (await openMemoryStore({}, state)).values.of("ABC1")).map(({ encoded }) => encoded.at(-1)),
        ).toEqual([7, 8]);
    },
  );

  it("is refused and goes on writing does not change what the rest of its request changes", async () => {
    const late = hook("0.0.96.50.1.255", async (values) => {
      void turn().then(() => {
        values.count = 99;
      });
      throw new Error("refused");
    });
    const slow = hook("0.0.96.50.2.255", async (values) => {
      for (let at = 0; at < 5; at++) await turn();
      values.count = 5;
    });
    const made = new Meter(meterTemplate({ objects: [late, slow], associations }), { name: "ABC1" });
    const client = await new Bench(made).client({ client: 1 }).open();
    const parameters = { type: "integer", value: 0 } as const;
    const items = [late, slow].map(({ instance }) => ({
      ...{ method: { classId: 9002, instanceId: instance, methodId: 1 }, parameters },
    }));
    const results = await client.request({ service: "action", items });
    expect(results).toEqual([{ result: "hardware-fault" }, { result: "success" }]);
    expect([made.values(late).count, made.values(slow).count]).toEqual([0, 5]);
  });

  it("never resolves stops the changes of its meter, and neither reads nor other meters", async () => {
    const stuck = hook("0.0.96.50.1.255", () => new Promise(() => undefined));
    const template = meterTemplate({ objects: [note, stuck], associations });
    const store = await openMemoryStore();
    const meters = ["ABC1", "ABC2"].map((name) => new Meter(template, { name })) as [Meter, Meter];
    const bench = new Bench(({ server }) => ({ meter: meters[server - 1] as Meter, device: 1 }), { store });
    const hanging = await bench.client({ client: 1 }).open();
    hanging.initiator.request(
      { service: "action", items: [{ method: { classId: 9002, instanceId: stuck.instance, methodId: 1 } }] } as never,
      {},
      0,
    );
    hanging.drain();
    await bench.settle();
    const reader = await bench.client({ client: 2 }).open();
    expect(await numberOf(reader, note.instance)).toBe(1);
    const next = await bench.client({ client: 1, server: 2 }).open();
    expect(await next.set(1, note.instance, 2, { type: "unsigned", value: 3 })).toBe("success");
    // Whoever comes after all have gone is served too.
    hanging.pump.destroy();
    reader.pump.destroy();
    await bench.settle();
    const later = await bench.client({ client: 2 }).open();
    expect(await numberOf(later, note.instance)).toBe(1);
  });

  it("throws after it has written leaves nothing of it, in whatever object", async () => {
    const half = hook("0.0.96.50.1.255", (values, async, { device }) => {
      values.count = 1;
      device.set(note, "value", 50);
      device.log("0.0.99.98.0.255", 1);
      device.rows(note as never).append(1000, Uint8Array.of(0), 10);
      if (async === 0) throw new Error("half-way");
      return turn().then(() => Promise.reject(new Error("half-way")));
    });
    const state = new MemoryState();
    const made = new Meter(meterTemplate({ objects: [note, half], associations }), { name: "ABC1" });
    const bench = new Bench(made, { store: await openMemoryStore({}, state) });
    const client = await bench.client({ client: 1 }).open();
    for (const value of [0, 1]) {
      expect(await client.invoke(9002, half.instance, 1, { type: "integer", value })).toBe("hardware-fault");
    }
    expect([made.values(half).count, made.values(note).value]).toEqual([0, 1]);
    expect([state.values.size, state.events.size, state.captures.size]).toEqual([0, 0, 0]);
  });

  it("invokes one that throws is undone with it", async () => {
    const inner = hook("0.0.96.50.2.255", (values) => {
      values.count = 3;
      throw new Error("inner");
    });
    const outer = hook("0.0.96.50.1.255", (values, _, { device }) => {
      values.count = 4;
      return device.invoke(inner, 1, { type: "integer", value: 0 });
    });
    const made = new Meter(meterTemplate({ objects: [inner, outer], associations }), { name: "ABC1" });
    const client = await new Bench(made).client({ client: 1 }).open();
    expect(await client.invoke(9002, outer.instance, 1)).toBe("hardware-fault");
    expect([made.values(inner).count, made.values(outer).count]).toEqual([0, 0]);
  });

  it.each(["at once", "later"])("invokes itself without end comes to an end: %s", async (when) => {
    let calls = 0;
    const endless = hook("0.0.96.50.1.255", (values, _, { device }) => {
      calls++;
      values.count++;
      return device.invoke(endless, 1, { type: "integer", value: 0 });
    });
    const later: Interceptor = (_, next) => turn().then(() => next() as PromiseLike<never>);
    const made = new Meter(meterTemplate({ objects: [endless], associations }), { name: "ABC1" });
    const bench = new Bench(made, when === "later" ? { interceptors: [later] } : {});
    const client = await bench.client({ client: 1 }).open();
    expect(await client.invoke(9002, endless.instance, 1)).toBe("other-reason");
    expect(calls).toBeLessThan(100);
    expect(made.values(endless).count).toBe(0);
  });

  it("invokes others one after another does so as often as it likes", async () => {
    const inner = hook("0.0.96.50.2.255", (values) => {
      values.count++;
    });
    const outer = hook("0.0.96.50.1.255", (_, __, { device }) => {
      for (let at = 0; at < 100; at++) device.invoke(inner, 1, { type: "integer", value: 0 });
    });
    const made = new Meter(meterTemplate({ objects: [inner, outer], associations }), { name: "ABC1" });
    const client = await new Bench(made).client({ client: 1 }).open();
    expect(await client.invoke(9002, outer.instance, 1)).toBe("success");
    expect(made.values(inner).count).toBe(100);
  });

  it("changes a list in place does not change the template", async () => {
    const sly = hook("0.0.96.50.1.255", (_, __, { device }) => {
      const columns = device.get(profile, "captureObjects") as unknown as { attributeId: number }[];
      (columns[0] as { attributeId: number }).attributeId = 3;
    });
    const Listed = interfaceClass({
      ...{ classId: 9003, version: 0, name: "Listed" },
      attributes: { captureObjects: { id: 2, type: T.array(T.structure({ attributeId: T.integer })) } },
      methods: {},
    });
    const profile = object(Listed, "0.0.96.50.9.255", { captureObjects: [{ attributeId: 2 }] as never });
    const template = meterTemplate({ objects: [profile, sly], associations });
    const made = new Meter(template, { name: "ABC1" });
    const client = await new Bench(made).client({ client: 1 }).open();
    expect(await client.invoke(9002, sly.instance, 1)).toBe("hardware-fault");
    expect(new Meter(template, { name: "ABC2" }).values(profile).captureObjects).toEqual([{ attributeId: 2 }]);
  });
});

describe("what the program does in a task", () => {
  it("may close the server: what was done so far is kept, and nothing waits for ever", async () => {
    const energy = register("1.0.1.8.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" });
    const state = new MemoryState();
    const made = meter({ name: "ABC1", objects: [energy], associations });
    const bench = new Bench(made, { store: await openMemoryStore({}, state) });
    await bench.settle();
    made.every(1000, () => {
      energy.values.value = 5;
      bench.server.close();
    });
    await bench.clock.advanceAsync(1000);
    await bench.server.settled();
    expect((await (await openMemoryStore({}, state)).values.of("ABC1")).map(({ encoded }) => encoded.at(-1))).toEqual([
      5,
    ]);
  });

  it("may set the meter's clock, and read what it has written", async () => {
    const value = note();
    const made = meter({ name: "ABC1", objects: [value], associations });
    const bench = new Bench(made);
    const seen: unknown[] = [];
    made.every(1000, async () => {
      value.values.value = 9;
      seen.push(treeOf((await made.get({ classId: 1, instanceId: value.instance, attributeId: 2 })) as never));
    });
    made.every(1000, () => made.setClock(made.now + 3_600_000));
    const before = bench.server.time.now;
    await bench.clock.advanceAsync(1000);
    await bench.settle();
    expect(seen).toMatchObject([{ value: 9 }]);
    expect(made.now - before).toBeGreaterThan(3_600_000);
  });

  it("begins where the task is given after the server was started", () => {
    const made = meter({ name: "ABC1", objects: [note()], associations });
    const bench = new Bench(made);
    let runs = 0;
    bench.clock.advance(500);
    made.every(1000, () => void runs++);
    bench.clock.advance(3000);
    expect(runs).toBe(3);
  });
});

const note = () => dataObject("0.0.96.1.1.255", { type: T.unsigned, value: 1 });
