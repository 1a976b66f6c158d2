import { T } from "@dlmskit/apdu";
import { PushListener } from "@dlmskit/client";
import { dataObject, pushSetup, refuse, register } from "@dlmskit/cosem-objects";
import { openMemoryStore } from "@dlmskit/storage";
import { type Duplex, memoryPair, VirtualClock } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { hls5, Meter, meterTemplate, none, Server, SimulatedTime } from "../src/index.ts";
import { clock, element, energy, key, port, pushWorld, start } from "./a-push.ts";

const keys = { encryptionKey: key(1), authenticationKey: key(2) };
const second2 = { version: 2, portReference: "0.0.25.0.0.255" } as const;
const every = { year: null, month: null, day: null, dayOfWeek: null, deviation: null, status: null };
const at = (hour: number, minute = 0) => ({ ...every, hour, minute, second: 0, hundredths: 0 });

describe("a push", () => {
  it("P1: ACTION push sends a DataNotification to send_destination, unprotected, over TCP", async () => {
    const world = pushWorld({});
    await world.trigger();
    await world.go(1);
    expect(world.received).toMatchObject([
      {
        ...{ kind: "data-notification", longInvokeId: 1, verified: false, repeated: false },
        address: { client: 16, server: 1 },
        data: { type: "structure", value: [{ type: "double-long-unsigned", value: 7 }] },
      },
    ]);
    expect(world.received[0]?.time).toMatchObject({ year: 2026, month: 5, day: 4, hour: 10 });
    expect([world.dropped, world.what()]).toEqual([[], ["sent"]]);
    await world.close();
  });

  it("is not sent if the time between its PDUs is longer than its lease, after which another worker would send it", async () => {
    for (const [gap, what] of [
      [10_000, ["sent"]],
      [50_000, ["failed"]],
    ] as const) {
      const more = [register("1.0.2.8.0.255", { type: T.doubleLongUnsigned, value: 1, unit: "Wh" })];
      const world = pushWorld({ more, push: { alter: () => ({ gap, blocks: 16 }) } });
      await world.trigger();
      await world.go(150);
      expect(world.what()).toEqual(what);
      await world.close();
    }
  });

  it("P2: is protected as the policy of its client's association asks, under a new counter each time", async () => {
    for (const [policy, setupVersion, verified] of [
      [3, 0, true],
      [1, 0, true],
      [0x60, 1, true],
      [0, 0, false],
    ] as const) {
      const client = { client: 48, security: hls5({ ...keys, policy, setupVersion }) };
      const counters: number[] = [];
      const replay = {
        lowest: 0,
        check: () => true,
        accept: (counter: number) => void counters.push(counter),
      };
      const world = pushWorld({ client, listener: { keys: () => ({ ...keys, replay }) } });
      for (const seconds of [1, 2]) {
        await world.trigger();
        await world.go(seconds);
      }
      expect([world.dropped, world.received.length]).toEqual([[], 2]);
      expect(world.received[0]).toMatchObject({ verified, address: { client: 48 } });
      expect(counters).toHaveLength(verified ? 2 : 0);
      expect(new Set(counters).size).toBe(counters.length);
      await world.close();
    }
  });

  it("P2: layers of push_protection_parameters go before the policy", async () => {
    const client = { client: 48, security: hls5({ ...keys, policy: 0 }) };
    const { protectionLayer } = await import("@dlmskit/cosem-objects");
    const protection = [protectionLayer("authenticationAndEncryption")];
    const world = pushWorld({
      client,
      more: [port],
      options: { ...second2, protection },
      listener: { keys: () => keys },
    });
    await world.trigger();
    await world.go(1);
    expect(world.dropped).toEqual([]);
    expect(world.received).toMatchObject([{ verified: true, longInvokeId: 1 }]);
    await world.close();
  });

  it("a listener without the keys, and one that was played a push again, take nothing", async () => {
    const client = { client: 48, security: hls5(keys) };
    let octets: Uint8Array | undefined;
    const tap = (duplex: Duplex): Duplex => ({
      ...{ remote: duplex.remote, bufferedOctets: 0 },
      start: (handlers) => duplex.start(handlers),
      end: () => duplex.end(),
      destroy: () => duplex.destroy(),
      send(sent) {
        octets = sent;
        duplex.send(sent);
        duplex.send(sent.slice());
      },
    });
    const world = pushWorld({ client, line: tap, listener: { keys: () => keys } });
    await world.trigger();
    await world.go(1);
    expect(octets).toBeDefined();
    expect(world.received).toHaveLength(1);
    expect(world.dropped.map(({ code }) => code)).toEqual(["invocation-counter"]);
    await world.close();
    const stranger = pushWorld({ client });
    await stranger.trigger();
    await stranger.go(1);
    expect(stranger.received).toEqual([]);
    expect(stranger.dropped.map(({ code }) => code)).toEqual(["unknown-system-title"]);
    await stranger.close();
  });

  it("P3: waits for the next window where none is open", async () => {
    const world = pushWorld({ options: { communicationWindow: [{ startTime: at(10, 30), endTime: at(11) }] } });
    await world.trigger();
    await world.go(1799);
    expect(world.received).toEqual([]);
    await world.go(1801);
    expect(world.received.map((one) => Math.floor(one.at))).toEqual([1800]);
    await world.close();
  });

  it.each([
    [0, 60, {}],
    [1, 60, {}],
    [2, 30, { repetitionDelay: { repetitionDelayMin: 10, repetitionDelayExponent: 200, repetitionDelayMax: 30 } }],
  ] as const)("P4: version %i tries number_of_retries times more, after the delay", async (version, last, more) => {
    const options = { version, numberOfRetries: 3, repetitionDelay: 60, ...more };
    const world = pushWorld({ options: { ...options, portReference: "0.0.25.0.0.255" }, more: [port] });
    world.down(true);
    await world.trigger();
    await world.go(1000);
    const waits = world.dialled.slice(1).map((now, place) => Math.round(now - (world.dialled[place] as number)));
    expect(waits).toEqual(version === 2 ? [10, 20, 30] : [60, 60, last]);
    expect(world.what()).toEqual(["again", "again", "again", "failed"]);
    // The next one is another series.
    world.down(false);
    await world.trigger();
    await world.go(1010);
    expect(world.received).toMatchObject([{ longInvokeId: 2 }]);
    await world.close();
  });

  it("P4: a repetition has the same id, time and body, and the series ends with it", async () => {
    const client = { client: 48, security: hls5(keys) };
    const world = pushWorld({ client, options: { numberOfRetries: 5 }, listener: { keys: () => keys } });
    world.down(true);
    await world.trigger();
    await world.go(61);
    world.down(false);
    await world.meter.change((device) => device.set(world.value, "value", 99));
    await world.go(1000);
    expect(world.dialled).toHaveLength(3);
    expect(world.received).toMatchObject([{ longInvokeId: 1, time: { second: 0 }, data: { value: [{ value: 7 }] } }]);
    await world.close();
  });

  it("P5: starts uniformly over the randomisation interval, over 1,000 meters", async () => {
    const value = energy();
    const setup = pushSetup("0.0.25.9.0.255", {
      ...{ version: 0, pushObjectList: [element(value, 2)], destination: "192.0.2.7:4059" },
      randomisationStartInterval: 600,
    });
    const template = meterTemplate({
      objects: [value, setup],
      associations: { open: { client: 16, security: none() } },
    });
    const machine = new VirtualClock();
    const starts: number[] = [];
    const hes = new PushListener({
      clock: machine,
      link: () => new WrapperServerLink({ end: "client" }),
      received: () => void starts.push(machine.now()),
    });
    const meters = Array.from({ length: 1000 }, (_, place) => new Meter(template, { name: `ABC${place}` }));
    const server = new Server({
      meters: () => undefined,
      clock: machine,
      time: new SimulatedTime({ source: () => machine.now(), start }),
      push: {
        transports: {
          tcp: {
            async dial() {
              const [here, there] = memoryPair({ clock: machine });
              hes.accept(there);
              return here;
            },
            link: () => new WrapperServerLink(),
          },
        },
      },
    });
    for (const meter of meters) {
      server.run(meter);
      await meter.invoke(setup, 1, { type: "integer", value: 0 });
    }
    await machine.advanceAsync(601_000);
    expect(starts).toHaveLength(1000);
    const sorted = starts.sort((one, other) => one - other).map((ms) => ms / 600_000);
    const distance = Math.max(...sorted.map((x, place) => Math.max((place + 1) / 1000 - x, x - place / 1000)));
    // p > 0.01: 1.63 by the root of n.
    expect(distance).toBeLessThan(1.63 / Math.sqrt(1000));
    expect(Math.max(...sorted)).toBeLessThanOrEqual(1.001);
    server.close();
    await server.settled();
  });

  it("P6: a confirmation ends the series; where none comes it is sent again under the same id, and given up", async () => {
    for (const protectedBy of [undefined, { client: 48, security: hls5(keys) }]) {
      const options = { ...second2, operationMethod: "confirmed", numberOfRetries: 2, repetitionDelay: 20 } as const;
      const client = protectedBy === undefined ? {} : { client: protectedBy };
      const world = pushWorld({ options, more: [port], ...client, listener: { keys: () => keys } });
      await world.trigger();
      await world.go(5);
      expect([world.dropped, world.what()]).toEqual([[], ["confirmed"]]);
      expect(world.meter.values(world.setup).lastConfirmationDateTime).toMatchObject({ year: 2026, hour: 10 });
      await world.close();

      const deaf = pushWorld({ options, more: [port], ...client, listener: { keys: () => keys, confirm: false } });
      await deaf.trigger();
      await deaf.go(300);
      expect(deaf.received.map((one) => [one.longInvokeId, one.repeated, Math.round(one.at)])).toEqual([
        [1, false, 0],
        [1, true, 30],
        [1, true, 60],
      ]);
      expect(deaf.what()).toEqual(["again", "again", "failed"]);
      expect(deaf.meter.values(deaf.setup).lastConfirmationDateTime).toMatchObject({ year: null });
      await deaf.close();
    }
  });

  it("P6: the confirmation of another push, or of nobody, confirms nothing", async () => {
    const options = { ...second2, operationMethod: "confirmed" } as const;
    const client = { client: 48, security: hls5(keys) };
    // Confirmed under keys of its own.
    const world = pushWorld({
      options,
      more: [port],
      client,
      push: { confirmation: 5000 },
      listener: { keys: () => keys },
    });
    const other = { ...keys, encryptionKey: key(9) };
    const forged = pushWorld({
      ...{ options, more: [port], client, push: { confirmation: 5000 } },
      // It opens with the right keys and confirms with others.
      listener: {
        keys: (() => {
          let asked = 0;
          return () => (asked++ === 0 ? keys : other);
        })(),
      },
    });
    await world.trigger();
    await forged.trigger();
    await world.go(10);
    await forged.go(10);
    expect([world.what(), forged.what()]).toEqual([["confirmed"], ["failed"]]);
    await world.close();
    await forged.close();
  });

  it("P7: null-data for what cannot be read; blocks where it is longer than the client takes; never malformed", async () => {
    const failing = register("1.0.2.8.0.255", { type: T.doubleLongUnsigned, value: 0, unit: "Wh" }, {
      read: {
        value: () => {
          throw refuse("temporary-failure");
        },
      },
    } as never);
    const long = dataObject("0.0.96.1.0.255", { type: T.octetString, value: new Uint8Array(3000).fill(0x41) });
    for (const client of [
      { client: 48, security: hls5(keys), maxSendPduSize: 500 },
      { client: 49, security: none(), maxSendPduSize: 64 },
    ]) {
      const pushObjectList = [element(failing, 2), element(long, 2), element(failing, 9)];
      const world = pushWorld({
        ...{ client, more: [failing, long], options: { pushObjectList } },
        listener: { keys: () => keys },
      });
      await world.trigger();
      await world.go(1);
      expect(world.dropped).toEqual([]);
      expect(world.received).toMatchObject([
        {
          data: {
            value: [
              { type: "null-data" },
              { type: "octet-string", value: new Uint8Array(3000).fill(0x41) },
              { type: "null-data" },
            ],
          },
        },
      ]);
      await world.close();
    }
  });

  it("brings its own list, from which names, scaled values and units follow", async () => {
    const value = energy();
    const pushObjectList = [
      { classId: 40, instanceId: "0.0.25.9.0.255", attributeId: 2, dataIndex: 0 },
      element(value, 2),
      element(value, 3),
    ] as const;
    const world = pushWorld({ options: { pushObjectList } });
    await world.trigger();
    await world.go(1);
    expect(world.received[0]?.values).toMatchObject([
      { classId: 3, instanceId: "1.0.1.8.0.255", attributeId: 2, scaled: 7, unit: "Wh" },
      { classId: 3, attributeId: 3 },
    ]);
    await world.close();
  });

  it("survives a restart: what waits in the store is sent by the next process, once", async () => {
    const store = await openMemoryStore();
    const first = pushWorld({ store, options: { numberOfRetries: 9 } });
    first.down(true);
    await first.trigger();
    await first.go(5);
    expect(first.dialled).toHaveLength(1);
    await first.close();
    const next = pushWorld({ store, options: { numberOfRetries: 9 } });
    await next.go(120);
    expect(next.received).toMatchObject([{ longInvokeId: 1 }]);
    expect(await store.messageQueue.counts()).toMatchObject({ SENT: 1, PENDING: 0, FAILED: 0 });
    await next.trigger();
    await next.go(121);
    expect(next.received.at(-1)).toMatchObject({ longInvokeId: 2 });
    await next.close();
  });

  it("waits while the meter has no power, and comes once it has", async () => {
    const world = pushWorld({ options: { numberOfRetries: 2 } });
    world.down(true);
    await world.trigger();
    await world.go(1);
    await world.meter.powerDown();
    world.down(false);
    await world.go(600);
    expect(world.received).toEqual([]);
    await world.meter.powerUp();
    await world.go(700);
    expect(world.received).toMatchObject([{ longInvokeId: 1 }]);
    await world.close();
  });

  it("reset withdraws what waits", async () => {
    const world = pushWorld({ options: { ...second2, numberOfRetries: 9 }, more: [port, clock()] });
    world.down(true);
    await world.trigger();
    await world.go(1);
    await world.meter.invoke(world.setup, 2, { type: "integer", value: 0 });
    world.down(false);
    await world.go(600);
    expect(world.received).toEqual([]);
    expect(world.what()).toEqual(["again", "failed"]);
    await world.close();
  });
});
