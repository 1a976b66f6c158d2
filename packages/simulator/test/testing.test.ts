import { AssertionError } from "node:assert";
import { describe, expect, it } from "vitest";
import { parseFaults } from "../src/index.ts";
import { testMeter } from "../src/testing.ts";

const time = "0.0.1.0.0.255";
const name = "0.0.42.0.0.255";
const register = "1-0:1.8.0";
const failed = (run: Promise<unknown>): Promise<Error> =>
  run.then(
    () => expect.unreachable(),
    (error: Error) => error,
  );

describe("testMeter", () => {
  it("reads a meter without a port, the same one each time", async () => {
    await using one = await testMeter();
    await using other = await testMeter();
    const { value } = (await one.expectGet(name)) as { value: Uint8Array };
    await other.expectGet(name, value);
    await other.expectGet(name, { type: "octet-string", value });
    await other.expectGet(register, (wh: number) => wh > 0);
  });

  it("lets time pass as the test says", async () => {
    await using meter = await testMeter({ start: "2026-03-28T18:30:00Z" });
    const before = (await meter.expectGet(register)) as { value: number };
    await meter.stepTo("2026-03-29T18:30:00Z");
    await meter.expectGet(register, (wh: number) => wh > before.value);
    const { value } = (await meter.expectGet({ classId: 8, instanceId: time, attributeId: 2 })) as {
      value: Uint8Array;
    };
    // 30 March, midnight in India.
    expect([...value.subarray(0, 8)]).toEqual([0x07, 0xea, 3, 30, value[4], 0, 0, 0]);
  });

  it("shows what passed, decoded, where a value is another one", async () => {
    await using meter = await testMeter();
    const error = await failed(meter.expectGet(name, new Uint8Array(3)));
    expect(error).toBeInstanceOf(AssertionError);
    expect((error as AssertionError).expected).toEqual(new Uint8Array(3));
    expect(error.message).toContain("apdu: get-request");
    expect(error.message).toContain("apdu: get-response");
  });

  it("shows what passed where the meter does not answer, and waits for the timeout in no time", async () => {
    await using meter = await testMeter({ faults: parseFaults({ faults: [{ fault: "silent", on: false }] }) });
    await meter.expectGet(name);
    meter.simulator.faults?.switch("silent", true);
    const error = await failed(meter.expectGet(name));
    expect(error.message).toContain("(timeout)");
    expect(error.message).toContain("apdu: get-response");
  });

  it("expects a fault, and says so where there is another or none", async () => {
    await using meter = await testMeter({ client: 16 });
    const fault = await meter.expectFault(register, "object-undefined");
    expect(fault.code).toBe("object-undefined");
    expect((await failed(meter.expectFault(name, "object-undefined"))).message).toContain("gives an answer");
    expect((await failed(meter.expectFault(register, "timeout"))).message).toContain("gives object-undefined");
  });

  it("writes", async () => {
    await using meter = await testMeter();
    const period = { classId: 1, instanceId: "1.0.0.8.0.255", attributeId: 2 } as const;
    await meter.expectSet(period, { type: "long-unsigned", value: 900 });
    await meter.expectGet(period, 900);
    await meter.expectFault(register, "read-write-denied", { type: "double-long-unsigned", value: 0 });
  });
});
