import { type Data, T } from "@dlmskit/apdu";
import { dateTimeOf } from "@dlmskit/core";
import { clock, extendedRegister, mbusClient, mbusSlave } from "@dlmskit/cosem-objects";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { Meter, meterTemplate, none } from "../src/index.ts";
import { Bench, now0, restarted } from "./a-client.ts";

const client0 = "0.1.24.1.0.255";
const volume = "0.1.24.2.1.255";
const key: Data = { type: "octet-string", value: new Uint8Array(16).fill(7) };

/** Each process has a slave of its own: what it has to know is with the client. */
async function served(state = new MemoryState(), version: 0 | 1 = 1) {
  const slave = { litres: 700, silent: false, alarm: 0 };
  const port = mbusSlave({
    ...{ medium: "gas", identificationNumber: 12345678, manufacturer: "KAM" },
    reading: () => (slave.silent ? undefined : slave.litres),
    status: () => 4,
    alarm: () => slave.alarm,
    alarmReset: () => {
      slave.alarm = 0;
    },
  });
  const template = meterTemplate({
    objects: [
      clock(),
      mbusClient(client0, { port, version, capturePeriod: 3600 }),
      extendedRegister(volume, {
        ...{ type: T.doubleLongUnsigned, value: 0, unit: "m³", scaler: -3, captureTime: dateTimeOf(0) },
      }),
    ],
    associations: { open: { client: 16, security: none(), access: "full" } },
  });
  const bench = new Bench(new Meter(template, { name: "MBS1" }), { store: await restarted(state) });
  const client = await bench.client().open();
  const invoke = (method: number, argument?: Data) => client.invoke(72, client0, method, argument);
  const value = async (attribute: number, classId = 72, instance = client0) => {
    const [found] = await client.get([classId, instance, attribute]);
    return (found as { data?: { value?: unknown } }).data?.value ?? found;
  };
  return { bench, slave, invoke, value, read: () => value(2, 4, volume) };
}
const u8 = (value: number): Data => ({ type: "unsigned", value });

describe("an electricity meter with a gas meter as its child", () => {
  it("21.1, 21.2: installs it, captures each hour and by the method; silent, value and time stay", async () => {
    const { bench, slave, invoke, value, read } = await served();
    expect([await invoke(3), await invoke(2), await read()]).toEqual(["other-reason", "other-reason", 0]);
    expect([await invoke(1, u8(251)), await invoke(1, u8(0)), await invoke(1, u8(2))]).toEqual([
      "other-reason",
      "success",
      "other-reason",
    ]);
    expect(await Promise.all([5, 6, 7, 8, 9].map((attribute) => value(attribute)))).toEqual([
      ...[1, 12345678, (11 << 10) | (1 << 5) | 13, 1, 3],
    ]);
    expect([await invoke(3), await read(), await value(10), await value(11)]).toEqual(["success", 700, 1, 4]);
    slave.litres = 901;
    // It is half past eight.
    await bench.clock.advanceAsync(31 * 60_000);
    const other = await bench.client().open();
    const [shown, time] = await other.get([4, volume, 2], [4, volume, 5]);
    expect(shown).toMatchObject({ data: { value: 901 } });
    expect(JSON.stringify(time)).not.toContain("error");
    slave.litres = 950;
    slave.silent = true;
    expect(await other.invoke(72, client0, 3)).toBe("temporary-failure");
    expect(await other.get([4, volume, 2], [4, volume, 5])).toEqual([shown, time]);
    expect(await other.invoke(72, client0, 2)).toBe("success");
    expect(await other.get([72, client0, 5], [72, client0, 6], [4, volume, 2])).toMatchObject([
      { data: { value: 0 } },
      { data: { value: 0 } },
      { data: { value: 901 } },
    ]);
  });

  it("21.1: is there after a restart, with its key", async () => {
    const state = new MemoryState();
    const first = await served(state);
    expect([await first.invoke(1, u8(7)), await first.invoke(8, key), await first.invoke(7, key)]).toEqual([
      ...["success", "success", "success"],
    ]);
    const second = await served(state);
    expect([await second.value(5), await second.value(14)]).toEqual([7, 3]);
    expect([await second.invoke(3), await second.read(), await second.value(14)]).toEqual(["success", 700, 4]);
  });

  it("21.3: key status 1 set, 2 transferred, 3 both, 4 in use; a key that is only transferred, and nothing can be read", async () => {
    const { invoke, value, read } = await served();
    await invoke(1, u8(0));
    const status = async (...steps: (readonly [number, Data])[]) => {
      for (const [method, argument] of steps) expect(await invoke(method, argument)).toBe("success");
      return value(14);
    };
    expect(await status()).toBe(0);
    expect([await status([7, key]), await status([8, key])]).toEqual([1, 3]);
    expect([await invoke(3), await value(14), await read()]).toEqual(["success", 4, 700]);
    expect(await status([7, { type: "octet-string", value: new Uint8Array() }])).toBe(0);
    expect([await status([8, key]), await invoke(3)]).toEqual([2, "temporary-failure"]);
  });

  it("21.4: resets its alarm, sends it the time and data; without a slave they are refused", async () => {
    for (const version of [0, 1] as const) {
      const { invoke } = await served(new MemoryState(), version);
      const data: Data = {
        type: "array",
        value: [
          {
            type: "structure",
            value: [
              { type: "octet-string", value: Uint8Array.of(4) },
              { type: "octet-string", value: Uint8Array.of(0x13) },
              { type: "double-long-unsigned", value: 1 },
            ],
          },
        ],
      };
      const all = async () => [await invoke(4), await invoke(5), await invoke(6, data), await invoke(8, key)];
      expect(await all()).toEqual(["other-reason", "other-reason", "other-reason", "other-reason"]);
      await invoke(1, u8(0));
      expect(await all()).toEqual(["success", "success", "success", "success"]);
    }
  });

  it("21.4: shows the alarm of its telegrams until it is reset, in the slave too", async () => {
    const { slave, invoke, value } = await served();
    await invoke(1, u8(0));
    slave.alarm = 0x21;
    expect([await value(12), await invoke(3), await value(12)]).toEqual([0, "success", 0x21]);
    expect([await invoke(4), await value(12), slave.alarm]).toEqual(["success", 0, 0]);
    expect([await invoke(3), await value(12)]).toEqual(["success", 0]);
  });

  it("a slave that cannot be is refused when it is made", () => {
    const make = (manufacturer: string, identificationNumber: number) => () =>
      mbusSlave({ medium: "water", manufacturer, identificationNumber, reading: () => 0 });
    const bad = expect.objectContaining({ code: "bad-value" });
    expect(make("kam", 1)).toThrow(bad);
    expect(make("KAM", 100_000_000)).toThrow(bad);
    expect(now0).toBe(Date.UTC(2026, 10, 24, 8, 30));
  });
});
