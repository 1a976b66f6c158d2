import { pushesOnPower } from "@dlmskit/cosem-objects";
import { expect, it } from "vitest";
import { pushWorld } from "./a-push.ts";

const onPower = (more: Parameters<typeof pushWorld>[0] = {}) => pushWorld({ ...more, alter: pushesOnPower });

it("a last gasp is sent although the meter has no power, and the restoration is told when it is back", async () => {
  const world = onPower();
  await world.go(1);
  await world.meter.powerDown();
  await world.go(10);
  expect(world.received.map(({ longInvokeId, at }) => [longInvokeId, Math.floor(at)])).toEqual([[1, 1]]);
  await world.meter.powerUp();
  await world.go(20);
  expect(world.received.map(({ longInvokeId, at }) => [longInvokeId, Math.floor(at)])).toEqual([
    [1, 1],
    [2, 10],
  ]);
  await world.close();
});

it("a last gasp that nobody hears is tried again without power, and given up", async () => {
  const world = onPower({ options: { numberOfRetries: 1, repetitionDelay: 5 } });
  world.down(true);
  await world.meter.powerDown();
  await world.go(60);
  expect(world.what()).toEqual(["again", "failed"]);
  await world.close();
});

it("the restoration waits for its random time, the last gasp does not", async () => {
  const world = onPower({ options: { randomisationStartInterval: 600 } });
  await world.go(1);
  await world.meter.powerDown();
  await world.go(2);
  expect(world.received).toHaveLength(1);
  await world.meter.powerUp();
  await world.go(3);
  expect(world.received).toHaveLength(1);
  await world.go(700);
  expect(world.received).toHaveLength(2);
  await world.close();
});

it("another Push setup stays silent when the power goes", async () => {
  const world = pushWorld({});
  await world.meter.powerDown();
  await world.meter.powerUp();
  await world.go(10);
  expect(world.received).toEqual([]);
  await world.close();
});
