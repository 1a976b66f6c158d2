import { connect } from "@dlmskit/client";
import { fromAscii } from "@dlmskit/core";
import { MbusClientLink, MbusServerLink } from "@dlmskit/mbus";
import { CounterLedger } from "@dlmskit/security";
import { type CommunicationPort, openMemoryStore } from "@dlmskit/storage";
import { type Duplex, memoryPair, VirtualClock, withFaults } from "@dlmskit/transport";
import { systemClock, tcpConnect } from "@dlmskit/transport/node";
import { serialOpen } from "@dlmskit/transport/serial";
import { afterEach, describe, expect, it } from "vitest";
import { noPty, ptyPair } from "../../../test/pty-pair.ts";
import { mbusSpace } from "../src/fleet/address-space.ts";
import { createSimulator, identityOptions, type Simulator } from "../src/index.ts";
import { linesOf } from "../src/simulate/lines.ts";
import { lineOfRow } from "../src/simulate/serial-line.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
const kept = <T extends { close(): Promise<void> }>(one: T): T => {
  open.push(one);
  return one;
};
const link = (address: number): MbusClientLink => new MbusClientLink({ client: 16, server: 1, address, timeout: 3000 });
const deviceName = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 } as const;

async function nameAt(duplex: Duplex, address: number): Promise<string> {
  const session = await connect({ duplex, link: link(address) }, { clock: systemClock, timeout: 10_000 });
  const { value } = (await session.get(deviceName)) as { value: Uint8Array };
  await session.release();
  return String.fromCharCode(...value);
}

/** A row of the usual settings of M-Bus. */
const row: CommunicationPort = {
  ...{ portType: "SERIAL", portNumber: 1, baudRate: 2400, dataBits: 8, stopBits: 1, parity: "EVEN" },
};

async function ofRow(settings: Partial<CommunicationPort>): Promise<Simulator> {
  const store = await openMemoryStore();
  await store.communicationPorts.addAll([{ ...row, ...settings }]);
  return kept(await createSimulator({ seed: "m-bus", store, meters: 3 }));
}

describe("a serial line", () => {
  it.each([
    [undefined, "hdlc"],
    ["wrapper", "hdlc"],
    ["mbus", "mbus"],
  ] as const)("with the link %s carries %s", (given, link) => {
    const how = { serial: { path: "/dev/ttyS9" }, ...(given === undefined ? {} : { link: given }) };
    expect(linesOf({ hdlcSettings: [], ports: [] }, how, 1)).toMatchObject([{ link, transport: "serial" }]);
  });
});

