import type { Data } from "@dlmskit/apdu";
import { PushListener } from "@dlmskit/client";
import { type AttributeValue, openMemoryStore } from "@dlmskit/storage";
import { type Duplex, memoryPair } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { Control, Watch } from "../src/control.ts";
import {
  openTruth,
  parseCampaign,
  parseFaults,
  parseTemplate,
  type SimulatorOptions,
  scoreCampaign,
  templateText,
  truth,
  truthJson,
} from "../src/index.ts";
import { type Bottle, bottled, day, hour, listed, now0, readBy, stepTo } from "./bottle.ts";

const at = (hours: number): string => new Date(now0 + hours * hour).toISOString();
const statusWord = "0.0.94.91.18.255";
const statusFilter = "0.0.94.91.26.255";
const tamperCount = "0.0.94.91.0.255";
const otherLog = "0.0.99.98.4.255";
const alarm1 = "0.0.97.98.0.255";

/** A meter without events of the supply. */
async function met(faults: readonly object[], options: SimulatorOptions = {}) {
  const store = options.store ?? (await openMemoryStore());
  await store.powerQualityEvents.addIfEmpty([
    { ...{ eventType: "INTERRUPTION", probability: 0, minDuration: 600, maxDuration: 600, affectedPhases: [] } },
  ]);
  const watch = new Watch();
  // What arrives is of no concern, but it is taken.
  const line = (): Duplex => {
    const [here, there] = memoryPair({ clock: bottle.clock });
    const keys = { encryptionKey: new Uint8Array(16), authenticationKey: new Uint8Array(16) };
    const link = () => new WrapperServerLink({ end: "client" });
    new PushListener({ clock: bottle.clock, link, keys: () => keys, received: () => undefined }).accept(there);
    return here;
  };
  const bottle: Bottle = await bottled(
    watch.options({
      ...{ network: null, commissioned: now0 - 3 * day, push: "tcp://192.0.2.7:4061" },
      pushTransports: { tcp: { dial: async () => line(), link: () => new WrapperServerLink() } },
      ...options,
      ...{ store, faults: parseFaults({ faults }) },
    }),
  );
  const { simulator } = bottle;
  const value = async (instanceId: string): Promise<unknown> =>
    ((await readBy(simulator, 0, { classId: 1, instanceId, attributeId: 2 })) as { value?: unknown }).value;
  const write = (instanceId: string, data: Data): Promise<void> =>
    simulator.using(0, async (meter) => meter.set({ classId: 1, instanceId, attributeId: 2 }, data));
  /** The bits that are set. */
  const bits = async (): Promise<readonly number[]> =>
    [...((await value(statusWord)) as string)].flatMap((bit, n) => (bit === "1" ? [n] : []));
  const rows = async (instanceId: string): Promise<readonly unknown[][]> => {
    const read = (await readBy(simulator, 0, { classId: 7, instanceId, attributeId: 2 })) as Data & { type: "array" };
    return read.value.map((row) =>
      (row as Data & { type: "structure" }).value.map((cell) => (cell as { value?: unknown }).value),
    );
  };
  const pushes = async (): Promise<number> =>
    Object.values(await store.messageQueue.counts()).reduce((sum, count) => sum + count, 0);
  const to = (hours: number) => stepTo(bottle, now0 + hours * hour);
  /** Two minutes pass, with what is sent in them. */
  const pass = async (): Promise<void> => {
    for (let second = 0; second < 120; second++) {
      await bottle.clock.advanceAsync(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { ...bottle, pass, control: new Control(simulator, watch), value, write, bits, rows, pushes, to };
}

describe("tampering, IS 15959", () => {
  it.each([
    ["cover-opened", 83, "0.0.99.98.5.255", true],
    ["magnet", 81, otherLog, false],
    ["neutral-disturbed", 82, otherLog, false],
  ] as const)("%s: log, status word, tamper count and push tell of it together", async (fault, bit, log, stays) => {
    for (const template of ["is15959-d1", "is15959-d2"]) {
      const { simulator, value, bits, rows, pushes, to, pass } = await met([{ fault, start: at(1), end: at(3) }], {
        template,
      });
      expect([await bits(), await value(tamperCount), await pushes()]).toEqual([[], 0, 0]);
      await to(2);
      expect([await bits(), await value(tamperCount), (await rows(log)).length]).toEqual([[bit], 1, 1]);
      // Each meter draws a delay of up to a minute.
      await pass();
      expect(await pushes()).toBe(1);
      await to(4);
      expect([await bits(), await value(tamperCount)]).toEqual([stays ? [bit] : [], 1]);
      await pass();
      expect(await pushes()).toBe(stays ? 1 : 2);
      expect(simulator.explain(0).faults[0]).toMatchObject({ fault, state: "over", times: 1 });
      await simulator.close();
    }
  });

  it("counts each occurrence once, and the rows of a log have the count of their time", async () => {
    const { simulator, value, rows, bits, to } = await met([
      { name: "one", fault: "magnet", start: at(1), end: at(2) },
      { name: "two", fault: "magnet", start: at(3), end: at(5) },
      { fault: "neutral-disturbed", start: at(4) },
    ]);
    await to(6);
    expect([await value(tamperCount), await bits()]).toEqual([3, [82]]);
    const codes = await rows(otherLog);
    expect(codes.map((row) => [row[1], row[7]])).toEqual([
      [201, 1],
      [202, 1],
      [201, 2],
      [203, 3],
      [202, 3],
    ]);
    await simulator.close();
  });

  it("pushes nothing for a bit that the filter does not allow", async () => {
    const { simulator, write, bits, pushes, to } = await met([{ fault: "magnet", start: at(1), end: at(3) }]);
    await write(statusFilter, {
      type: "bit-string",
      value: [..."1".repeat(128)].map((one, n) => (n === 81 ? "0" : one)).join(""),
    });
    await to(4);
    expect([await bits(), await pushes()]).toEqual([[], 0]);
    await simulator.close();
  });

  it("pushes nothing until somebody says where to", async () => {
    const { simulator, bits, pushes, to } = await met([{ fault: "magnet", start: at(1) }], {
      push: undefined,
    } as never);
    await to(2);
    expect([await bits(), await pushes()]).toEqual([[81], 0]);
    await simulator.close();
  });

  it("lengthens a status word that is too short for the bit, and leaves one that does not have the bit anyway", async () => {
    const { simulator, to } = await met([{ fault: "magnet", start: at(1), end: at(3) }]);
    /** The word that the meter keeps, without what it computes. */
    const kept = (text?: string): Promise<unknown> =>
      simulator.using(0, (meter) =>
        meter.change(async (device) => {
          const value = { type: "bit-string", value: text ?? "" } as const;
          if (text !== undefined) await device.set({ classId: 1, instanceId: statusWord, attributeId: 2 }, value);
          return device.values(device.find(1, statusWord) as never).value;
        }),
      );
    await kept("0110");
    await to(2);
    expect(await kept()).toBe(`0110${"0".repeat(77)}1`);
    await kept("0110");
    await to(4);
    expect(await kept()).toBe("0110");
    await simulator.close();
  });

  it("is told by the control, too", async () => {
    const { simulator, control, value, bits } = await met([]);
    await control.fire(simulator.fleet.serial(0), { log: otherLog, code: 203 });
    expect([await value(tamperCount), await bits()]).toEqual([1, [82]]);
    await control.fire(simulator.fleet.serial(0), { log: otherLog, code: 204 });
    expect([await value(tamperCount), await bits()]).toEqual([1, []]);
    await simulator.close();
  });

  it("lasts over a restart of the process: nothing is entered or counted again, and what ended meanwhile ends", async () => {
    const store = await openMemoryStore();
    const faults = [
      { fault: "magnet", end: at(4) },
      { fault: "cover-opened", start: at(1) },
    ];
    const one = await met(faults, { store });
    await one.to(2);
    expect([await one.value(tamperCount), await one.bits()]).toEqual([2, [81, 83]]);
    await one.simulator.close();
    const two = await met(faults, { store, start: now0 + 3 * hour });
    await two.to(3.5);
    expect([await two.value(tamperCount), await two.bits(), (await two.rows(otherLog)).length]).toEqual([
      2,
      [81, 83],
      1,
    ]);
    await two.simulator.close();
    const three = await met(faults, { store, start: now0 + 5 * hour });
    await three.to(6);
    expect([await three.value(tamperCount), await three.bits()]).toEqual([2, [83]]);
    expect((await three.rows(otherLog)).map((row) => row[1])).toEqual([201, 202]);
    await three.simulator.close();
  });
});

describe("the tamper count of a meter whose log has dropped its oldest entries", () => {
  /** A meter with 12 tampers more than its log keeps, half of them of another log. */
  async function tampered(template?: SimulatorOptions["template"]) {
    const store = await openMemoryStore();
    const options = { store, push: undefined, ...(template && { template }) } as never as SimulatorOptions;
    const { simulator, control, value } = await met([], options);
    const serial = simulator.fleet.serial(0);
    await control.fire(serial, { log: "0.0.99.98.5.255", code: 251 });
    for (let n = 0; n < 1011; n++) await control.fire(serial, { log: otherLog, code: 201 });
    const before = await value(tamperCount);
    const kept = await store.events.list({ meterId: simulator.fleet.meterId(0), instanceId: otherLog, limit: 5000 });
    expect(kept).toHaveLength(1000);
    await simulator.close();
    const again = (hours: number) => met([], { ...options, start: now0 + hours * hour });
    return { before, store, meterId: simulator.fleet.meterId(0), again };
  }

  it("does not fall when the process starts again, and goes on from there", async () => {
    const { before, again } = await tampered();
    expect(before).toBe(1012);
    for (const [hours, count] of [
      [1, 1012],
      [2, 1013],
    ] as const) {
      const { simulator, control, value } = await again(hours);
      expect(await value(tamperCount)).toBe(count);
      await control.fire(simulator.fleet.serial(0), { log: otherLog, code: 201 });
      expect(await value(tamperCount)).toBe(count + 1);
      const { Teller } = await import("../src/truth/truth.ts");
      const told = await (await Teller.open(simulator)).meter(0);
      const attribute = { classId: 1, instanceId: tamperCount, attributeId: 2 } as const;
      expect(await told.get(now0 + (hours + 1) * hour, attribute)).toMatchObject({ value: count + 1 });
      await simulator.close();
    }
  });

  it("does not have the value that the template has for it, either", async () => {
    const form = JSON.parse(await templateText("is15959-d2"));
    const counter = form.objects.find(({ instanceId }: { instanceId: string }) => instanceId === tamperCount);
    counter.attributes[2] = { type: "double-long-unsigned", value: 40, follows: tamperCount };
    const { before, again } = await tampered(parseTemplate(form));
    expect(before).toBe(1012);
    const { simulator, value } = await again(1);
    expect(await value(tamperCount)).toBe(before);
    await simulator.close();
  });

  it("is that of the entries which it keeps, if the store has a count that cannot be read", async () => {
    const { store, meterId, again } = await tampered();
    const [kept] = (await store.values.of(meterId)).filter(({ instanceId }) => instanceId === tamperCount);
    await store.values.put([{ ...(kept as AttributeValue), encoded: Uint8Array.of(6, 0) }]);
    const { simulator, value } = await again(1);
    expect(await value(tamperCount)).toBe(1001);
    const { Teller } = await import("../src/truth/truth.ts");
    const told = await (await Teller.open(simulator)).meter(0);
    const attribute = { classId: 1, instanceId: tamperCount, attributeId: 2 } as const;
    expect(await told.get(now0 + 2 * hour, attribute)).toMatchObject({ value: 1001 });
    await simulator.close();
  });

  it("needs no value in the template", async () => {
    const own = parseTemplate(await templateText("is15959-d2"));
    const objects = () => own.objects().map((one) => (one.instance === tamperCount ? { ...one, values: {} } : one));
    const { simulator } = await met([], { push: undefined, template: { ...own, objects } } as never);
    await simulator.close();
  });
});

describe("alarm registers of IDIS and DSMR", () => {
  it.each([
    ["dsmr-5", "mbus-tamper", { channel: 1 }, 20],
    ["dsmr-5", "mbus-tamper", { channel: 3 }, 22],
    ["dsmr-5", "magnet", {}, 13],
    ["dsmr-5", "mbus-battery-low", { channel: 1 }, undefined],
    ["idis-2", "mbus-battery-low", { channel: 2 }, 29],
    ["idis-2", "mbus-tamper", { channel: 4 }, 23],
    ["idis-2", "cover-opened", {}, 13],
    ["idis-2", "battery-low", {}, 1],
  ] as const)(
    "%s, %s: the bit is set, and a push says so where the filter allows it",
    async (template, fault, parameters, bit) => {
      const faults = [{ fault, with: parameters, start: at(1), end: at(2) }];
      const expected = bit === undefined ? 0 : 2 ** bit;
      const quiet = await met(faults, { template });
      await quiet.to(3);
      // The bit stays after the end: a client resets the register.
      expect([await quiet.value(alarm1), await quiet.pushes()]).toEqual([expected, 0]);
      await quiet.write(alarm1, { type: "double-long-unsigned", value: 0 });
      expect(await quiet.value(alarm1)).toBe(0);
      await quiet.simulator.close();
      const loud = await met(faults, { template });
      await loud.write("0.0.97.98.10.255", { type: "double-long-unsigned", value: 0xffffffff });
      await loud.to(3);
      expect([await loud.value(alarm1), await loud.pushes()]).toEqual([expected, bit === undefined ? 0 : 1]);
      if (template === "idis-2") expect(await loud.value("0.0.97.98.20.255")).toBe(expected);
      await loud.simulator.close();
    },
  );

  it.each([
    ["long-unsigned", 1 + 2 ** 13],
    ["unsigned", 1],
  ])("of type %s gets the bit if it has it, and the log has the entry", async (type, expected) => {
    const form = JSON.parse(await templateText("idis-2"));
    const register = form.objects.find(({ instanceId }: { instanceId: string }) => instanceId === alarm1);
    register.attributes[2] = { type, value: 1 };
    const faults = [{ fault: "cover-opened", start: at(1) }];
    const { simulator, value, rows, to } = await met(faults, { template: parseTemplate(form) });
    await to(2);
    expect([await value(alarm1), (await rows("0.0.99.98.1.255")).length]).toEqual([expected, 1]);
    await simulator.close();
  });

  it("a missing neutral is in alarm register 2 of IDIS, and in nothing of DSMR, whose event 89 is another one", async () => {
    const faults = [{ fault: "neutral-disturbed", start: at(1) }];
    const idis = await met(faults, { template: "idis-2" });
    await idis.to(2);
    expect(await idis.value("0.0.97.98.1.255")).toBe(2 ** 8);
    await idis.simulator.close();
    const dsmr = await met(faults, { template: "dsmr-5" });
    await dsmr.to(2);
    expect([await dsmr.rows("0.0.99.98.0.255"), await dsmr.value("0.0.97.98.1.255")]).toEqual([[], 0]);
    await dsmr.simulator.close();
  });
});

describe("the known truth of tampering", () => {
  const faults = [
    { fault: "magnet", start: at(1), end: at(3) },
    { fault: "cover-opened", start: at(2) },
    { fault: "mbus-tamper", start: at(2) },
  ];
  const period = { from: now0, to: now0 + 6 * hour };

  for (const template of ["is15959-d1", "is15959-d2", "idis-2"]) {
    it(`of ${template} is the same with the store and with the faults file alone, and scores what is read`, async () => {
      const { simulator, value, to, store } = await met(faults, { template, start: now0 });
      await to(6);
      const events = async (source: Parameters<typeof truth>[0]) =>
        (await listed(truth(source, period))).filter(({ kind }) => kind === "event" || kind === "row");
      const served = await events(simulator);
      const rules = await openMemoryStore();
      await rules.powerQualityEvents.add(...((await store.powerQualityEvents.list()) as [never]));
      const alone = await openTruth({
        ...{ template, seed: "test", start: now0, commissioned: now0 - 3 * day, network: null, store: rules },
        faults: parseFaults({ faults }),
      });
      expect(await events(alone)).toEqual(served);
      const name = template === "idis-2" ? alarm1 : statusWord;
      const type = template === "idis-2" ? "double-long-unsigned" : "bit-string";
      const reading = JSON.stringify({
        ...{ meter: simulator.fleet.serial(0), classId: 1, instanceId: name, attributeId: 2, at: at(6) },
        value: { type, value: await value(name) },
      });
      const lines: string[] = [];
      for await (const line of truthJson(truth(simulator, { ...period, profiles: [otherLog] })))
        lines.push(line.trim());
      const scoring = scoreCampaign(alone, parseCampaign([...lines.flatMap((line) => line.split("\n")), reading]), {
        ...period,
        faults: parseFaults({ faults }),
      });
      let step = await scoring.next();
      while (step.done !== true) step = await scoring.next();
      expect(step.value).toMatchObject({ asExpected: true, wrong: 0, unexpected: 0, missing: 0 });
      await simulator.close();
    });
  }

  it("at an instant before and after, the word and the count are those of that instant", async () => {
    const { simulator, to } = await met(faults, { start: now0 });
    await to(6);
    const { Teller } = await import("../src/truth/truth.ts");
    const meter = await (await Teller.open(simulator)).meter(0);
    const read = async (hours: number, instanceId: string) =>
      ((await meter.get(now0 + hours * hour, { classId: 1, instanceId, attributeId: 2 })) as { value: unknown }).value;
    const state = async (hours: number) => [
      ((await read(hours, statusWord)) as string).slice(81, 84),
      await read(hours, tamperCount),
      await read(hours, "0.0.96.11.4.255"),
    ];
    expect(await state(5)).toEqual(["001", 2, 202]);
    expect(await state(0.5)).toEqual(["000", 0, 0]);
    expect(await state(2.5)).toEqual(["101", 2, 201]);
    await simulator.close();
  });
});
