import { type Data, type DataLike, dataOf, T, treeOf } from "@dlmskit/apdu";
import {
  dataObject,
  type ImageTransferOptions,
  imageTransfer,
  refuse,
  refuseAndKeep,
  scriptTable,
  singleActionSchedule,
} from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { VirtualClock } from "@dlmskit/transport";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { times } from "../../../test/campaign.ts";
import { every } from "../../../test/zones.ts";
import { Meter, meterTemplate, none, Server, type ServerEvent, SimulatedTime } from "../src/index.ts";
import { Bench, type Client, now0, restarted } from "./a-client.ts";

const instance = "0.0.44.0.0.255";
const version = "1.0.0.2.0.255";
const associations = { open: { client: 16, security: none(), access: "full" as const } };
const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
const nothing: Data = { type: "integer", value: 0 };

function aMeter(options: ImageTransferOptions = {}): Meter {
  const objects = [
    imageTransfer(instance, { blockSize: 8, firmware: version, ...options }),
    dataObject(version, { type: T.octetString, value: octets("FW1") }),
    scriptTable("0.0.10.0.107.255", [
      {
        scriptIdentifier: 1,
        actions: [{ serviceId: 2, classId: 18, instanceId: instance, index: 4, parameter: nothing }],
      },
    ]),
    singleActionSchedule("0.0.15.0.2.255", {
      executedScript: { scriptLogicalName: "0.0.10.0.107.255", scriptSelector: 1 },
      type: 4,
      executionTime: [
        {
          time: { hour: 12, minute: 0, second: 0, hundredths: 0 },
          date: { ...every, year: 2026, month: 11, day: 24, dayOfWeek: null },
        },
      ],
    }),
  ];
  return new Meter(meterTemplate({ objects, associations }), { name: "IMG1" });
}

const initiation = (identifier: string, size: number) =>
  dataOf(T.structure({ identifier: T.octetString, size: T.doubleLongUnsigned }), {
    identifier: octets(identifier),
    size,
  });
const blockOf = (image: Uint8Array, number: number, blockSize = 8) =>
  dataOf(T.structure({ number: T.doubleLongUnsigned, value: T.octetString }), {
    number,
    value: image.subarray(number * blockSize, (number + 1) * blockSize),
  });
const imageOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, at) => (at * 7 + 3) & 0xff);

async function invoke(client: Client, methodId: number, parameters: DataLike = nothing): Promise<string> {
  return client.invoke(18, instance, methodId, treeOf(parameters));
}

async function value(client: Client, attributeId: number, of = instance, classId = 18): Promise<unknown> {
  const [result] = await client.get([classId, of, attributeId]);
  return (treeOf((result as { data: DataLike }).data) as { value: unknown }).value;
}

const firmware = async (client: Client): Promise<string> =>
  new TextDecoder().decode((await value(client, 2, version, 1)) as Uint8Array);

/** What a client and the power supply do to a transfer. */
type Step = { readonly do: "block"; readonly number: number } | { readonly do: "crash" | "verify" | "activate" };