describe("meters on an M-Bus line", () => {
  it("one port has 250 of them, each with its primary address", async () => {
    const simulator = kept(await createSimulator({ seed: "m-bus", meters: 3 }));
    const { ports, reached } = await simulator.listen({ link: "mbus", port: 0 });
    expect(ports).toMatchObject([{ link: "mbus", transport: "tcp", meters: { first: 0, meters: 3 } }]);
    const { port } = ports[0] as { port: number };
    for (const index of [0, 2]) {
      const { link: name, physicalAddress } = await simulator.identity(index, reached[0]);
      expect([name, physicalAddress]).toEqual(["mbus", index + 1]);
      expect(await nameAt(await tcpConnect("127.0.0.1", port), index + 1)).toBe(simulator.meter(index).name);
    }
    const nobody = connect(
      { duplex: await tcpConnect("127.0.0.1", port), link: new MbusClientLink({ ...at(4), timeout: 20 }) },
      { clock: systemClock },
    );
    await expect(nobody).rejects.toMatchObject({ code: "link-lost", cause: { code: "no-answer" } });
  });

  const at = (address: number) => ({ client: 16, server: 1, address });

  it("a line in memory, in virtual time: a bad line, and an answer that is long in coming", async () => {
    const clock = new VirtualClock();
    const simulator = kept(await createSimulator({ seed: "m-bus", start: Date.UTC(2026, 4, 4), speed: 0 }));
    const faults = { clock, latency: 300, loss: 0.1, corrupt: 0.1, seed: 5 } as const;
    const [near, far] = memoryPair(faults);
    simulator.server.accept(far, new MbusServerLink({ addresses: [1] }));
    const master = new MbusClientLink({ ...at(1), timeout: 1000, retries: 10 });
    const done = (async () => {
      const session = await connect({ duplex: near, link: master }, { clock, timeout: 100_000 });
      const { value } = (await session.get(deviceName)) as { value: Uint8Array };
      return String.fromCharCode(...value);
    })();
    let name: string | undefined;
    void done.then((found) => {
      name = found;
    });
    for (let step = 0; step < 500 && name === undefined; step++) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advanceAsync(200);
    }
    expect(name).toBe(simulator.meter(0).name);
  });

  it("with a port each, the meter is the only one on its line", async () => {
    const simulator = kept(await createSimulator({ seed: "m-bus", meters: 2 }));
    const { ports } = await simulator.listen({ link: "mbus", port: 0, ports: "each" });
    expect(ports).toHaveLength(2);
    const second = ports[1] as { port: number };
    expect(await nameAt(await tcpConnect("127.0.0.1", second.port), 254)).toBe(simulator.meter(1).name);
  });

  it("an association with ciphering and long answers goes over a bad line", async () => {
    const simulator = kept(await createSimulator({ seed: "m-bus", start: Date.UTC(2026, 4, 4), speed: 0 }));
    const listening = await simulator.listen({ link: "mbus", port: 0 });
    const row = await simulator.identity(0, listening.reached[0]);
    const { port } = listening.ports[0] as { port: number };
    const counters = new CounterLedger({ start: 1 });
    counters.reserved(0x10_0000);
    const own = { systemTitle: fromAscii("HES00001"), counters };
    const { options, link: usual } = identityOptions(row, 32, own);
    expect(usual).toBeInstanceOf(MbusClientLink);
    const faults = { seed: 3, clock: systemClock, loss: 0.03, corrupt: 0.03 };
    const duplex = withFaults(await tcpConnect("127.0.0.1", port), faults);
    const bad = new MbusClientLink({ ...at(1), client: 32, timeout: 100, retries: 10, pollInterval: 5 });
    const session = await connect({ duplex, link: bad }, { clock: systemClock, timeout: 10_000, ...options });
    const { objects } = await session.discover();
    expect(objects.length).toBeGreaterThan(50);
    await session.release();
  });

  it("is refused over UDP", async () => {
    const simulator = kept(await createSimulator({ seed: "m-bus" }));
    await expect(simulator.listen({ link: "mbus", transport: "udp" })).rejects.toMatchObject({
      code: "bad-value",
      message: "M-Bus is not spoken over UDP",
    });
  });

  it("has no place for addresses that no meter can have", () => {
    const space = mbusSpace();
    expect([0, 249].map((place) => space.placeAt(space.of(place)))).toEqual([0, 249]);
    for (const physical of [0, 251, 254]) expect(space.placeAt({ server: 1, physical })).toBeUndefined();
    expect(space.placeAt({ server: 2, physical: 1 })).toBeUndefined();
  });
});

describe("a row of communication_ports with 8 data bits and even parity", () => {
  it("is an M-Bus line", () => {
    expect(lineOfRow(row, "/dev/x")).toEqual({
      ...{ path: "/dev/x", baudRate: 2400, dataBits: 8, stopBits: 1, parity: "even" },
    });
  });

  it("also without a baud rate, which is 2400 then", () => {
    const { baudRate: _, ...without } = row;
    const stored = { ...without, id: 1, portNumber: 1 } as Parameters<typeof linesOf>[0]["ports"][number];
    expect(linesOf({ hdlcSettings: [], ports: [stored] }, {}, 1)).toMatchObject([
      { link: "mbus", serial: { baudRate: 2400, parity: "even" } },
    ]);
  });

  it("of TCP: a device server with an M-Bus line behind it", async () => {
    const simulator = await ofRow({ portType: "TCP", portNumber: 0 });
    const { ports } = await simulator.listen();
    expect(ports[0]?.link).toBe("mbus");
    const { port } = ports[0] as { port: number };
    expect(await nameAt(await tcpConnect("127.0.0.1", port), 3)).toBe(simulator.meter(2).name);
  });

  it.skipIf(noPty !== undefined)("of a serial port", async () => {
    const simulator = await ofRow({});
    const pair = await ptyPair();
    open.push(pair);
    await simulator.listen({ serialPath: () => pair.far });
    const near = (): Promise<Duplex> => serialOpen(pair.near, { baudRate: 2400, parity: "even" });
    expect(await nameAt(await near(), 2)).toBe(simulator.meter(1).name);
    expect(await nameAt(await near(), 3)).toBe(simulator.meter(2).name);
  });
});
