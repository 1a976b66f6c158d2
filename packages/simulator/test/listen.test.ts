import { connect } from "@dlmskit/client";
import { fromHex } from "@dlmskit/core";
import { Primary } from "@dlmskit/hdlc";
import { openMemoryStore } from "@dlmskit/storage";
import { systemClock, tcpConnect, udpConnect } from "@dlmskit/transport/node";
import { decodeWpdu, encodeWpdu, WrapperClientLink } from "@dlmskit/wrapper";
import { afterEach, describe, expect, it } from "vitest";
import { createSimulator, type Simulator, type SimulatorOptions } from "../src/index.ts";

const name = { classId: 1, instanceId: "0.0.42.0.0.255", attributeId: 2 };
const open: Simulator[] = [];
async function simulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const made = await createSimulator({ seed: "test", ...options });
  open.push(made);
  return made;
}
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const nameOver = async (link: WrapperClientLink | Primary, port: number): Promise<string> => {
  const duplex = await tcpConnect("127.0.0.1", port);
  const session = await connect({ duplex, link }, { clock: systemClock, timeout: 2000 });
  const { value } = (await session.get(name)) as { value: Uint8Array };
  await session.release();
  return String.fromCharCode(...value);
};

describe("listening", () => {
  it("where the rows say: wrapper, HDLC, UDP", async () => {
    const store = await openMemoryStore();
    await store.communicationPorts.addAll([
      { portType: "TCP", portNumber: 0 },
      { portType: "TCP", portNumber: 0, baudRate: 9600 },
      { portType: "UDP", portNumber: 0 },
    ]);
    const run = await simulator({ store, meters: 2 });
    const { ports } = await run.listen();
    expect(ports.map(({ link, host, meters }) => ({ link, host, meters }))).toEqual([
      { link: "wrapper", host: "127.0.0.1", meters: { first: 0, meters: 2 } },
      { link: "hdlc", host: "127.0.0.1", meters: { first: 0, meters: 2 } },
      { link: "wrapper", host: "127.0.0.1", meters: { first: 0, meters: 2 } },
    ]);
    const [wrapper, hdlc, udp] = ports.map(({ port }) => port) as [number, number, number];
    const names = [0, 1].map((index) => run.meter(index).name);
    expect(await nameOver(new WrapperClientLink({ client: 16, server: 1 }), wrapper)).toBe(names[0]);
    expect(await nameOver(new WrapperClientLink({ client: 16, server: 16 }), wrapper)).toBe(names[1]);
    expect(await nameOver(new Primary({ client: 16, server: { upper: 1 } }), hdlc)).toBe(names[0]);
    expect(await nameOver(new Primary({ client: 16, server: { upper: 1, lower: 256 } }), hdlc)).toBe(names[0]);
    expect(await nameOver(new Primary({ client: 16, server: { upper: 1, lower: 257 } }), hdlc)).toBe(names[1]);
    const duplex = await udpConnect("127.0.0.1", udp);
    const answered = new Promise<Uint8Array>((resolve) => {
      duplex.start({ received: resolve, closed: () => undefined });
    });
    const aarq = "601da109060760857405080101be10040e01000000065f1f0400007e1f04b0";
    duplex.send(encodeWpdu({ source: 16, destination: 1, pdu: fromHex(aarq) }));
    expect(decodeWpdu(await answered)).toMatchObject({ source: 1, destination: 16 });
    duplex.destroy();
  });

  it("where it is told: one port for all, or one each", async () => {
    const run = await simulator({ meters: 3 });
    const one = await run.listen({ port: 0 });
    expect(one.ports).toHaveLength(1);
    const each = await run.listen({ port: 0, ports: "each", link: "hdlc" });
    expect(each.ports.map(({ meters }) => meters)).toEqual([0, 1, 2].map((first) => ({ first, meters: 1 })));
    for (const { port, meters } of each.ports) {
      const { name: known } = run.meter(meters.first);
      expect(await nameOver(new Primary({ client: 16, server: { upper: 1 } }), port)).toBe(known);
    }
    // A port that is taken: nothing listens, and the Fault says so.
    const taken = one.ports[0]?.port as number;
    await expect(run.listen({ port: taken })).rejects.toMatchObject({ code: "address-in-use" });
    await each.close();
    await expect(tcpConnect("127.0.0.1", each.ports[0]?.port as number)).rejects.toMatchObject({
      code: "connection-refused",
    });
  });

  it("follows changed rows of hdlc_settings", async () => {
    const store = await openMemoryStore();
    await simulator({ store });
    const [row] = await store.hdlcSettings.list();
    if (row === undefined) throw new Error("no row");
    const { id, createdAt: _, ...setting } = row;
    await store.hdlcSettings.replace(id, { ...setting, deviceAddress: 17 });
    const run = await simulator({ store });
    const { ports, reached } = await run.listen({ link: "hdlc", port: 0 });
    const identity = await run.identity(0, reached[0]);
    expect(identity).toMatchObject({ physicalAddress: 17, serverAddress: 1, link: "hdlc", port: ports[0]?.port });
    const port = ports[0]?.port as number;
    expect(await nameOver(new Primary({ client: 16, server: { upper: 1, lower: 17 } }), port)).toBe(run.meter(0).name);
  });
});
