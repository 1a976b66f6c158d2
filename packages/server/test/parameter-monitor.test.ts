import { type Data, encodeData, T } from "@dlmskit/apdu";
import { instantOf, sameOctets } from "@dlmskit/core";
import {
  dataObject,
  type ParameterMonitorOptions,
  parameterMonitor,
  profileGeneric,
  register,
} from "@dlmskit/cosem-objects";
import { describe, expect, it } from "vitest";
import { served } from "./a-served-meter.ts";

const start = Date.UTC(2026, 4, 4, 10);
const u8 = (value: number): Data => ({ type: "unsigned", value });

async function monitor(more: Partial<ParameterMonitorOptions> = {}) {
  const parameter = (value: number) => dataObject(`0.0.96.60.${value}.255`, { type: T.unsigned, value });
  const [first, second] = [parameter(1), parameter(2)];
  const other = register("1.0.1.8.0.255", { type: T.unsigned, value: 9, unit: "Wh" });
  const parameters = [first, second].map((one) => [one, 2] as const);
  const log = profileGeneric("0.0.99.98.0.255", { capture: [first], entries: 100 });
  const object = parameterMonitor("0.0.16.2.0.255", {
    parameters,
    log,
    digest: (algorithm, octets) => Uint8Array.of(algorithm, ...octets),
    ...more,
  });
  const life = await served([first, second, other, log, object], { from: start });
  const shown = () => {
    const { changedParameter, captureTime } = life.meter.values(object);
    const { instanceId, attributeId, attributeValue } = changedParameter;
    return [instanceId, attributeId, (attributeValue as { value?: unknown }).value, instantOf(captureTime)];
  };
  const definition = (of: { readonly spec: { classId: number }; readonly instance: string }): Data => ({
    type: "structure",
    value: [
      { type: "long-unsigned", value: of.spec.classId },
      { type: "octet-string", value: Uint8Array.from(of.instance.split("."), Number) },
      { type: "integer", value: 2 },
    ],
  });
  const rows = async () => ((await life.get(log, 2)) as unknown[]).length;
  return { ...life, first, second, other, object, shown, rows, definition };
}

describe("Parameter monitor", () => {
  it("20.2: tells the attribute that changed, its value and when; an equal value is no change", async () => {
    const { set, go, shown, first, other, rows } = await monitor();
    expect(shown()).toEqual(["0.0.0.0.0.0", 0, undefined, undefined]);
    await go(5);
    await set(first, 2, u8(1));
    await set(other, 2, u8(5));
    expect([shown()[0], await rows()]).toEqual(["0.0.0.0.0.0", 0]);
    await set(first, 2, u8(7));
    expect(shown()).toEqual([first.instance, 2, 7, start + 5000]);
    expect(await rows()).toBe(1);
  });

  it("20.2: octets that are written as they were are no change", async () => {
    const text = dataObject("0.0.96.61.0.255", { type: T.octetString, value: Uint8Array.of(1, 2) });
    const object = parameterMonitor("0.0.16.2.0.255", { parameters: [[text, 2]] });
    const { set, meter } = await served([text, object], { from: start });
    const changed = () => meter.values(object).changedParameter.instanceId;
    await set(text, 2, { type: "octet-string", value: Uint8Array.of(1, 2) });
    expect(changed()).toBe("0.0.0.0.0.0");
    await set(text, 2, { type: "octet-string", value: Uint8Array.of(1, 3) });
    expect(changed()).toBe(text.instance);
  });

  it("20.2: of several in one request each is told to the log, and the last of the list stays", async () => {
    const { meter, shown, first, second, rows } = await monitor();
    await meter.change((device) => {
      device.set(second, "value", 8 as never);
      device.set(first, "value", 7 as never);
    });
    expect(shown()).toEqual([second.instance, 2, 8, start]);
    expect(await rows()).toBe(2);
  });

  it("20.2: digest and values are of the list as it is; adding and taking away is no change, adding twice a success", async () => {
    const { meter, get, set, shown, object, first, second, other, definition } = await monitor({ hashAlgorithmId: 3 });
    const expected = async (...values: number[]) => {
      const all = values.map(u8);
      expect(await get(object, 8)).toEqual(all);
      const octets = Uint8Array.of(3, ...all.flatMap((one) => [...encodeData(one)]));
      expect(sameOctets((await get(object, 7)) as Uint8Array, octets)).toBe(true);
    };
    await expected(1, 2);
    await set(second, 2, u8(5));
    await expected(1, 5);
    const before = shown();
    for (let twice = 0; twice < 2; twice++) await meter.invoke(object, 1, definition(other));
    await expected(1, 5, 9);
    await meter.invoke(object, 2, definition(first));
    await expected(5, 9);
    expect(shown()).toEqual(before);
    await set(first, 2, u8(100));
    expect(shown()).toEqual(before);
    const unknown = definition({ spec: { classId: 1 }, instance: "0.0.96.99.9.255" });
    await expect(Promise.resolve().then(() => meter.invoke(object, 1, unknown))).rejects.toThrow();
  });

  it("version 0 has the first three attributes only", async () => {
    const { set, get, shown, object, first } = await monitor({ version: 0 });
    expect(object.spec.version).toBe(0);
    await set(first, 2, u8(7));
    expect(shown().slice(0, 3)).toEqual([first.instance, 2, 7]);
    await expect(get(object, 7)).rejects.toThrow();
  });
});
