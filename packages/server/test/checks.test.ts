import { dataOf, T, treeOf } from "@dlmskit/apdu";
import { AccessBit, dataObject, interfaceClass, object, readRights, rightsOf } from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { hls5, Meter, meter, meterTemplate, none } from "../src/index.ts";
import { ak, Bench, type Client, ek, protectedClient } from "./a-client.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("an answer that a right wants protected", () => {
  const { read, write, invoke, encryptedResponse, authenticatedResponse, signedResponse } = AccessBit;
  let runs = 0;
  const Button = interfaceClass({
    ...{ classId: 9004, version: 0, name: "Button" },
    attributes: { value: { id: 2, type: T.unsigned, access: "rw" } },
    methods: { press: { id: 1, argument: T.integer } },
  });
  const button = object(Button, "0.0.96.50.1.255", { value: 1 }, { invoke: { press: () => void runs++ } });
  const rights = (response: number) =>
    rightsOf(
      [
        {
          ...{ classId: 9004, instance: button.instance },
          attributes: { 1: read, 2: read | write | response },
          methods: { 1: invoke | response },
        },
      ],
      readRights,
    );
  const attempts = async (client: Client): Promise<unknown[]> => [
    (await client.get([9004, button.instance, 2]))[0],
    await client.set(9004, button.instance, 2, { type: "unsigned", value: 9 }),
    await client.invoke(9004, button.instance, 1),
    (await client.get([9004, button.instance, 0]).catch(() => [{ error: "no attribute 0" }]))[0],
  ];

  it.each([authenticatedResponse, encryptedResponse, signedResponse])(
    "is not given in an association that has no keys: nothing is read, written or invoked (%i)",
    async (response) => {
      runs = 0;
      const made = meter({
        ...{ name: "ABC1", objects: [button] },
        associations: { open: { client: 16, security: none(), access: rights(response), version: 3 } },
      });
      const client = await new Bench(made).client({ client: 16 }).open();
      const [got, set, invoked, all] = await attempts(client);
      expect([got, set, invoked]).toEqual([
        { error: "scope-of-access-violated" },
        "scope-of-access-violated",
        "scope-of-access-violated",
      ]);
      if (typeof all === "object" && all !== null && "data" in all) {
        expect(treeOf(all.data as never)).toMatchObject({ value: [{}, { type: "null-data" }] });
      }
      expect([runs, made.values(button).value]).toEqual([0, 1]);
    },
  );

  it("is not given where there is nothing to sign with, and given where there are keys", async () => {
    for (const [response, told] of [
      [signedResponse, "scope-of-access-violated"],
      [authenticatedResponse | encryptedResponse, "success"],
    ] as const) {
      runs = 0;
      const made = meter({
        ...{ name: "ABC1", objects: [button] },
        associations: {
          own: {
            ...{ client: 48, access: rights(response), version: 3 },
            security: hls5({ encryptionKey: ek, authenticationKey: ak }),
          },
        },
      });
      const client = await new Bench(made).client({ client: 48, mechanism: 5, security: protectedClient() }).open();
      const [got, set, invoked] = await attempts(client);
      expect([set, invoked]).toEqual([told, told]);
      expect(got).toMatchObject(told === "success" ? { data: {} } : { error: told });
      expect(runs).toBe(told === "success" ? 1 : 0);
      made.values(button);
      button.values.value = 1;
    }
  });
});

