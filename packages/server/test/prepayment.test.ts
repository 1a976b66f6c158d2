import { T } from "@dlmskit/apdu";
import {
  clock,
  manualReconnect,
  type PaymentEvent,
  prepayment,
  register,
  type TokenReading,
} from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore, type Store } from "@dlmskit/storage";
import { afterEach, describe, expect, it } from "vitest";
import { every } from "../../../test/zones.ts";
import { Meter, meterTemplate, none } from "../src/index.ts";
import { Bench, type Client, now0, restarted } from "./a-client.ts";

const account = "0.0.19.0.0.255";
const [tokenCredit, emergencyCredit, gateway] = ["0.0.19.10.0.255", "0.0.19.10.1.255", "0.0.19.40.0.255"];
const consumption = "0.0.19.20.0.255";
const supply = "0.0.96.3.10.255";
const minute = 60_000;
const warnings = "0.0.99.98.1.255";

const tokens = {
  read(token: Uint8Array): TokenReading {
    const [identifier, amount] = String.fromCharCode(...token).split(" ");
    if (amount === undefined) return { result: "format-failure" };
    return { result: "valid", identifier: BigInt(identifier as string), credits: BigInt(amount) };
  },
};

/** 0.03 for 100 Wh, and 1 kW all the time: the register reads what its clock tells. */
function template(more: Partial<Parameters<typeof prepayment>[0]> = {}) {
  const told: PaymentEvent[] = [];
  const energy = register(
    "1.0.1.8.0.255",
    { type: T.doubleLongUnsigned, value: 0, unit: "Wh" },
    { read: { value: (_, { now }) => Math.max(0, Math.floor((now - now0) / 3600)) } },
  );
  const { objects } = prepayment({
    commodity: energy,
    currency: { name: "EUR", scale: -2 },
    price: { value: 3, scale: -2, per: 2 },
    credit: 12,
    warningThreshold: 8,
    emergency: { amount: 20 },
    tokens,
    events: { log: warnings, codes: { "low-credit": 1, "out-of-credit": 2, "in-credit": 3 } },
    happened: (event) => void told.push(event),
    ...more,
  });
  const associations = { open: { client: 16, security: none(), access: "full" } } as const;
  return { told, compiled: meterTemplate({ objects: [clock(), energy, ...objects], associations }) };
}

const benches: Bench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.server.close();
});

function serve(store: Store, advanced = 0, more: Parameters<typeof template>[0] = {}) {
  const { told, compiled } = template(more);
  const meter = new Meter(compiled, { name: "PAY1" });
  const bench = new Bench(meter, { store });
  benches.push(bench);
  if (advanced > 0) bench.clock.advance(advanced);
  return { bench, meter, told };
}

const value = async (client: Client, ...item: readonly [number, string, number]) => {
  const [answer] = await client.get(item);
  return (answer as { data?: { value?: unknown } }).data?.value ?? answer;
};

const enter = async (client: Client, token: string) => {
  const octets = new TextEncoder().encode(token);
  expect(await client.invoke(115, gateway, 1, { type: "octet-string", value: octets })).toBe("success");
  const [status] = (await value(client, 115, gateway, 6)) as { value: number }[];
  return status?.value;
};

