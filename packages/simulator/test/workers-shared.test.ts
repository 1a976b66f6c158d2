import { expect, it } from "vitest";
import { associate, hour, now0 } from "./bottle.ts";
import { faultCode } from "./controlled.ts";
import { inWorkers } from "./workers-bottle.ts";

// Workers on one database: any of them takes a meter while clients use it.

const message = "0.0.96.13.0.255";
const text = (value: string) => ({ type: "visible-string", value });
const all = { from: 0, count: 100 };

it("asks the worker that has a meter now", async () => {
  const { port, own, clock, serial } = await inWorkers({ shared: true });
  // Meter 0 is of the first worker, and a client uses it at the second one.
  const session = await associate(own(1).simulator, clock, 16, { meter: 0 });
  expect(await faultCode(() => own(0).control.read(serial(0), message, 2))).toBe("meter-held");
  await port.write(serial(0), message, 2, text("by the control"));
  expect((await port.read(serial(0), message, 2)).value).toEqual(text("by the control"));
  expect((await port.meters(all)).map(({ sessions }) => sessions)).toEqual([1, 0, 0, 0]);
  await port.apdus(serial(0));
  await session.get({ classId: 8, instanceId: "0.0.1.0.0.255", attributeId: 2 });
  expect((await port.apdus(serial(0))).map(({ way }) => way)).toEqual(["received", "sent"]);
  // One list of sessions, with the numbers of the database.
  const rows = await port.sessions();
  expect(rows).toEqual(await own(0).control.sessions());
  expect(rows).toHaveLength(1);
  await port.endSession(rows[0]?.id as number);
  expect(own(1).simulator.server.sessions).toHaveLength(0);
});

it("switches the power of meters that another worker has", async () => {
  const { port, own, clock, serial } = await inWorkers({ shared: true });
  await associate(own(1).simulator, clock, 16, { meter: 0 });
  expect(await port.feederPower("feeder-1", false)).toEqual({ meters: 4, failed: 0, failures: [] });
  for (const index of [0, 1, 2, 3]) expect((await port.meter(serial(index))).powered).toBe(false);
  // The second worker knows meter 0 without power, and hears that the first one restored it.
  expect(own(1).simulator.meter(0).powered).toBe(false);
  await port.feederPower("feeder-1", true);
  expect([0, 1, 2, 3].map((index) => own(1).simulator.meter(index).powered)).toEqual([true, true, true, true]);
});

it("does not cut the power again: the store keeps it", async () => {
  const { port, own, serial, replace } = await inWorkers({ shared: true });
  await port.power(serial(3), false);
  await port.power(serial(2), false);
  await own(1).control.power(serial(2), true);
  await replace(1);
  expect((await port.meter(serial(3))).powered).toBe(false);
  expect((await port.meter(serial(2))).powered).toBe(true);
});

it("takes one snapshot, which outlives a worker, and restores it in all workers", async () => {
  const { port, own, clock, times, serial, replace, meanwhile } = await inWorkers({ shared: true, speed: 5 });
  const taken = await port.snapshot();
  expect(taken).toMatchObject({ now: now0, speed: 5 });
  expect(await port.snapshots()).toEqual([taken]);
  const session = await associate(own(1).simulator, clock, 16, { meter: 3 });
  for (const meter of [0, 3]) await port.write(serial(meter), message, 2, text("after"));
  await port.setFaults({ faults: [{ fault: "lossy" }] });
  await meanwhile(port.step(now0 + hour));
  await session.release();
  await replace(0);
  expect(await meanwhile(port.restore(taken.id))).toEqual(taken);
  expect(times()).toEqual([now0, now0]);
  clock.advance(1000);
  expect(times()).toEqual([now0 + 5000, now0 + 5000]);
  for (const worker of [0, 1]) expect(own(worker).control.faults().faults).toEqual([]);
  for (const meter of [0, 3]) expect((await port.read(serial(meter), message, 2)).value).not.toEqual(text("after"));
  await port.removeSnapshot(taken.id);
  expect(await faultCode(() => port.restore(taken.id))).toBe("no-snapshot");
  expect(times()[0]).toBe(times()[1]);
});
