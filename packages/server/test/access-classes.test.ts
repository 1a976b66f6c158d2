import { T } from "@dlmskit/apdu";
import { fromAscii } from "@dlmskit/core";
import {
  arbitrator,
  arrayManager,
  clock as clockObject,
  communicationPortProtection,
  dataObject,
  functionControl,
  type PortProtectionOptions,
  profileGeneric,
  register,
  scriptTable,
  singleActionSchedule,
} from "@dlmskit/cosem-objects";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { every } from "../../../test/zones.ts";
import { lls, Meter, meterTemplate, none } from "../src/index.ts";
import { Bench, type Client, restarted } from "./a-client.ts";

const name = (text: string) => ({ type: "octet-string", value: fromAscii(text) }) as const;
const structure = (...value: never[]) => ({ type: "structure", value }) as never;
const array = (...value: never[]) => ({ type: "array", value }) as never;
const flag = (value: boolean) => ({ type: "boolean", value });

describe("Function control over the wire", () => {
  const energy = "1.0.1.8.0.255";
  const load = "1.0.99.1.0.255";
  const control = "0.0.44.1.0.255";

  function served(state: MemoryState) {
    const time = clockObject();
    const value = register(
      energy,
      { type: T.unsigned, value: 7, unit: "Wh" },
      {
        invoke: {
          reset(values) {
            values.value = 0;
          },
        },
      },
    );
    const objects = [
      time,
      value,
      profileGeneric(load, { capture: [time, value], entries: 100 }),
      scriptTable("0.0.10.0.1.255", [
        {
          scriptIdentifier: 1,
          actions: [
            { serviceId: 2, classId: 3, instanceId: energy, index: 1, parameter: { type: "integer", value: 0 } },
          ],
        },
      ]),
      singleActionSchedule("0.0.15.0.1.255", {
        executedScript: { scriptLogicalName: "0.0.10.0.1.255", scriptSelector: 1 },
        executionTime: [{ time: { hour: null, minute: null, second: 0, hundredths: 0 }, date: every }],
      }),
      functionControl(control, [
        { name: fromAscii("meter"), objects: [value] },
        { name: fromAscii("bill"), objects: [{ classId: 22, instanceId: "0-0:15.0.1" }], enabled: false },
      ]),
    ];
    const template = meterTemplate({
      objects,
      associations: { open: { client: 16, security: none(), access: "full" } },
    });
    return (async () => {
      const bench = new Bench(new Meter(template, { name: "FUN1" }), { store: await restarted(state) });
      return { bench, client: await bench.client().open() };
    })();
  }
  const set = (client: Client, ...status: (readonly [string, boolean])[]) =>
    client.invoke(
      122,
      control,
      1,
      array(...(status.map(([of, on]) => structure(name(of) as never, flag(on) as never)) as never[])),
    );

  it("22.2: a disabled function's objects are unavailable, by every way, and come back; kept over a restart", async () => {
    const state = new MemoryState();
    const { client } = await served(state);
    expect(await set(client, ["meter", false])).toBe("success");
    const again = (await served(state)).client;
    const read = () => again.get([3, energy, 2], [3, energy, 3]);
    expect(await read()).toEqual([{ error: "object-unavailable" }, { error: "object-unavailable" }]);
    expect(await again.invoke(3, energy, 1)).toBe("object-unavailable");
    // A script of the meter itself does not reach it either.
    expect(await again.invoke(9, "0.0.10.0.1.255", 1, { type: "long-unsigned", value: 1 })).toBe("object-unavailable");
    expect(await set(again, ["meter", true])).toBe("success");
    expect(await again.get([3, energy, 2])).toMatchObject([{ data: expect.anything() }]);
    expect(await again.invoke(3, energy, 1)).toBe("success");
  });

  it("22.2: an unknown name refuses all of a call", async () => {
    const { client } = await served(new MemoryState());
    expect(await set(client, ["meter", false], ["other", true])).toBe("other-reason");
    expect(await client.get([3, energy, 2])).toMatchObject([{ data: expect.anything() }]);
  });

  it("22.2: a disabled object does nothing in time, and goes on when it is enabled", async () => {
    const { bench, client } = await served(new MemoryState());
    const value = async () => JSON.stringify((await client.get([3, energy, 2]))[0]);
    const before = await value();
    bench.clock.advance(120_000);
    await bench.settle();
    expect(await value()).toBe(before);
    expect(await set(client, ["bill", true])).toBe("success");
    bench.clock.advance(60_000);
    await bench.settle();
    expect(await value()).not.toBe(before);
  });

  it("22.2: add_function replaces the same name and begins disabled, remove_function frees its objects", async () => {
    const { client } = await served(new MemoryState());
    const definition = (of: string, ...objects: never[]) => structure(name(of) as never, array(...objects));
    const one = (classId: number, instanceId: number[]) =>
      structure(
        { type: "long-unsigned", value: classId } as never,
        { type: "octet-string", value: Uint8Array.from(instanceId) } as never,
      );
    expect(await client.invoke(122, control, 2, definition("meter", one(7, [1, 0, 99, 1, 0, 255])))).toBe("success");
    expect(await client.get([3, energy, 2], [7, load, 4])).toMatchObject([
      { data: expect.anything() },
      { error: "object-unavailable" },
    ]);
    expect(await client.invoke(122, control, 3, definition("none"))).toBe("other-reason");
    expect(await client.invoke(122, control, 3, definition("meter"))).toBe("success");
    expect(await client.get([7, load, 4])).toMatchObject([{ data: expect.anything() }]);
    // The Function control cannot lock itself away.
    expect(await client.invoke(122, control, 2, definition("all", one(122, [0, 0, 44, 1, 0, 255])))).toBe("success");
    expect(await client.get([122, control, 2])).toMatchObject([{ data: expect.anything() }]);
  });
});