describe("a prepayment meter that is served", () => {
  it("23: counts down, warns, disconnects, is topped up and reconnected, over the wire", async () => {
    const { bench, told } = serve(await openMemoryStore());
    const run = async (minutes: number) => {
      await bench.clock.advanceAsync(minutes * minute);
      await bench.settle(5);
      return bench.client().open();
    };
    const shown = async (client: Client) => ({
      available: await value(client, 111, account, 5),
      status: await value(client, 111, account, 4),
      connected: await value(client, 70, supply, 2),
    });
    // 249 Wh until 8:45 are 2 whole units, then every second quarter of an hour 3.
    expect(await shown(await run(14))).toEqual({ available: 12, status: "10100000", connected: true });
    told.splice(0);
    const warned = await run(5);
    expect(await shown(warned)).toEqual({ available: 6, status: "11100000", connected: true });
    const empty = await run(60);
    expect(await shown(empty)).toMatchObject({ available: 0, connected: false });
    expect(told).toEqual(["low-credit", "out-of-credit", "disconnected"]);
    // The customer takes emergency credit.
    expect(await empty.invoke(112, emergencyCredit, 3)).toBe("success");
    expect(await shown(empty)).toMatchObject({ available: 20, connected: true });
    expect(await empty.invoke(112, emergencyCredit, 3)).toBe("success");
    expect(await enter(empty, "nonsense")).toBe(4);
    expect(await enter(empty, "1 5000")).toBe(3);
    expect(await enter(empty, "1 5000")).toBe(6);
    const full = await run(1);
    expect(await value(full, 112, emergencyCredit, 2)).toBe(20);
    expect(await shown(full)).toMatchObject({ connected: true });
    const before = (await value(full, 112, tokenCredit, 2)) as number;
    const paid = (await value(full, 113, consumption, 2)) as number;
    expect(before + paid).toBe(12 + 5000);
  });

  it("23: a restart collects nothing twice and takes no token again, and what was due meanwhile is collected", async () => {
    const state = new MemoryState();
    const first = serve(await openMemoryStore({}, state));
    await first.bench.clock.advanceAsync(61 * minute);
    await first.bench.settle(5);
    const client = await first.bench.client().open();
    expect(await enter(client, "7 9000")).toBe(3);
    const paid = (await value(client, 113, consumption, 2)) as number;
    const credit = (await value(client, 112, tokenCredit, 2)) as number;
    expect(credit + paid).toBe(9012);
    await first.bench.server.close();
    const again = serve(await restarted(state), 181 * minute);
    await again.bench.settle(5);
    const other = await again.bench.client().open();
    expect(await enter(other, "7 9000")).toBe(6);
    const [later, left] = [
      (await value(other, 113, consumption, 2)) as number,
      (await value(other, 112, tokenCredit, 2)) as number,
    ];
    expect(left + later).toBe(9012);
    // 3 hours of 1 kW are 3 kWh, 30 units of 100 Wh.
    expect(later).toBe(30 * 3);
  });

  it("23.4, 14.3: out of credit, the customer's button connects nothing; with credit again it does", async () => {
    const { bench, meter, told } = serve(await openMemoryStore(), 0, { reconnection: "customer" });
    await bench.clock.advanceAsync(80 * minute);
    await bench.settle(5);
    const client = await bench.client().open();
    const control = meter.template.devices.get(1)?.byName.get(supply);
    if (control === undefined) throw new Error("no Disconnect control");
    const press = () => meter.change((device) => manualReconnect(control, device));
    const stands = async () => [await value(client, 70, supply, 2), (await client.get([70, supply, 3]))[0]];
    expect(await stands()).toMatchObject([false, { data: { value: 2 } }]);
    await press();
    expect(await stands()).toMatchObject([false, { data: { value: 2 } }]);
    expect(await enter(client, "1 5000")).toBe(3);
    expect(await stands()).toMatchObject([false, { data: { value: 2 } }]);
    await press();
    expect(await stands()).toMatchObject([true, { data: { value: 1 } }]);
    expect(told.filter((event) => event === "disconnected")).toHaveLength(2);
  });

  it("23.4: in a friendly period the customer reconnects, until it ends", async () => {
    const at = (hour: number) => ({ ...every, hour, minute: 0, second: 0, hundredths: 0 });
    const { bench, meter } = serve(await openMemoryStore(), 0, {
      reconnection: "customer",
      friendlyPeriods: [{ startTime: at(10), endTime: at(11) }],
    });
    const connected = async () => {
      await bench.settle(5);
      return value(await bench.client().open(), 70, supply, 2);
    };
    await bench.clock.advanceAsync(80 * minute);
    expect(await connected()).toBe(false);
    await bench.clock.advanceAsync(15 * minute);
    await meter.change((device) => {
      const control = device.find(70, supply);
      return control && manualReconnect(control, device);
    });
    expect(await connected()).toBe(true);
    await bench.clock.advanceAsync(40 * minute);
    expect(await connected()).toBe(true);
    await bench.clock.advanceAsync(20 * minute);
    expect(await connected()).toBe(false);
  });
});
