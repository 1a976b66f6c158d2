// A test of code that reads meters: a meter in the process, without a port, in time that passes only as the test says.
import { test } from "node:test";
import { parseFaults } from "@dlmskit/simulator";
import { testMeter } from "@dlmskit/simulator/testing";

test("the register grows from one day to the next", async () => {
  await using meter = await testMeter({ start: "2026-03-28T18:30:00Z" });
  const { value: before } = (await meter.expectGet("1-0:1.8.0")) as { value: number };
  await meter.stepTo("2026-03-29T18:30:00Z");
  await meter.expectGet("1-0:1.8.0", (wh: number) => wh > before);
});

test("a meter that refuses to be read", async () => {
  const faults = parseFaults({ faults: [{ fault: "result", with: { error: "temporary-failure" } }] });
  await using meter = await testMeter({ faults });
  await meter.expectFault("1-0:1.8.0", "temporary-failure");
});