describe("Communication port protection over the wire", () => {
  const instance = "0.0.44.2.0.255";
  const limits = { failedAuthentications: 1000 };

  async function served(options: Partial<PortProtectionOptions> = {}, state = new MemoryState()) {
    const template = meterTemplate({
      objects: [communicationPortProtection(instance, { portReference: "0.0.25.0.0.255", ...options })],
      associations: {
        public: { client: 16, security: none(), access: "read" },
        reader: { client: 32, security: lls("12345678"), access: "full" },
      },
    });
    const meter = new Meter(template, { name: "PRT1" });
    const bench = new Bench(meter, { store: await restarted(state), limits });
    const open = async (password?: string) => {
      const more = password === undefined ? {} : { client: 32, mechanism: 1 as const, secret: fromAscii(password) };
      const client = await bench.client(more).open();
      return client;
    };
    const result = async (password?: string): Promise<string> => {
      const client = await open(password);
      return client.opened ? "opened" : client.closed ? "dropped" : "refused";
    };
    const value = (attribute: string) => {
      const object = template.devices.get(1)?.byName.get(instance);
      return object && meter.live.values(object)[attribute];
    };
    return { bench, meter, open, result, value };
  }

  it("22.4: after the allowed failed attempts the port locks for a growing time; one attempt is allowed after it", async () => {
    const { bench, result, value } = await served({ initialLockoutTime: 10, steepnessFactor: 3, maxLockoutTime: 50 });
    for (let at = 0; at < 3; at++) {
      expect(value("protectionStatus")).toBe(0);
      expect(await result("wrong-one")).toBe("refused");
    }
    // 10, 30, then 50 seconds at most.
    for (const seconds of [10, 30, 50, 50]) {
      expect([value("protectionStatus"), await result("12345678"), await result()]).toEqual([1, "dropped", "dropped"]);
      bench.clock.advance((seconds - 1) * 1000);
      await bench.settle();
      expect(value("protectionStatus")).toBe(1);
      bench.clock.advance(1000);
      await bench.settle();
      expect(value("protectionStatus")).toBe(0);
      expect(await result("wrong-one")).toBe("refused");
    }
    expect([value("failedAttempts"), value("cumulativeFailedAttempts")]).toEqual([7, 7]);
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: "refused", fault: expect.objectContaining({ code: "port-locked" }) }),
    );
  });

  it("1.3: a lock-out lasts as long whatever the clock is set to meanwhile, and its whole time again after a power failure", async () => {
    for (const hours of [1, -1]) {
      const { bench, meter, result, value } = await served({ allowedFailedAttempts: 1, initialLockoutTime: 60 });
      const pass = async (seconds: number): Promise<void> => {
        bench.clock.advance(seconds * 1000);
        await bench.settle();
      };
      await result("wrong-one");
      await pass(10);
      await meter.setClock(meter.now + hours * 3_600_000);
      await pass(45);
      expect([value("protectionStatus"), await result("12345678")]).toEqual([1, "dropped"]);
      await pass(5);
      expect([value("protectionStatus"), await result("12345678")]).toEqual([0, "opened"]);
      await result("wrong-one");
      await pass(30);
      await meter.powerDown();
      await pass(120);
      await meter.powerUp();
      await pass(55);
      expect(value("protectionStatus")).toBe(1);
      await pass(5);
      expect(value("protectionStatus")).toBe(0);
    }
  });

  it("22.4: success clears failed_attempts, the public client does not, and the cumulative count never falls", async () => {
    const { result, value } = await served();
    for (const password of ["wrong-one", "wrong-two"]) await result(password);
    expect(await result()).toBe("opened");
    expect(value("failedAttempts")).toBe(2);
    expect(await result("12345678")).toBe("opened");
    expect([value("failedAttempts"), value("cumulativeFailedAttempts")]).toEqual([0, 2]);
  });

  it("22.4: what is open stays open, and its reset unlocks; the lock is kept over a restart", async () => {
    const state = new MemoryState();
    const { open, result, value } = await served({ allowedFailedAttempts: 1 }, state);
    const client = await open("12345678");
    await result("wrong-one");
    expect(value("protectionStatus")).toBe(1);
    const restartedMeter = await served({ allowedFailedAttempts: 1 }, state);
    expect(await restartedMeter.result("12345678")).toBe("dropped");
    const other = await served({ allowedFailedAttempts: 1 });
    const rightful = await other.open("12345678");
    await other.result("wrong-one");
    expect(await rightful.invoke(124, instance, 1)).toBe("success");
    expect([other.value("protectionStatus"), other.value("failedAttempts")]).toEqual([0, 0]);
    expect(await other.result("12345678")).toBe("opened");
    expect(client.closed).toBe(false);
  });

  it("22.4: mode 0 is locked, mode 2 never locks", async () => {
    expect(await (await served({ mode: 0 })).result("12345678")).toBe("dropped");
    const { result, value, open } = await served({ mode: 2, allowedFailedAttempts: 1 });
    for (let at = 0; at < 4; at++) expect(await result("wrong-one")).toBe("refused");
    const client = await open("12345678");
    expect(await client.set(124, instance, 2, { type: "enum", value: 0 })).toBe("success");
    expect([value("protectionStatus"), await result("12345678")]).toEqual([2, "dropped"]);
    expect(await client.set(124, instance, 2, { type: "enum", value: 1 })).toBe("success");
    expect([value("protectionStatus"), await result("12345678")]).toEqual([0, "opened"]);
  });
});