describe("a firmware image over the wire", () => {
  it("O11: blocks lost, repeated and out of order, and a meter that restarts at any time: the image is whole, or its status tells", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.array(
          fc.oneof(
            { weight: 8, arbitrary: fc.record({ do: fc.constant("block" as const), number: fc.nat(8) }) },
            { weight: 2, arbitrary: fc.record({ do: fc.constant("crash" as const) }) },
            { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("verify" as const, "activate" as const) }) },
          ),
          { maxLength: 25 },
        ),
        async (size, steps: readonly Step[]) => {
          const image = imageOf(size);
          const count = Math.ceil(size / 8);
          const state = new MemoryState();
          const seen: Uint8Array[] = [];
          const start = async () =>
            new Bench(
              aMeter({
                verify(found) {
                  seen.push(found.octets);
                  return true;
                },
              }),
              { store: await restarted(state) },
            )
              .client()
              .open();
          let client = await start();
          expect(await invoke(client, 1, initiation("FW2", size))).toBe("success");
          const there = new Set<number>();
          let status = 1;
          const work = async (method: 3 | 4): Promise<void> => {
            const ready = status !== 1 || there.size === count;
            const right = ready && (method === 4 || status < 6);
            expect(await invoke(client, method)).toBe(right ? "success" : "other-reason");
            if (right) status = method === 4 ? 6 : 3;
          };
          for (const step of steps) {
            if (step.do === "crash") client = await start();
            else if (step.do === "block") {
              const { number } = step;
              const right = status === 1 && number < count;
              expect(await invoke(client, 2, blockOf(image, number))).toBe(right ? "success" : "other-reason");
              if (right) there.add(number);
            } else await work(step.do === "verify" ? 3 : 4);
            const bits = Array.from({ length: count }, (_, at) => (there.has(at) ? "1" : "0")).join("");
            const missing = bits.indexOf("0");
            expect([await value(client, 3), await value(client, 4), await value(client, 6)]).toEqual([
              bits,
              missing < 0 ? count : missing,
              status,
            ]);
          }
          for (let number = 0; number < count; number++) {
            if (!there.has(number)) expect(await invoke(client, 2, blockOf(image, number))).toBe("success");
            there.add(number);
          }
          client = await start();
          await work(4);
          client = await start();
          expect([await value(client, 6), await firmware(client)]).toEqual([6, "FW2"]);
          expect(seen.at(-1)).toEqual(image);
        },
      ),
      { numRuns: times(30) },
    ));

  it("15.6: an answer that is no success keeps what it tells of: status 2 or 4, also for the meter's own program", async () => {
    const bench = new Bench(aMeter({ verify: () => false }), { store: await openMemoryStore() });
    const client = await bench.client().open();
    const image = imageOf(8);
    await invoke(client, 1, initiation("FW2", 8));
    await invoke(client, 2, blockOf(image, 0));
    expect([await invoke(client, 3), await value(client, 6)]).toEqual(["other-reason", 4]);
    await invoke(client, 2, blockOf(image, 0));
    expect(await value(client, 6)).toBe(1);
    const meter = aMeter({ verify: () => false });
    const [object] = meter.template.devices.get(1)?.objects ?? [];
    if (object === undefined) throw new Error("no object");
    await meter.invoke(object, 1, treeOf(initiation("FW2", 8)));
    await meter.invoke(object, 2, treeOf(blockOf(image, 0)));
    expect(() => meter.invoke(object, 3)).toThrow(expect.objectContaining({ code: "other-reason" }));
    expect(meter.live.values(object).imageTransferStatus).toBe(4);
  });

  it("keeps what a refusal keeps, of its own item alone", async () => {
    const count = (instanceId: string, why?: () => Error) =>
      dataObject(
        instanceId,
        { type: T.unsigned, value: 0 },
        {
          write: {
            value(values, written) {
              values.value = written;
              if (why !== undefined) throw why();
            },
          },
        },
      );
    const objects = [
      count("0.0.96.1.0.255"),
      count("0.0.96.1.1.255", () => refuse("temporary-failure")),
      count("0.0.96.1.2.255", () => refuseAndKeep("temporary-failure")),
    ];
    const meter = new Meter(meterTemplate({ objects, associations }), { name: "IMG1" });
    const client = await new Bench(meter, { store: await openMemoryStore() }).client().open();
    const items = objects.map(({ instance: instanceId }) => ({
      attribute: { classId: 1, instanceId, attributeId: 2 },
      value: { type: "unsigned", value: 7 } as const,
    }));
    expect(await client.request({ service: "set", items })).toEqual([
      "success",
      "temporary-failure",
      "temporary-failure",
    ]);
    expect(objects.map((object) => meter.live.values(object).value)).toEqual([7, 0, 7]);
  });

  it("15.6: blocks and verification in one request", async () => {
    const bench = new Bench(aMeter(), { store: await openMemoryStore() });
    const client = await bench.client().open();
    const image = imageOf(16);
    await invoke(client, 1, initiation("FW2", 16));
    const methods = [
      [2, blockOf(image, 0)],
      [2, blockOf(image, 1)],
      [3, nothing],
    ] as const;
    const items = methods.map(([methodId, parameters]) => ({
      method: { classId: 18, instanceId: instance, methodId },
      parameters,
    }));
    const results = await client.request({ service: "action", items });
    expect(results).toMatchObject([{ result: "success" }, { result: "success" }, { result: "success" }]);
    expect(await value(client, 6)).toBe(3);
  });
});

