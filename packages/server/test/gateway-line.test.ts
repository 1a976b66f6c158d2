import { gatewayAddress, withGatewayPrefix } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { clock } from "@dlmskit/cosem-objects";
import { Primary, Station } from "@dlmskit/hdlc";
import { MbusClientLink, MbusServerLink } from "@dlmskit/mbus";
import { type Duplex, memoryPair } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { gateway, Meter, meterTemplate, none, Server, SharedLine } from "../src/index.ts";
import { Bench } from "./a-client.ts";
import { slowObject } from "./slow-object.ts";

const template = meterTemplate({
  objects: [clock()],
  associations: { public: { client: 16, security: none(), access: "read" } },
});
const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f0400001e1dffff");
const getName = fromHex("c001c1000100002a0000ff0200");
// time_zone of the clock, with the service class unconfirmed.
const unconfirmedSet = fromHex("c1018100080000010000ff030010003c");
const hex = (octets: Uint8Array | undefined): string => toHex(octets ?? new Uint8Array());

/** A gateway with three meters on one bus, HDLC or M-Bus, at the lower addresses 17 to 19; 20 is a meter that is not there. */
function bus(kind: "hdlc" | "mbus" = "hdlc") {
  const state: { bench?: Bench; opened: number; near?: Duplex; inFlight: number; collisions: number } = {
    ...{ opened: 0, inFlight: 0, collisions: 0 },
  };
  const meters = new Map([17, 18, 19].map((at) => [at, new Meter(template, { name: `BUS${at}` })]));
  const line = new SharedLine(async () => {
    const { clock: machine } = state.bench as Bench;
    const [near, far] = memoryPair({ clock: machine });
    state.opened++;
    state.near = near;
    const route = ({ server, physical }: { server: number; physical?: number }) => {
      const meter = meters.get(physical ?? 0);
      return meter === undefined || server !== 1 ? undefined : { meter, device: 1 };
    };
    const server = new Server({ meters: route, clock: machine });
    const station =
      kind === "mbus"
        ? new MbusServerLink({ addresses: [...meters.keys()] })
        : new Station({ addresses: ({ upper, lower }) => upper === 1 && meters.has(lower ?? 0) });
    server.accept(far, station);
    return near;
  });
  const behind = ({ physicalDeviceAddress }: { physicalDeviceAddress: Uint8Array }) => ({
    over: line,
    link({ client, server }: { client: number; server: number }) {
      const [at = 0] = physicalDeviceAddress;
      const timing = { timeout: 300, retries: 1 };
      return kind === "mbus"
        ? new MbusClientLink({ client, server, address: at, ...timing })
        : new Primary({ client, server: { upper: server, lower: at }, ...timing });
    },
    timeout: 3000,
  });
  const bench = new Bench(gateway({ behind }));
  state.bench = bench;
  return { bench, state, line };
}

describe.each(["hdlc", "mbus"] as const)("a gateway with several meters on one line, %s", (kind) => {
  it("asks them one after another, whatever its clients do at once", async () => {
    const { bench, state } = bus(kind);
    const clients = [17, 18, 19, 17].map((lower) => {
      const client = bench.client();
      const prefix = (pdu: Uint8Array) =>
        withGatewayPrefix("request", gatewayAddress(`1/0x${lower.toString(16)}`), pdu);
      return { client, lower, ask: (pdu: Uint8Array) => client.pump.send(prefix(pdu)) };
    });
    for (const { ask } of clients) ask(aarq);
    for (const { ask } of clients) ask(getName);
    await bench.settle(400);
    for (const { client, lower } of clients) {
      const [aare, name, ...more] = client.received.map((pdu) => hex(pdu));
      expect(aare).toMatch(new RegExp(`^e70101${lower.toString(16)}61`));
      expect(name).toContain(hex(new TextEncoder().encode(`BUS${lower}`)));
      expect(more).toEqual([]);
    }
    expect(state.opened).toBe(1);
  });

  it("a meter that is not there holds the line no longer than its timeout", async () => {
    const { bench } = bus(kind);
    const [missing, there] = [bench.client(), bench.client()];
    missing.pump.send(withGatewayPrefix("request", gatewayAddress("1/0x14"), aarq));
    there.pump.send(withGatewayPrefix("request", gatewayAddress("1/0x11"), aarq));
    await bench.settle(1200);
    expect(missing.received.map(hex)).toEqual(["e7010114d80101"]);
    expect(hex(there.received[0])).toMatch(/^e701011161/);
  });

  it("a client that leaves gives its link back, and the line stays open for the others", async () => {
    const { bench, state } = bus(kind);
    const [leaves, stays] = [bench.client(), bench.client()];
    leaves.pump.send(withGatewayPrefix("request", gatewayAddress("1/0x11"), aarq));
    await bench.settle(100);
    leaves.pump.destroy();
    await bench.settle(100);
    stays.pump.send(withGatewayPrefix("request", gatewayAddress("1/0x11"), aarq));
    await bench.settle(400);
    expect(hex(stays.received[0])).toMatch(/^e701011161/);
    expect(state.opened).toBe(1);
  });

  it("a line that breaks is opened again for the next request", async () => {
    const { bench, state } = bus(kind);
    const client = bench.client();
    const ask = (pdu: Uint8Array) => client.raw(withGatewayPrefix("request", gatewayAddress("1/0x12"), pdu));
    client.pump.send(withGatewayPrefix("request", gatewayAddress("1/0x12"), aarq));
    await bench.settle(60);
    expect(hex(client.received[0])).toMatch(/^e701011261/);
    state.near?.destroy();
    await bench.settle(5);
    expect(hex(await ask(aarq))).toMatch(/^e701011261/);
    expect(state.opened).toBe(2);
  });

  it("an unconfirmed request leaves the line without an answer", async () => {
    const { bench } = bus(kind);
    const client = bench.client();
    const ask = (lower: string, pdu: Uint8Array) =>
      client.raw(withGatewayPrefix("request", gatewayAddress(`1/${lower}`), pdu));
    await ask("0x11", aarq);
    await bench.settle(60);
    client.received.length = 0;
    await ask("0x11", unconfirmedSet);
    client.pump.send(withGatewayPrefix("request", gatewayAddress("1/0x12"), aarq));
    await bench.settle(500);
    expect(client.received.map((pdu) => hex(pdu).slice(0, 10))).toEqual(["e701011261"]);
  });

  it("over an HDLC link: the answer of a slow meter comes, though another meter gets a request without an answer meanwhile", async () => {
    const { object: slowly, answer } = slowObject();
    const slow = meterTemplate({
      objects: [slowly],
      associations: { public: { client: 16, security: none(), access: "read" } },
    });
    const [one, two] = [new Meter(slow, { name: "SLOW1" }), new Meter(template, { name: "FAST2" })];
    const bench = new Bench(gateway({ behind: { "1/1": one, "1/2": two } }));
    const client = bench.client({ hdlc: {} });
    await bench.settle(50);
    const send = (at: string, pdu: Uint8Array) =>
      client.pump.send(withGatewayPrefix("request", gatewayAddress(at), pdu));
    send("1/1", aarq);
    await bench.settle(20);
    send("1/2", aarq);
    await bench.settle(20);
    client.received.length = 0;
    send("1/1", fromHex("c001c100010000600100ff0200"));
    await bench.settle(20);
    send("1/2", unconfirmedSet);
    await bench.settle(200);
    answer("late");
    await bench.settle(300);
    expect(client.received.map((pdu) => hex(pdu).slice(0, 8))).toEqual(["e7010131"]);
  });
});
