// Meters that call a head-end system: how often they call while it is not there, and after its connections end.
import { Fault } from "@dlmskit/core";
import type { Meter, Server } from "@dlmskit/server";
import { type DialEvent, type Duplex, memoryPair, VirtualClock } from "@dlmskit/transport";
import { expect, it } from "vitest";
import { type CallInOptions, callIn } from "../src/simulate/call-in.ts";

/** Meters, and a head-end system that can be down. The far ends of its connections are in `connections`. */
function called(meters: number, up: boolean, options: Partial<CallInOptions> = {}) {
  const clock = new VirtualClock();
  const events: DialEvent[] = [];
  const connections: Duplex[] = [];
  const calls: number[] = [];
  const state = { up };
  const server = {
    accept: (duplex: Duplex) => duplex.start({ received: () => undefined, closed: () => undefined }),
  } as unknown as Server;
  const calling = callIn(
    {
      ...{ server, clock, span: { first: 0, meters } },
      meter: () => ({}) as Meter,
      async dial() {
        calls.push(clock.now());
        if (!state.up) throw new Fault("connection-refused", "refused", { layer: "transport" });
        const [near, far] = memoryPair();
        far.start({ received: () => undefined, closed: () => undefined });
        connections.push(far);
        return near;
      },
    },
    { host: "::1", port: 4061, redial: 1000, longestRedial: 20_000, events: (event) => events.push(event), ...options },
  );
  return { clock, events, connections, calls, calling, state };
}

it("1,000 meters call a head-end system that is down a few times an hour, not millions, and all come when it is up", async () => {
  const { clock, events, calls, calling, state } = called(1000, false, { atOnce: 8 });
  await clock.advanceAsync(3_600_000);
  // Those that were under way when the pause began, then one at a time.
  expect(calls.length).toBeLessThan(8 + 3_600 / 20 + 10);
  expect(calls.length).toBeGreaterThan(3_600 / 20 - 10);
  for (const [at, call] of calls.entries())
    if (at > 20) expect(call - (calls[at - 1] as number)).toBeLessThanOrEqual(20_000);
  const opened = events.filter(({ type }) => type === "circuit-opened");
  expect(opened.at(-1)).toMatchObject({
    destination: "[::1]:4061",
    tryIn: 20_000,
    fault: { code: "connection-refused" },
  });
  state.up = true;
  await clock.advanceAsync(60_000);
  expect([calling.connected, events.filter(({ type }) => type === "circuit-closed").length]).toEqual([1000, 1]);
  await calling.close();
});

it("a meter whose connection ends calls again after redial, and later when connections end at once", async () => {
  const { clock, calls, connections, calling } = called(1, true);
  await clock.advanceAsync(10_000);
  expect(calls).toEqual([0]);
  connections[0]?.destroy();
  await clock.advanceAsync(1000);
  expect(calls.length).toBe(2);
  expect((calls[1] as number) - 10_000).toBeGreaterThanOrEqual(500);
  const waits: number[] = [];
  for (let time = 0; time < 5; time++) {
    const began = clock.now();
    connections.at(-1)?.destroy();
    const before = calls.length;
    while (calls.length === before) await clock.advanceAsync(100);
    waits.push(clock.now() - began);
  }
  expect(waits.at(-1)).toBeGreaterThanOrEqual(8000);
  await calling.close();
});

it("nobody calls after the end", async () => {
  const { clock, calls, calling } = called(3, false);
  await clock.advanceAsync(10_000);
  await calling.close();
  const before = calls.length;
  await clock.advanceAsync(100_000);
  expect(calls.length).toBe(before);
});

it("leaves no timer when it stops: a process that calls nobody any more can end", async () => {
  const { clock, calling } = called(50, false);
  await clock.advanceAsync(30_000);
  await calling.close();
  await clock.advanceAsync(1);
  expect(clock.waiting).toBe(0);
});