const minute = 60_000;

describe("a firmware image in time", () => {
  /** One process after another that has the meter, in simulated time that goes on. */
  function lives(options: ImageTransferOptions) {
    const state = new MemoryState();
    const events: ServerEvent[] = [];
    let now = now0;
    return {
      events,
      async live(ms: number, first: (meter: Meter) => Promise<void> = async () => undefined) {
        const machine = new VirtualClock();
        const meter = aMeter(options);
        const server = new Server({
          meters: meter,
          clock: machine,
          time: new SimulatedTime({ source: () => machine.now(), start: now }),
          store: await restarted(state),
          events: (event) => void events.push(event),
        });
        const leave = meter.use();
        await meter.enter(undefined);
        await first(meter);
        await machine.advanceAsync(ms);
        await meter.settled();
        now += ms;
        const [object, shown] = meter.template.devices.get(1)?.objects ?? [];
        if (object === undefined || shown === undefined) throw new Error("no object");
        const status = meter.live.values(object).imageTransferStatus;
        const firmwareNow = new TextDecoder().decode(meter.live.values(shown).value as Uint8Array);
        leave();
        await server.close();
        return [status, firmwareNow];
      },
      async load(meter: Meter, last?: 3 | 4): Promise<void> {
        const [object] = meter.template.devices.get(1)?.objects ?? [];
        if (object === undefined) throw new Error("no object");
        const image = imageOf(20);
        await meter.invoke(object, 1, treeOf(initiation("FW2", 20)));
        for (const number of [0, 1, 2]) await meter.invoke(object, 2, treeOf(blockOf(image, number)));
        if (last !== undefined) await meter.invoke(object, last);
      },
    };
  }

  it("15.9: verification and activation go on after a restart of the process, and end in time", async () => {
    const { live, load } = lives({ verificationTime: 120, activationTime: 300 });
    expect(await live(minute, (meter) => load(meter, 4))).toEqual([2, "FW1"]);
    expect(await live(2 * minute)).toEqual([5, "FW1"]);
    expect(await live(3 * minute)).toEqual([5, "FW1"]);
    expect(await live(2 * minute)).toEqual([6, "FW2"]);
  });

  it("1.3: verification and activation last as long whatever the clock is set to meanwhile", async () => {
    for (const hours of [1, -1]) {
      const { live, load } = lives({ verificationTime: 120, activationTime: 300 });
      const set = async (meter: Meter) => meter.setClock(meter.now + hours * 60 * minute);
      expect(await live(minute, (meter) => load(meter, 4))).toEqual([2, "FW1"]);
      expect(await live(0.9 * minute, set)).toEqual([2, "FW1"]);
      expect(await live(0.2 * minute)).toEqual([5, "FW1"]);
      expect(await live(4 * minute, set)).toEqual([5, "FW1"]);
      expect(await live(minute)).toEqual([6, "FW2"]);
    }
  });

  it("15.8: is activated by a Single action schedule and a script, at its time and not before", async () => {
    const { live, load, events } = lives({ activationTime: 60 });
    // It is half past eight.
    expect(await live(3 * 60 * minute, (meter) => load(meter, 3))).toEqual([3, "FW1"]);
    expect(await live(30.5 * minute)).toEqual([5, "FW1"]);
    expect(await live(minute)).toEqual([6, "FW2"]);
    expect(events.filter(({ type }) => type === "hook-failed")).toEqual([]);
  });

  it("1.4: a scheduled activation without an image is an event", async () => {
    const { live, events } = lives({});
    expect(await live(4 * 60 * minute)).toEqual([0, "FW1"]);
    expect(events.filter(({ type }) => type === "hook-failed")).not.toEqual([]);
  });

  it("a verification that throws is a failed one, and an event", async () => {
    const { live, load, events } = lives({
      verificationTime: 1,
      verify: () => Promise.reject(new Error("flash")),
    });
    expect(await live(minute, (meter) => load(meter, 3))).toEqual([4, "FW1"]);
    expect(events.flatMap((event) => (event.type === "hook-failed" ? [event.what] : []))).toEqual([
      `the verification by ${instance}`,
    ]);
  });
});