describe("Arbitrator and Array manager over the wire", () => {
  it("22.1 and 22.3: requests and entries of a client, kept over a restart", async () => {
    const state = new MemoryState();
    const list = dataObject("0.0.96.1.0.255", { type: T.array(T.unsigned), value: [1, 2] });
    const action = { serviceId: 2, classId: 123, instanceId: "0.0.18.0.0.255", index: 3 };
    const start = async () => {
      const entry = structure({ type: "long-unsigned", value: 0 } as never, { type: "unsigned", value: 5 } as never);
      const template = meterTemplate({
        objects: [
          list,
          arrayManager("0.0.18.0.0.255", { 1: { classId: 1, instanceId: list.instance, attributeId: 2 } }),
          scriptTable("0.0.10.0.1.255", [
            {
              scriptIdentifier: 1,
              actions: [{ ...action, parameter: structure({ type: "unsigned", value: 1 } as never, entry) }],
            },
          ]),
          arbitrator("0.0.96.3.20.255", {
            actions: [{ scriptLogicalName: "0.0.10.0.1.255", scriptSelector: 1 }],
            permissions: ["1"],
            weightings: [[1]],
          }),
        ],
        associations: { open: { client: 16, security: none(), access: "full" } },
      });
      return new Bench(new Meter(template, { name: "ARB1" }), { store: await restarted(state) }).client().open();
    };
    let client = await start();
    const asked = structure({ type: "unsigned", value: 1 } as never, { type: "bit-string", value: "1" } as never);
    expect(await client.invoke(68, "0.0.96.3.20.255", 1, asked)).toBe("success");
    client = await start();
    const count = (await client.request({
      service: "action",
      items: [
        {
          method: { classId: 123, instanceId: "0.0.18.0.0.255", methodId: 1 },
          parameters: { type: "unsigned", value: 1 },
        },
      ],
    })) as readonly unknown[];
    expect(JSON.stringify(count)).toContain('"success"');
    const [shown] = await client.get([1, list.instance, 2]);
    expect(shown).toMatchObject({ data: { value: [5, 1, 2].map((value) => ({ value })) } });
  });
});
