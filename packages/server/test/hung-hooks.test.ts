import { T, treeOf } from "@dlmskit/apdu";
import { type Context, dataObject } from "@dlmskit/cosem-objects";
import { openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { Meter, meter, meterTemplate } from "../src/index.ts";
import { Bench } from "./a-client.ts";
import { associations, hook } from "./hooks.ts";

// What does not come to its end stops nothing but itself.

const note = () => dataObject("0.0.96.1.1.255", { type: T.unsigned, value: 1 });
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each([false, true])("with a store: %s, a hook that never comes to its end", (kept) => {
  const store = async () => (kept ? { store: await openMemoryStore() } : {});

  it("is given up: its request is undone, and the meter goes on", async () => {
    const value = note();
    let release = (): void => undefined;
    let late: unknown;
    const hung = hook("0.0.96.50.1.255", async (values, _, { device }) => {
      values.count = 7;
      device.set(value, "value", 7);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      try {
        device.set(value, "value", 9);
      } catch (error) {
        late = error;
      }
    });
    const made = new Meter(meterTemplate({ objects: [value, hung], associations }), { name: "ABC1" });
    const bench = new Bench(made, { limits: { hook: 200 }, ...(await store()) });
    const [one, two] = [await bench.client({ client: 1 }).open(), await bench.client({ client: 2 }).open()];
    const began = bench.clock.now();
    const results = await Promise.all([
      one.invoke(9002, hung.instance, 1),
      two.set(1, value.instance, 2, { type: "unsigned", value: 3 }),
    ]);
    expect(results).toEqual(["temporary-failure", "success"]);
    expect(bench.clock.now() - began).toBeGreaterThanOrEqual(200);
    expect(bench.events.filter(({ type }) => type === "hook-failed")).toMatchObject([
      { error: { code: "hook-timeout" } },
    ]);
    // What it does later changes nothing.
    release();
    await bench.settle();
    expect(late).toMatchObject({ code: "work-over" });
    expect([made.values(hung).count, made.values(value).value]).toEqual([0, 3]);
  });

  it("does not keep a server from closing", async () => {
    const hung = hook("0.0.96.50.1.255", () => never());
    const made = new Meter(meterTemplate({ objects: [hung], associations }), { name: "ABC1" });
    const bench = new Bench(made, { limits: { hook: 0 }, ...(await store()) });
    const one = await bench.client({ client: 1 }).open();
    one.invoke(9002, hung.instance, 1).catch(() => undefined);
    await bench.settle();
    bench.server.close();
    let settled = false;
    void bench.server.settled().then(() => {
      settled = true;
    });
    await bench.settle(kept ? 900 : 0);
    expect(settled).toBe(!kept);
    await bench.settle(200);
    expect(settled).toBe(true);
  });
});

it("a slow hook sees the association as it was at the time of the request", async () => {
  let go = (): void => undefined;
  let seen: unknown;
  const value = async (_: unknown, context: Context): Promise<number> => {
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    seen = context.association?.status;
    return 1;
  };
  const slow = dataObject("0.0.96.1.2.255", { type: T.unsigned, value: 0 }, { read: { value } });
  const bench = new Bench(new Meter(meterTemplate({ objects: [slow], associations }), { name: "ABC1" }));
  const one = await bench.client({ client: 1 }).open();
  one.get([1, slow.instance, 2]).catch(() => undefined);
  await bench.settle();
  bench.server.close();
  go();
  await bench.settle();
  expect(seen).toBe("associated");
});

describe("what never comes to its end", () => {
  it("when an attribute is read: only that item fails", async () => {
    const hung = dataObject("0.0.96.1.2.255", { type: T.unsigned, value: 0 }, { read: { value: () => never() } });
    const made = new Meter(meterTemplate({ objects: [note(), hung], associations }), { name: "ABC1" });
    const bench = new Bench(made, { limits: { hook: 200 } });
    const client = await bench.client({ client: 1 }).open();
    const [first, second] = await client.get([1, hung.instance, 2], [1, "0.0.96.1.1.255", 2]);
    expect(first).toEqual({ error: "temporary-failure" });
    expect(treeOf((second as { data: never }).data)).toMatchObject({ value: 1 });
  });

  it("in a task: it is told, undone, and the meter goes on", async () => {
    const value = note();
    const made = meter({ name: "ABC1", objects: [value], associations });
    const bench = new Bench(made, { limits: { hook: 200 } });
    let runs = 0;
    made.every(1000, () => {
      runs++;
      value.values.value = 9;
      return runs === 1 ? never() : undefined;
    });
    const client = await bench.client({ client: 1 }).open();
    await bench.clock.advanceAsync(1000);
    const set = client.set(1, value.instance, 2, { type: "unsigned", value: 3 });
    expect(await set).toBe("success");
    expect(value.values.value).toBe(3);
    expect(bench.server.counts["hook-failed"]).toBe(1);
    await bench.clock.advanceAsync(1000);
    await bench.settle();
    expect([runs, value.values.value]).toEqual([2, 9]);
  });
});

describe("a hook that waits for its own meter", () => {
  const waiting = (wait: boolean) => {
    const value = note();
    const errors: unknown[] = [];
    const outer: { meter?: Meter } = {};
    const hung = hook("0.0.96.50.1.255", async () => {
      if (wait) await turn();
      try {
        await outer.meter?.set(
          { classId: 1, instanceId: value.instance, attributeId: 2 },
          { type: "unsigned", value: 5 },
        );
      } catch (error) {
        errors.push(error);
        throw error;
      }
    });
    const made = new Meter(meterTemplate({ objects: [value, hung], associations }), { name: "ABC1" });
    outer.meter = made;
    return { made, value, hung, errors };
  };

  it("is told so at once, after it has waited for something", async () => {
    const { made, value, hung, errors } = waiting(true);
    const bench = new Bench(made);
    const client = await bench.client({ client: 1 }).open();
    const began = bench.clock.now();
    expect(await client.invoke(9002, hung.instance, 1)).toBe("hardware-fault");
    expect(bench.clock.now() - began).toBeLessThan(1000);
    expect(errors).toMatchObject([{ code: "waits-for-itself", hint: expect.stringContaining("context.device") }]);
    expect(made.values(value).value).toBe(1);
    // Others of the program may.
    await made.set({ classId: 1, instanceId: value.instance, attributeId: 2 }, { type: "unsigned", value: 6 });
    expect(made.values(value).value).toBe(6);
  });

  it("joins the work of its request before that", async () => {
    const { made, value, hung } = waiting(false);
    const client = await new Bench(made).client({ client: 1 }).open();
    expect(await client.invoke(9002, hung.instance, 1)).toBe("success");
    expect(made.values(value).value).toBe(5);
  });
});

describe("items of one request", () => {
  it("belong to its unit of work, though one before them took its time", async () => {
    const value = note();
    const slow = hook("0.0.96.50.1.255", () => turn());
    const fails = hook("0.0.96.50.2.255", () => {
      value.values.value = 9;
      throw new Error("fails");
    });
    const made = meter({ name: "ABC1", objects: [value, slow, fails], associations });
    const client = await new Bench(made).client({ client: 1 }).open();
    const method = (instanceId: string) => ({
      method: { classId: 9002, instanceId, methodId: 1 },
      parameters: { type: "integer", value: 0 } as const,
    });
    const items = [method(slow.instance), method(fails.instance)];
    expect(await client.request({ service: "action", items })).toMatchObject([
      { result: "success" },
      { result: "hardware-fault" },
    ]);
    expect(value.values.value).toBe(1);
  });
});