describe("a meter that restarts to activate an image", () => {
  const options = { activationTime: 60, restarts: true };

  async function loaded(state: MemoryState, more: ImageTransferOptions = {}) {
    const meter = aMeter({ ...options, ...more });
    const bench = new Bench(meter, { store: await restarted(state) });
    const client = await bench.client().open();
    const image = imageOf(8);
    await invoke(client, 1, initiation("FW2", 8));
    await invoke(client, 2, blockOf(image, 0));
    await invoke(client, 3);
    return { bench, client, meter };
  }

  async function pass(bench: Bench, ms: number): Promise<void> {
    await bench.clock.advanceAsync(ms);
    await bench.settle();
  }

  it("15.8: answers first, drops its associations, is silent, and comes back with the new version", async () => {
    for (const activationAnswer of ["temporary-failure", "success"] as const) {
      const { bench, client } = await loaded(new MemoryState(), { activationAnswer });
      expect([await invoke(client, 4), await value(client, 6)]).toEqual([activationAnswer, 5]);
      await pass(bench, 1000);
      expect(client.closed).toBe(true);
      await pass(bench, 50_000);
      expect((await bench.client().open()).opened).toBe(false);
      await pass(bench, 10_000);
      const again = await bench.client().open();
      expect([await value(again, 6), await firmware(again)]).toEqual([6, "FW2"]);
    }
  });

  it("1.3: is silent as long whatever its clock is set to meanwhile", async () => {
    for (const hours of [1, -1]) {
      const { bench, client, meter } = await loaded(new MemoryState());
      await invoke(client, 4);
      await pass(bench, 5000);
      await meter.setClock(meter.now + hours * 60 * minute);
      await pass(bench, 50_000);
      expect((await bench.client().open()).opened).toBe(false);
      await pass(bench, 6000);
      const again = await bench.client().open();
      expect([await value(again, 6), await firmware(again)]).toEqual([6, "FW2"]);
    }
  });

  it("15.8: comes back with the old version where the activation fails", async () => {
    const { bench, client } = await loaded(new MemoryState(), { activate: () => false });
    await invoke(client, 4);
    await pass(bench, 61_000);
    const again = await bench.client().open();
    expect([await value(again, 6), await firmware(again)]).toEqual([7, "FW1"]);
  });

  it("15.9: is silent after a restart of the process, too, until its time is over", async () => {
    const state = new MemoryState();
    const { bench, client } = await loaded(state);
    await invoke(client, 4);
    await pass(bench, 5000);
    const benches: Bench[] = [];
    const time = new SimulatedTime({ source: () => benches[0]?.clock.now() ?? 0, start: now0 + 20_000 });
    const second = new Bench(aMeter(options), { store: await restarted(state), time });
    benches.push(second);
    expect((await second.client().open()).opened).toBe(false);
    await pass(second, 60_000);
    const again = await second.client().open();
    expect([await value(again, 6), await firmware(again)]).toEqual([6, "FW2"]);
  });
});