describe("a value", () => {
  it("that is volatile is not kept over a restart, and others are", async () => {
    const Both = interfaceClass({
      ...{ classId: 9005, version: 0, name: "Both" },
      attributes: {
        kept: { id: 2, type: T.unsigned, access: "rw" },
        gone: { id: 3, type: T.unsigned, access: "rw", volatile: true },
      },
      methods: {},
    });
    const both = object(Both, "0.0.96.50.1.255", { kept: 1, gone: 1 });
    const template = meterTemplate({
      objects: [both],
      associations: { open: { client: 16, security: none(), access: "full" } },
    });
    const state = new MemoryState();
    const meterNow = new Meter(template, { name: "ABC1" });
    const bench = new Bench(meterNow, { store: await openMemoryStore({}, state) });
    const client = await bench.client({ client: 16 }).open();
    for (const attribute of [2, 3]) {
      expect(await client.set(9005, both.instance, attribute, treeOf(dataOf(T.unsigned, 7)))).toBe("success");
    }
    expect(meterNow.values(both)).toMatchObject({ kept: 7, gone: 7 });
    state.endProcesses();
    const next = new Meter(template, { name: "ABC1" });
    const again = new Bench(next, { store: await openMemoryStore({}, state) });
    await again.settle();
    expect(next.values(both)).toMatchObject({ kept: 7, gone: 1 });
    expect([...(state.values.get("ABC1")?.values() ?? [])].map(({ attributeId }) => attributeId)).toEqual([2]);
  });
});

describe("the counters of a meter", () => {
  it("are reserved anew while sixteen are left, so that no answer waits for a store that is slow", async () => {
    const store = await openMemoryStore();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const asked: number[] = [];
    const reserve: typeof store.counters.reserve = async (key, atLeast) => {
      asked.push(answered);
      // The first block is there at once.
      if (asked.length > 1) await gate;
      return store.counters.reserve(key, atLeast, asked.length > 1 ? 1024 : 40);
    };
    let answered = 0;
    const value = dataObject("0.0.96.50.1.255", { type: T.unsigned, value: 1 });
    const made = meter({
      ...{ name: "ABC1", objects: [value] },
      associations: {
        own: { client: 48, access: "full", security: hls5({ encryptionKey: ek, authenticationKey: ak, policy: 1 }) },
      },
    });
    const bench = new Bench(made, { store: { ...store, counters: { ...store.counters, reserve } } });
    const client = await bench.client({ client: 48, mechanism: 5, security: protectedClient() }).open();
    expect(client.opened).toBe(true);
    const asking = (async () => {
      for (; answered < 60; answered++) await client.get([1, value.instance, 2]);
    })();
    for (let at = 0; at < 300; at++) await turn();
    // The next block was asked for well before the first was used up, and answers went on until sixteen were left.
    expect(asked).toEqual([0, 0]);
    expect(answered).toBeGreaterThanOrEqual(18);
    expect(answered).toBeLessThan(40 - 16);
    open();
    await asking;
    const used = client.received
      .filter(([tag]) => tag !== undefined && tag >= 0xc8 && tag <= 0xcf)
      .map((pdu) => new DataView(pdu.buffer, pdu.byteOffset).getUint32(3));
    expect(new Set(used).size).toBe(used.length);
    expect(used.length).toBeGreaterThanOrEqual(60);
  });
});

describe("the row of a connection", () => {
  it.each(["server", "store"])("that is IDLE is closed with the %s", async (what) => {
    const state = new MemoryState();
    const store = await openMemoryStore({}, state);
    const value = dataObject("0.0.96.50.1.255", { type: T.unsigned, value: 1 });
    const associations = {
      one: { client: 16, security: none(), access: "full" as const },
      two: { client: 17, security: none(), access: "full" as const },
    };
    const bench = new Bench(meter({ name: "ABC1", objects: [value], associations }), { store });
    await bench.client({ client: 16 }).open();
    bench.clock.advance(61_000);
    await bench.settle();
    await bench.client({ client: 17 }).open();
    const all = ["ACTIVE", "IDLE", "DISCONNECTED"] as const;
    const statuses = () => state.connections.list({ status: all }).map(({ status }) => status);
    expect(statuses()).toEqual(["IDLE", "ACTIVE"]);
    if (what === "server") {
      bench.server.close();
      await bench.server.settled();
      await bench.settle();
    } else await store.close();
    expect(statuses()).toEqual(["DISCONNECTED", "DISCONNECTED"]);
    // Another process finds none that is open.
    expect(await (await openMemoryStore({}, state)).connections.list()).toEqual([]);
  });
});
