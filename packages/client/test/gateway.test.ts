import { gatewayAddress, T, withGatewayPrefix } from "@dlmskit/apdu";
import { fromAscii, fromHex, toHex } from "@dlmskit/core";
import { Register, register } from "@dlmskit/cosem-objects";
import { Primary, Station } from "@dlmskit/hdlc";
import { CounterGuard, CounterLedger, Keys } from "@dlmskit/security";
import { gateway, hls5, Meter, meterTemplate, none, Server } from "@dlmskit/server";
import { memoryPair, VirtualClock, withFaults } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { connect, GatewayLine } from "../src/index.ts";

const energy = "1.0.1.8.0.255";
const keys = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };

const meterOf = (number: number, value = number): Meter =>
  new Meter(
    meterTemplate({
      objects: [register(energy, { type: T.doubleLongUnsigned, value, unit: "Wh" })],
      associations: {
        open: { client: 16, security: none(), access: "full", maxReceivePduSize: 128 },
        secure: { client: 48, security: hls5(keys), access: "full" },
      },
    }),
    { name: `MET${number}` },
  );

function network(count: number) {
  const clock = new VirtualClock();
  const meters = Object.fromEntries(Array.from({ length: count }, (_, at) => [`1/${at}`, meterOf(at)]));
  const events: { type: string }[] = [];
  const server = new Server({
    meters: gateway({ behind: meters }),
    clock,
    random: (octets) => globalThis.crypto.getRandomValues(new Uint8Array(octets)),
    events: (event) => void events.push(event),
  });
  const line = (client = 16) => {
    const [duplex, far] = memoryPair({ clock });
    server.accept(far, new WrapperServerLink({}));
    return { duplex, link: new WrapperClientLink({ client, server: 1 }) };
  };
  /** Lets virtual time pass until the promise has an end. */
  const run = async <V>(promise: Promise<V>): Promise<V> => {
    let over = false;
    const ended = promise.finally(() => {
      over = true;
    });
    ended.catch(() => undefined);
    for (let at = 0; at < 20_000 && !over; at++) await clock.advanceAsync(5);
    return ended;
  };
  return { clock, server, events, line, run };
}

const secured = (options: object = {}) => {
  const counters = new CounterLedger({ start: 1 });
  counters.reserved(1 << 20);
  return {
    mechanism: 5 as const,
    ciphered: true,
    security: {
      ...{ suite: 0 as const, keys: new Keys(keys), counters, replay: new CounterGuard() },
      systemTitle: fromAscii("CLI00001"),
    },
    ...options,
  };
};

