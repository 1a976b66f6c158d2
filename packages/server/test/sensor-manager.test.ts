import { T } from "@dlmskit/apdu";
import {
  type CosemObject,
  dataObject,
  register,
  type SensorManager,
  scriptTable,
  sensorManager,
} from "@dlmskit/cosem-objects";
import { MemoryState } from "@dlmskit/storage";
import { describe, expect, it } from "vitest";
import { Meter, meterTemplate, none } from "../src/index.ts";
import { Bench, restarted } from "./a-client.ts";

const instance = "0.0.96.20.0.255";
const scripts = "0.0.10.0.8.255";
const number = (value: number) => ({ type: "unsigned", value }) as const;
const script = (scriptSelector: number) => ({ scriptLogicalName: scripts, scriptSelector });
const pair = (up: number, down: number) => ({ actionUp: script(up), actionDown: script(down) });

async function served(state: MemoryState) {
  const pressure = register("7.0.42.0.0.255", { type: T.unsigned, value: 10, unit: "bar" });
  const last = dataObject("0.0.96.60.0.255", { type: T.unsigned, value: 0 });
  const sensor = sensorManager(instance, {
    rawValue: number(50),
    rawValueThresholds: [number(100), number(200)],
    rawValueActions: [pair(1, 2), pair(3, 4)],
    processedValue: [pressure, 2],
    processedValueThresholds: [number(20)],
    processedValueActions: [pair(5, 6)],
  });
  const table = scriptTable(
    scripts,
    [1, 2, 3, 4, 5, 6].map((scriptIdentifier) => ({
      scriptIdentifier,
      actions: [{ serviceId: 1, classId: 1, instanceId: last.instance, index: 2, parameter: number(scriptIdentifier) }],
    })),
  );
  const template = meterTemplate({
    objects: [pressure, last, sensor, table],
    associations: { open: { client: 16, security: none(), access: "full" } },
  });
  const meter = new Meter(template, { name: "SNS1" });
  const bench = new Bench(meter, { store: await restarted(state) });
  const client = await bench.client().open();
  const of = (object: CosemObject<never>) => meter.live.values(object) as Record<string, unknown>;
  return {
    client,
    raw: (value: number) => meter.change((device) => device.set(sensor, "rawValue", number(value))),
    processed: (value: number) => meter.change((device) => device.set(pressure, "value", value)),
    last: () => of(last as never).value,
    sensor: () => of(sensor as never) as unknown as CosemObject<typeof SensorManager>["values"],
  };
}

describe("Sensor manager", () => {
  it("22.5: runs scripts when the raw or the processed value crosses a threshold, and only then", async () => {
    const { raw, processed, last } = await served(new MemoryState());
    const after = async (change: unknown) => {
      await change;
      return last();
    };
    expect(await after(raw(60))).toBe(0);
    expect(await after(raw(100))).toBe(0);
    expect(await after(raw(101))).toBe(1);
    expect(await after(processed(21))).toBe(5);
    expect(await after(raw(250))).toBe(3);
    expect(await after(processed(25))).toBe(3);
    expect(await after(processed(20))).toBe(6);
    // Down through both: the upper one first.
    expect(await after(raw(1))).toBe(2);
  });

  it("22.5: the sides are kept over a restart", async () => {
    const state = new MemoryState();
    const first = await served(state);
    await first.raw(150);
    const second = await served(state);
    await second.raw(160);
    expect(second.last()).toBe(1);
    await second.raw(90);
    expect(second.last()).toBe(2);
  });

  it("22.5: reset gives the raw value that it was made with, captured now", async () => {
    const { raw, client, sensor } = await served(new MemoryState());
    await raw(70);
    expect(await client.invoke(67, instance, 1)).toBe("success");
    const { rawValue, captureTime } = sensor();
    expect([rawValue, captureTime.year]).toEqual([number(50), 2026]);
  });
});
