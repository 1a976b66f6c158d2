// Pushes over an association that another process forwards, and the counters of pushes over a restart of their listener.
import type { Apdu } from "@dlmskit/apdu";
import { connect, PushListener } from "@dlmskit/client";
import { fromAscii } from "@dlmskit/core";
import { CounterGuard, CounterLedger } from "@dlmskit/security";
import { MemoryState, openMemoryStore } from "@dlmskit/storage";
import { type Duplex, memoryPair } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { hls5, Meter, Server } from "../src/index.ts";
import { element, energy, key, pushWorld } from "./a-push.ts";

const keys = { encryptionKey: key(1), authenticationKey: key(2) };
const client = { client: 48, security: hls5(keys), access: "full" } as const;

it("a push comes over the process that forwards the association, and waits while that way is broken", async () => {
  const state = new MemoryState();
  const store = await openMemoryStore({ address: "owner" }, state);
  const destination = { transportService: 5, destination: fromAscii("48"), message: 0 };
  const world = pushWorld({ options: { destination }, client, store });
  const { machine } = world;
  // The owner takes the meter.
  await world.trigger();
  const lines: Duplex[] = [];
  const events: string[] = [];
  const front = new Server({
    ...{ meters: new Meter(world.meter.template, { name: "ABC1" }), clock: machine },
    store: await openMemoryStore({ address: "front" }, state),
    events: ({ type }) => void events.push(type),
    held: {
      whenHeld: "forward",
      dial: async () => {
        const [near, far] = memoryPair({ clock: machine });
        world.server.acceptRelayed(far);
        lines.push(near);
        return near;
      },
    },
  });
  const counters = new CounterLedger({ start: 1 });
  counters.reserved(1000);
  const heard: { readonly apdu: Apdu; readonly authenticated: boolean }[] = [];
  let closed = 0;
  const during = async <R>(doing: Promise<R>): Promise<R> => {
    let over = false;
    const done = (): void => {
      over = true;
    };
    doing.then(done, done);
    while (!over) await machine.advanceAsync(5);
    return doing;
  };
  const associate = () => {
    const [duplex, far] = memoryPair({ clock: machine, latency: 1 });
    front.accept(far, new WrapperServerLink());
    return during(
      connect(
        { duplex, link: new WrapperClientLink({ client: 48, server: 1 }) },
        {
          ...{ clock: machine, timeout: 5000, mechanism: 5, ciphered: true },
          security: { suite: 0, keys, systemTitle: fromAscii("HES00001"), counters, replay: new CounterGuard() },
          notification: (apdu, { authenticated }) => void heard.push({ apdu, authenticated }),
          closed: () => void closed++,
        },
      ),
    );
  };
  const session = await associate();
  await machine.advanceAsync(1000);
  expect(lines).toHaveLength(1);
  expect(heard).toMatchObject([{ apdu: { apdu: "data-notification", longInvokeId: 1 }, authenticated: true }]);
  // Beside answers, in order.
  const reading = Promise.all([1, 2, 3].map(() => session.get(element(energy(), 2))));
  await world.trigger();
  await world.trigger();
  expect((await during(reading)).map(({ type }) => type)).toEqual(Array(3).fill("double-long-unsigned"));
  await machine.advanceAsync(1000);
  expect(heard.map(({ apdu }) => "longInvokeId" in apdu && apdu.longInvokeId)).toEqual([1, 2, 3]);
  expect(world.what()).toEqual(["sent", "sent", "sent"]);
  expect(events.filter((type) => type.startsWith("push"))).toEqual([]);

  for (const line of lines) line.destroy();
  await machine.advanceAsync(100);
  expect(closed).toBe(1);
  await world.trigger();
  await machine.advanceAsync(1000);
  expect(heard).toHaveLength(3);
  const again = await associate();
  await machine.advanceAsync(1000);
  expect(heard.at(-1)).toMatchObject({ apdu: { longInvokeId: 4 }, authenticated: true });
  await during(again.release());
  front.close();
  await world.close();
});

it("a recorded push is refused by the listener after a restart that has the counters of before", async () => {
  const sent: Uint8Array[] = [];
  const line = (duplex: Duplex): Duplex => {
    const send = duplex.send.bind(duplex);
    duplex.send = (octets) => {
      sent.push(octets.slice());
      send(octets);
    };
    return duplex;
  };
  const guard = new CounterGuard();
  const world = pushWorld({ client, line, listener: { keys: () => ({ ...keys, replay: guard }) } });
  await world.trigger();
  await world.go(1);
  expect(world.received).toMatchObject([{ verified: true }]);
  const recorded = [...sent];
  expect(recorded.length).toBeGreaterThan(0);

  const restarted = async (lowest: number) => {
    const codes: string[] = [];
    const replay = new CounterGuard(lowest);
    const listener = new PushListener({
      ...{
        clock: world.machine,
        link: () => new WrapperServerLink({ end: "client" }),
        keys: () => ({ ...keys, replay }),
      },
      received: ({ longInvokeId }) => void codes.push(`push ${longInvokeId}`),
      dropped: ({ code }) => void codes.push(code),
    });
    for (let time = 0; time < 2; time++) {
      const [near, far] = memoryPair({ clock: world.machine });
      listener.accept(far);
      for (const octets of recorded) near.send(octets);
      await world.machine.advanceAsync(100);
    }
    listener.close();
    return codes;
  };
  expect(guard.lowest).toBeGreaterThan(0);
  expect(await restarted(guard.lowest)).toEqual(["invocation-counter", "invocation-counter"]);
  // Without them, it comes once more.
  expect(await restarted(0)).toEqual(["push 1", "invocation-counter"]);
  await world.close();
});