describe("a client of a gateway", () => {
  it("reads one meter behind it, in plain and ciphered", async () => {
    const { clock, line, run, events } = network(3);
    const session = await run(connect(line(), { clock, gateway: gatewayAddress("1/2") }));
    expect(await run(session.readScaled(Register, energy))).toMatchObject({ value: 2 });
    await run(session.release());
    const secure = await run(connect(line(48), { clock, gateway: gatewayAddress("1/1"), ...secured() }));
    expect(await run(secure.readScaled(Register, energy))).toMatchObject({ value: 1 });
    await run(secure.release());
    expect(events.filter(({ type }) => type === "refused" || type === "ignored")).toEqual([]);
  });

  it("8.3: the prefix is taken off the PDU sizes of both ends", async () => {
    const { clock, line, run } = network(1);
    const session = await run(connect(line(), { clock, gateway: gatewayAddress("1/0"), maxReceivePduSize: 200 }));
    // The prefix has 4 octets.
    expect(session.association).toMatchObject({ clientMaxReceivePduSize: 196, serverMaxReceivePduSize: 124 });
    await run(session.release());
    for (const [given, expected] of [
      [undefined, 0xffff - 4],
      [0, 0xffff - 4],
      [66, 64],
    ] as const) {
      const options = given === undefined ? {} : { maxReceivePduSize: given };
      const other = await run(connect(line(), { clock, gateway: gatewayAddress("1/0"), ...options }));
      expect(other.association.clientMaxReceivePduSize).toBe(expected);
      await run(other.release());
    }
  });

  it("has sessions with 50 meters over one connection at once, and each value is that of its meter", async () => {
    const { clock, line, run, server } = network(50);
    const gate = await run(GatewayLine.open(line(), { clock }));
    const addresses = Array.from({ length: 50 }, (_, at) => gatewayAddress(`1/${at}`));
    const sessions = await run(Promise.all(addresses.map((address) => gate.connect(address, {}))));
    const values = await run(Promise.all(sessions.map((session) => session.readScaled(Register, energy))));
    expect(values.map(({ value }) => value)).toEqual(addresses.map((_, at) => at));
    expect(server.connections).toBe(1);
    expect(server.sessions).toHaveLength(50);
    expect(() => gate.line(gatewayAddress("1/5"))).toThrow(expect.objectContaining({ code: "already-connected" }));
    await run(Promise.all(sessions.map((session) => session.release())));
    expect(server.sessions).toHaveLength(0);
    // A meter that was released can be connected again.
    const again = await run(gate.connect(gatewayAddress("1/5"), {}));
    expect(await run(again.readScaled(Register, energy))).toMatchObject({ value: 5 });
    await run(gate.close());
    await expect(run(again.readScaled(Register, energy))).rejects.toMatchObject({ code: "link-lost" });
    expect(() => gate.line(gatewayAddress("1/6"))).toThrow(expect.objectContaining({ code: "closed" }));
  });

  it("ciphered sessions over one connection keep their own counters", async () => {
    const { clock, line, run, events } = network(5);
    const gate = await run(GatewayLine.open(line(48), { clock }));
    const sessions = await run(
      Promise.all([0, 1, 2, 3, 4].map((at) => gate.connect(gatewayAddress(`1/${at}`), secured()))),
    );
    for (let round = 0; round < 3; round++) {
      const values = await run(Promise.all(sessions.map((session) => session.readScaled(Register, energy))));
      expect(values.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4]);
    }
    expect(events.filter(({ type }) => type === "refused")).toEqual([]);
  });

  it("an HDLC line that loses and spoils frames: each request is answered with the value of its own meter", async () => {
    const { clock, server, run } = network(4);
    const [near, far] = memoryPair({ clock });
    const faults = (seed: number) => ({
      clock,
      seed,
      loss: 0.03,
      corrupt: 0.001,
      split: 20,
      latency: [1, 15] as const,
    });
    server.accept(withFaults(far, faults(1)), new Station({ addresses: () => true }));
    const link = new Primary({ client: 16, server: { upper: 1 }, timeout: 300, retries: 20 });
    const gate = await run(GatewayLine.open({ duplex: withFaults(near, faults(2)), link }, { clock, timeout: 60_000 }));
    const sessions = await run(
      Promise.all([0, 1, 2, 3].map((at) => gate.connect(gatewayAddress(`1/${at}`), { timeout: 60_000 }))),
    );
    for (let round = 0; round < 10; round++) {
      const values = await run(Promise.all(sessions.map((session) => session.readScaled(Register, energy))));
      expect(values.map(({ value }) => value)).toEqual([0, 1, 2, 3]);
    }
  });

  it("an unknown meter, and a server that is no gateway: the Fault says so in its hint", async () => {
    const { clock, line, run } = network(1);
    await expect(run(connect(line(), { clock, gateway: gatewayAddress("7/9") }))).rejects.toThrow();
    const [duplex, far] = memoryPair({ clock });
    new Server({ meters: meterOf(1), clock }).accept(far, new WrapperServerLink({}));
    const direct = { duplex, link: new WrapperClientLink({ client: 16, server: 1 }) };
    await expect(run(connect(direct, { clock, gateway: gatewayAddress("1/1") }))).rejects.toThrow();
  });

  it("answers of other meters, without a prefix, or with a prefix that lies are not taken as an answer", async () => {
    const { clock, run } = network(1);
    const [duplex, far] = memoryPair({ clock });
    const aare = fromHex("6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001e1d04000007");
    const wrapped = (pdu: Uint8Array) => Uint8Array.of(0, 1, 0, 1, 0, 16, pdu.length >> 8, pdu.length & 0xff, ...pdu);
    const prefix = (at: string, pdu: Uint8Array) => withGatewayPrefix("response", gatewayAddress(at), pdu);
    far.start({
      received: () => {
        for (const pdu of [prefix("1/2", aare), prefix("2/1", aare), aare, fromHex("e70105"), fromHex("e7018430")]) {
          far.send(wrapped(pdu));
        }
      },
      closed: () => undefined,
    });
    const line = { duplex, link: new WrapperClientLink({ client: 16, server: 1 }) };
    const failed = run(connect(line, { clock, gateway: gatewayAddress("1/1"), timeout: 1000 }));
    await expect(failed).rejects.toMatchObject({
      code: "timeout",
      message: expect.stringContaining("gateway, 5 times"),
    });
    expect(toHex(prefix("1/1", aare))).toMatch(/^e7010131/);
  });
});
