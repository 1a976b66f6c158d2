import { type Data, dataOf, T } from "@dlmskit/apdu";
import { dateTimeOf, fromAscii } from "@dlmskit/core";
import {
  type AnyObject,
  answeredCall,
  autoAnswer,
  autoConnect,
  callOut,
  clock,
  gsmDiagnostic,
  incomingCall,
  limiter,
  lteMonitoring0,
  register,
} from "@dlmskit/cosem-objects";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { every } from "../../../test/zones.ts";
import { Meter, meterTemplate, none } from "../src/index.ts";
import { Bench, now0, restarted } from "./a-client.ts";

// What clients see of classes that act in time, and change in them.

async function served(objects: readonly AnyObject[], state = new MemoryState()) {
  const template = meterTemplate({
    objects: [clock(), ...objects],
    associations: { open: { client: 16, security: none(), access: "full" } },
  });
  const meter = new Meter(template, { name: "WIR1" });
  const bench = new Bench(meter, { store: await restarted(state) });
  // The meter lives also while nobody is connected.
  meter.use();
  await meter.enter(undefined);
  await meter.reside();
  let client = await bench.client().open();
  return {
    meter,
    bench,
    async pass(seconds: number): Promise<void> {
      await bench.clock.advanceAsync(seconds * 1000);
      await bench.settle();
      client = await bench.client().open();
    },
    async value({ spec, instance }: AnyObject, attribute: number): Promise<unknown> {
      const [found] = await client.get([spec.classId as number, instance, attribute]);
      return (found as { data?: { value?: unknown } }).data?.value ?? found;
    },
    set: ({ spec, instance }: AnyObject, attribute: number, value: Data) =>
      client.set(spec.classId as number, instance, attribute, value),
    invoke: ({ spec, instance }: AnyObject, method: number) => client.invoke(spec.classId as number, instance, method),
  };
}

const u16 = (value: number): Data => ({ type: "long-unsigned", value });
const u32 = (value: number) => ({ type: "double-long-unsigned", value }) as const;

describe("a Limiter over the wire", () => {
  const emergency = (id: number, at: number, seconds: number): Data => ({
    type: "structure",
    value: [u16(id), dataOf(T.dateTimeOctets, dateTimeOf(at)) as never, u32(seconds)],
  });

  it("13.2, 13.3, 13.4: an emergency of a listed id holds for its time; threshold_active is not written; kept over a restart", async () => {
    const made = () => {
      const power = register("1.0.1.7.0.255", { type: T.doubleLongUnsigned, value: 5, unit: "W" });
      const limits = limiter("0.0.17.0.0.255", {
        monitored: [power, 2],
        ...{ thresholdNormal: u32(1000), thresholdEmergency: u32(300) },
      });
      return { power, limits };
    };
    const state = new MemoryState();
    const { power, limits } = made();
    const { set, pass, value } = await served([power, limits], state);
    const shown = async () => [await value(limits, 3), await value(limits, 10)];
    expect(await set(limits, 3, u32(1))).toBe("read-write-denied");
    const soon = now0 + 60_000;
    expect(await set(limits, 8, emergency(7, soon, 600))).toBe("success");
    await pass(120);
    // The id is in no list.
    expect(await shown()).toEqual([1000, false]);
    expect(await set(limits, 9, { type: "array", value: [u16(1), u16(7)] })).toBe("success");
    await pass(1);
    expect(await shown()).toEqual([300, true]);
    const again = made();
    const next = await served([again.power, again.limits], state);
    expect([await next.value(again.limits, 3), await next.value(again.limits, 10)]).toEqual([300, true]);
    expect(await next.set(again.limits, 9, { type: "array", value: [] })).toBe("success");
    expect([await next.value(again.limits, 3), await next.value(again.limits, 10)]).toEqual([1000, false]);
    expect(await next.set(again.limits, 8, { type: "structure", value: [u16(7)] })).toBe("type-unmatched");
  });
});

describe("modems over the wire", () => {
  const at = (hour: number, minute = 0) => ({ ...every, hour, minute, second: 0, hundredths: 0 });
  const window = [{ startTime: at(9), endTime: at(10) }];

  it("24: GSM diagnostic and LTE monitoring show what the modem saw last, and that there is no network", async () => {
    let quality: number | undefined = 20;
    const gsm = gsmDiagnostic("0.0.25.6.0.255", {
      modem: {
        look: () => (quality === undefined ? undefined : { operator: "Net", cellInfo: cell(quality) }),
      },
      period: 60,
    } as never);
    const lte = lteMonitoring0("0.0.25.11.0.255", {
      modem: {
        look: () =>
          quality === undefined
            ? undefined
            : { lteNetworkParameters: { t3402: 1, t3412: 2, qRxlevMin: 3, rsrq: 4, rsrp: 5 } },
      },
      period: 60,
    } as never);
    const cell = (signalQuality: number) => ({
      ...{ cellId: 4711, locationId: 5, signalQuality, ber: 0, mcc: 262, mnc: 1, channelNumber: 9 },
    });
    const { pass, value } = await served([gsm, lte]);
    await pass(61);
    const signal = async () => ((await value(gsm, 6)) as { value: number }[])[2]?.value;
    expect([await signal(), ((await value(lte, 2)) as { value: number }[])[3]?.value]).toEqual([20, 5]);
    quality = undefined;
    await pass(60);
    expect([await signal(), ((await value(lte, 2)) as { value: number }[])[3]?.value]).toEqual([99, 255]);
  });

  it("17.2: Auto answer shows its window, and how a call uses it up", async () => {
    const answering = autoAnswer("0.0.2.2.0.255", { mode: 1, listeningWindow: window, numberOfCalls: 1 });
    const { pass, value, meter } = await served([answering]);
    const call = () =>
      meter.change((device) => {
        const decision = incomingCall(answering, "49123", device.context(answering));
        if (decision.do === "answer") answeredCall(answering, true, device);
        return decision.do;
      });
    expect([await value(answering, 4), await call()]).toEqual([0, "ignore"]);
    await pass(31 * 60);
    expect([await value(answering, 4), await call()]).toEqual([1, "answer"]);
    expect([await value(answering, 4), await call()]).toEqual([0, "ignore"]);
  });

  it("17: Auto connect connects in its window, at `connect`, and after a power failure", async () => {
    const told: string[] = [];
    const connecting = autoConnect("0.0.2.1.0.255", {
      ...{ mode: 103, callingWindow: window, destinations: [fromAscii("A")] },
      port: {
        connect: async () => told.push("on") > 0,
        disconnect: async () => void told.push("off"),
      },
    });
    const { pass, invoke, set, meter, value } = await served([connecting]);
    expect([await invoke(connecting, 1), await pass(1), told.splice(0)]).toEqual(["success", undefined, ["on"]]);
    expect(await invoke(connecting, 1)).toBe("success");
    await meter.powerDown();
    await pass(60);
    await meter.powerUp();
    await pass(60);
    expect(told.splice(0)).toEqual([]);
    await pass(30 * 60);
    expect(told.splice(0)).toEqual(["on"]);
    await pass(60 * 60);
    expect(told.splice(0)).toEqual(["off"]);
    expect(await set(connecting, 2, { type: "enum", value: 1 })).toBe("success");
    await meter.change((device) => callOut(connecting, "alarm", device));
    await pass(1);
    expect([told.splice(0), await value(connecting, 2)]).toEqual([["on"], 1]);
  });
});
