import { readFileSync } from "node:fs";
import { gatewayAddress, withGatewayPrefix } from "@dlmskit/apdu";
import { concat, fromAscii, fromHex, type GatewayAddress, toHex } from "@dlmskit/core";
import { clock } from "@dlmskit/cosem-objects";
import { type Duplex, memoryPair } from "@dlmskit/transport";
import { WrapperClientLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it, vi } from "vitest";
import { type Behind, type GatewayOptions, gateway, lls, Meter, meterTemplate, none, Server } from "../src/index.ts";
import { Connection } from "../src/session/connection.ts";
import { Bench } from "./a-client.ts";

const template = meterTemplate({
  objects: [clock()],
  associations: {
    public: { client: 16, security: none(), access: "read" },
    reader: { client: 32, security: lls("12345678"), access: "read" },
  },
});
const meterOf = (name: string): Meter => new Meter(template, { name });
const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f0400001e1dffff");
const getName = fromHex("c001c1000100002a0000ff0200");
const unreachable = "d80101";
// A meter gives the same exception without an association.
const notAssociated = "d80101";
const nameOf = (name: string): string =>
  `c401c10009${name.length.toString(16).padStart(2, "0")}${toHex(fromAscii(name))}`;

/** A client with raw octets on a connection to a gateway. */
function through(options: Partial<GatewayOptions> & Pick<GatewayOptions, "behind">, limits = {}) {
  const bench = new Bench(gateway(options), { limits });
  const duplex = bench.plug();
  let inbox = "";
  let closed = false;
  duplex.start({
    received: (octets) => {
      inbox += toHex(octets);
    },
    closed: () => {
      closed = true;
    },
  });
  const ask = async (pdu: Uint8Array, { client = 16, server = 1 } = {}): Promise<string> => {
    const header = new Uint8Array(8);
    const view = new DataView(header.buffer);
    for (const [at, value] of [1, client, server, pdu.length].entries()) view.setUint16(2 * at, value);
    duplex.send(concat(header, pdu));
    await bench.settle(5);
    const answer = inbox;
    inbox = "";
    return answer.slice(16);
  };
  const behind = async (at: string | GatewayAddress, pdu: Uint8Array, from = {}): Promise<string> => {
    const address = typeof at === "string" ? gatewayAddress(at) : at;
    const answer = await ask(withGatewayPrefix("request", address, pdu), from);
    const prefix = toHex(withGatewayPrefix("response", address, new Uint8Array(0)));
    return answer.startsWith(prefix) ? answer.slice(prefix.length) : answer === "" ? "" : `no prefix: ${answer}`;
  };
  /** What came without a request, without the header of the wrapper. */
  const rest = (): string => inbox.slice(16);
  return { bench, ask, behind, rest, isClosed: () => closed, duplex };
}

const two = { "1/001": meterOf("ONE1"), "1/002": meterOf("TWO2") };

describe("a gateway with meters of this process behind it", () => {
  it("8.1, 8.2: reaches each meter by network and address, AARQ and AARE with the prefix too", async () => {
    const { behind, bench } = through({ behind: two });
    expect(await behind("1/001", aarq)).toMatch(/^61/);
    expect(await behind("1/001", getName)).toBe(nameOf("ONE1"));
    // 8.4: the association is one of this address only.
    expect(await behind("1/002", getName)).toBe(notAssociated);
    expect(await behind("1/002", aarq)).toMatch(/^61/);
    expect(await behind("1/002", getName)).toBe(nameOf("TWO2"));
    expect(await behind("1/001", getName)).toBe(nameOf("ONE1"));
    expect(
      bench.server.sessions.map(({ meter, address }) => [
        meter,
        toHex(address.gateway?.physicalDeviceAddress ?? new Uint8Array()),
      ]),
    ).toEqual([
      ["ONE1", "303031"],
      ["TWO2", "303032"],
    ]);
    expect(bench.events).toContainEqual(
      expect.objectContaining({
        type: "associated",
        address: expect.objectContaining({ gateway: gatewayAddress("1/002") }),
      }),
    );
  });

  it("8.4: the same meter has an association for each client and logical device", async () => {
    const { behind } = through({ behind: two });
    expect(await behind("1/001", aarq)).toMatch(/^61/);
    expect(await behind("1/001", getName, { client: 32 })).toBe(notAssociated);
    expect(await behind("1/001", getName)).toBe(nameOf("ONE1"));
  });

  it("vectors gw-001 and gw-002: the octets", async () => {
    const file = new URL("../../../test-vectors/sequences.json", import.meta.url);
    const { sequences } = JSON.parse(readFileSync(file, "utf8")) as {
      sequences: { id: string; steps: { from: string; hex: string }[] }[];
    };
    const stepsOf = (id: string) => sequences.find((one) => one.id === id)?.steps.map(({ hex }) => hex) ?? [];
    const { ask, behind } = through({ behind: two });
    await behind("1/001", aarq);
    const [request = "", response = ""] = stepsOf("gw-001");
    // The value is the time, of which the vector has another one.
    expect((await ask(fromHex(request))).slice(0, 24)).toBe(response.slice(0, 24));
    const [unknown = "", exception] = stepsOf("gw-002");
    expect(await ask(fromHex(unknown))).toBe(exception);
  });

  it("8.5: an unknown network, address or logical device gets the exception, or nothing; the operator is told", async () => {
    for (const unreachableAnswer of ["exception", "silent"] as const) {
      const { behind, bench } = through({ behind: two, unreachable: unreachableAnswer });
      const expected = unreachableAnswer === "exception" ? unreachable : "";
      expect(await behind("2/001", aarq)).toBe(expected);
      expect(await behind("1/003", getName)).toBe(expected);
      expect(await behind("1/001", aarq, { server: 9 })).toBe(expected);
      expect(bench.events.filter(({ type }) => type === "ignored")).toHaveLength(3);
      expect(await behind("1/001", aarq)).toMatch(/^61/);
    }
  });

  it("5.1: unconfirmed requests for unknown meters get no exception", async () => {
    const { behind } = through({ behind: two });
    expect(await behind("1/003", fromHex("c00181000100002a0000ff0200"))).toBe("");
    expect(await behind("1/003", fromHex("10000000010000"))).toBe("");
  });

  it("the gateway itself has meters, or answers nobody without a prefix", async () => {
    const own = through({ behind: two, own: meterOf("OWN0") });
    expect(await own.ask(aarq)).toMatch(/^61/);
    expect(await own.ask(getName)).toBe(nameOf("OWN0"));
    expect(await own.behind("1/001", getName)).toBe(notAssociated);
    expect(await through({ behind: two }).ask(aarq)).toBe("");
  });

  it("8.6: a meter that answers to its own address answers E7 when E6 came", async () => {
    const self = meterOf("SELF");
    const { ask, behind } = through({ own: self, behind: { "0/SELF": self } });
    expect(await behind("0/SELF", aarq)).toMatch(/^61/);
    expect(await behind("0/SELF", getName)).toBe(nameOf("SELF"));
    expect(await ask(getName)).toBe(notAssociated);
  });

  it("8.5: a server that is no gateway does not know the tag", async () => {
    const bench = new Bench(meterOf("ONE1"));
    const client = await bench.client().open();
    expect(toHex((await client.raw(fromHex("e60103303031c001c100080000010000ff0200"))) ?? new Uint8Array())).toMatch(
      /^d8/,
    );
    expect((await client.get([1, "0.0.42.0.0.255", 2]))[0]).toMatchObject({ data: {} });
  });

  it("addresses of 0 and 255 octets; a key that is no address is refused", async () => {
    const long = { networkId: 255, physicalDeviceAddress: new Uint8Array(255).fill(0xff) };
    const none0 = { networkId: 0, physicalDeviceAddress: new Uint8Array(0) };
    const { behind } = through({
      behind: ({ physicalDeviceAddress: { length } }) =>
        length === 0 ? two["1/001"] : length === 255 ? two["1/002"] : undefined,
    });
    for (const [address, name] of [
      [none0, "ONE1"],
      [long, "TWO2"],
    ] as const) {
      expect(await behind(address, aarq)).toMatch(/^61/);
      expect(await behind(address, getName)).toBe(nameOf(name));
    }
    expect(() => gateway({ behind: { "256/1": meterOf("ONE1") } })).toThrow(
      expect.objectContaining({ code: "bad-value" }),
    );
  });

  it("hostile prefixes: lengths that lie, nothing after them, a prefix in a prefix; the connection goes on", async () => {
    const { ask, behind, bench } = through({ behind: two, own: meterOf("OWN0") });
    for (const hex of ["e6", "e601", "e601ff", "e60103", "e60103303031", "e60184ffffffff30", "e601820100", "e680"]) {
      expect(await ask(fromHex(hex))).toMatch(/^d8/);
    }
    expect(await behind("1/001", aarq)).toMatch(/^61/);
    // The meter is no gateway.
    const inner = withGatewayPrefix("request", gatewayAddress("1/002"), getName);
    expect(await behind("1/001", inner)).toMatch(/^d8/);
    expect(await behind("1/001", getName)).toBe(nameOf("ONE1"));
    // An answer that nobody asked for.
    expect(await ask(withGatewayPrefix("response", gatewayAddress("1/001"), getName))).toMatch(/^d8/);
    expect(bench.server.connections).toBe(1);
  });

  it("a flood of unknown addresses and of clients holds no memory, and others are served", async () => {
    const started = vi.spyOn(Connection.prototype, "start");
    const { behind } = through({ behind: two }, { sessionsPerGateway: 8 });
    const [connection] = started.mock.contexts as [Connection];
    started.mockRestore();
    expect(await behind("1/001", aarq)).toMatch(/^61/);
    for (let at = 0; at < 200; at++) expect(await behind(`7/${at}`, getName)).toBe(unreachable);
    expect(connection.sessions.size).toBe(1);
    for (let client = 100; client < 200; client++) await behind("1/002", getName, { client });
    expect(connection.sessions.size).toBe(8);
    expect(await behind("1/001", getName)).toBe(nameOf("ONE1"));
  });

  it("all places are taken by associations: one more meter gets the exception", async () => {
    const meters: { [address: string]: Behind } = {};
    for (let at = 0; at < 5; at++) meters[`1/${at}`] = meterOf(`MET${at}`);
    const { behind } = through({ behind: meters }, { sessionsPerGateway: 4 });
    for (let at = 0; at < 4; at++) expect(await behind(`1/${at}`, aarq)).toMatch(/^61/);
    expect(await behind("1/4", aarq)).toBe(unreachable);
    await behind("1/2", fromHex("6200"));
    expect(await behind("1/4", aarq)).toMatch(/^61/);
  });

  it("the association of a silent meter ends after the inactivity, the others and the connection go on", async () => {
    const { behind, bench, isClosed } = through({ behind: two }, { inactivity: 10_000 });
    await behind("1/001", aarq);
    await behind("1/002", aarq);
    for (let at = 0; at < 4; at++) {
      bench.clock.advance(4000);
      expect(await behind("1/002", getName)).toBe(nameOf("TWO2"));
    }
    expect(bench.server.sessions.map(({ meter }) => meter)).toEqual(["TWO2"]);
    expect(await behind("1/001", getName)).toBe(notAssociated);
    expect(isClosed()).toBe(false);
    bench.clock.advance(11_000);
    expect(isClosed()).toBe(true);
    expect(bench.server.sessions).toEqual([]);
  });

  it("a meter without power is not reached, and the others are", async () => {
    const one = meterOf("ONE1");
    const { behind, bench } = through({ behind: { ...two, "1/001": one } });
    await behind("1/001", aarq);
    await behind("1/002", aarq);
    await one.powerDown();
    await bench.settle(5);
    expect(await behind("1/001", getName)).toBe(unreachable);
    expect(await behind("1/002", getName)).toBe(nameOf("TWO2"));
    await one.powerUp();
    expect(await behind("1/001", aarq)).toMatch(/^61/);
  });

  it("a client that fails to authenticate to one meter is locked out of that one only", async () => {
    const { behind } = through({ behind: two }, { failedAuthentications: 1, lockout: 60_000 });
    const withPassword = (text: string): Uint8Array =>
      fromHex(
        `6036a1090607608574050801018a0207808b0760857405080201ac0a8008${toHex(fromAscii(text))}be10040e01000000065f1f0400001e1dffff`,
      );
    const from = { client: 32 };
    expect(await behind("1/001", withPassword("00000000"), from)).toMatch(/^61.*a20302010[12]/);
    expect(await behind("1/001", withPassword("12345678"), from)).toMatch(/^61.*a20302010[12]/);
    expect(await behind("1/002", withPassword("12345678"), from)).toMatch(/^61.*a203020100/);
  });
});

describe("a gateway with lines to meters elsewhere", () => {
  /** Another process with its meters, on the same virtual clock. */
  function elsewhere(bench: () => Bench, meter: Meter) {
    const lines: Duplex[] = [];
    const dial = async (): Promise<Duplex> => {
      const [near, far] = memoryPair({ clock: bench().clock });
      lines.push(near);
      const server = new Server({ meters: meter, clock: bench().clock });
      server.accept(far, new WrapperServerLink({}));
      return near;
    };
    return { dial, lines };
  }
  const link = ({ client, server }: { client: number; server: number }) => new WrapperClientLink({ client, server });

  it("APDUs pass unchanged both ways, each client and logical device on a connection of its own", async () => {
    let bench: Bench | undefined;
    const far = elsewhere(() => bench as Bench, meterOf("FAR1"));
    const line = through({ behind: { "1/far": { over: far.dial, link }, ...two } });
    bench = line.bench;
    expect(await line.behind("1/far", aarq)).toMatch(/^61/);
    expect(await line.behind("1/far", getName)).toBe(nameOf("FAR1"));
    expect(await line.behind("1/001", getName)).toBe(notAssociated);
    expect(await line.behind("1/far", getName, { client: 32 })).toBe(notAssociated);
    expect(far.lines).toHaveLength(2);
    // The first association is not touched.
    expect(await line.behind("1/far", getName)).toBe(nameOf("FAR1"));
  });

  it("a line that cannot be opened, or ends: the exception, an event, and the next request begins anew", async () => {
    let bench: Bench | undefined;
    const far = elsewhere(() => bench as Bench, meterOf("FAR1"));
    let down = true;
    const over = () => (down ? Promise.reject(new Error("no route to host")) : far.dial());
    const line = through({ behind: { "1/far": { over, link } } });
    bench = line.bench;
    expect(await line.behind("1/far", aarq)).toBe(unreachable);
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: "unreachable", fault: expect.objectContaining({ code: "meter-unreachable" }) }),
    );
    down = false;
    expect(await line.behind("1/far", aarq)).toMatch(/^61/);
    far.lines[0]?.destroy();
    await bench.settle(5);
    expect(await line.behind("1/far", getName)).toBe(notAssociated);
    expect(far.lines).toHaveLength(2);
  });

  it("a meter that does not answer: the exception after the timeout, nothing if silent", async () => {
    for (const answer of ["exception", "silent"] as const) {
      const far: { duplex?: Duplex } = {};
      let bench: Bench | undefined;
      const over = async (): Promise<Duplex> => {
        const [near, other] = memoryPair({ clock: (bench as Bench).clock });
        far.duplex = other;
        other.start({ received: () => undefined, closed: () => undefined });
        return near;
      };
      const line = through({ behind: { "1/far": { over, link, timeout: 3000 } }, unreachable: answer });
      bench = line.bench;
      expect(await line.behind("1/far", getName)).toBe("");
      bench.clock.advance(2990);
      // What is asked for another meter meanwhile is answered.
      expect(await line.behind("1/none", getName)).toBe(answer === "exception" ? unreachable : "");
      await bench.settle(20);
      expect(bench.events.filter(({ type }) => type === "unreachable")).toHaveLength(1);
      expect(line.rest()).toBe(answer === "exception" ? `e70103666172${unreachable}` : "");
    }
  });

  it("an answer that is too long with the prefix: pdu-too-long", async () => {
    let bench: Bench | undefined;
    const over = async (): Promise<Duplex> => {
      const [near, other] = memoryPair({ clock: (bench as Bench).clock });
      other.start({
        received: () => other.send(concat(fromHex("000100010010ffff"), new Uint8Array(0xffff).fill(0xc4))),
        closed: () => undefined,
      });
      return near;
    };
    const line = through({ behind: { "1/far": { over, link } } });
    bench = line.bench;
    expect(await line.behind("1/far", getName)).toBe("d80104");
  });

  it("a gateway of a gateway: the inner prefix is for the next one", async () => {
    let bench: Bench | undefined;
    const over = async (): Promise<Duplex> => {
      const [near, other] = memoryPair({ clock: (bench as Bench).clock });
      new Server({ meters: gateway({ behind: two }), clock: (bench as Bench).clock }).accept(
        other,
        new WrapperServerLink({}),
      );
      return near;
    };
    const line = through({ behind: { "9/gw": { over, link } } });
    bench = line.bench;
    const inner = (pdu: Uint8Array) => withGatewayPrefix("request", gatewayAddress("1/002"), pdu);
    const prefix = toHex(withGatewayPrefix("response", gatewayAddress("1/002"), new Uint8Array(0)));
    expect(await line.behind("9/gw", inner(aarq))).toMatch(new RegExp(`^${prefix}61`));
    expect(await line.behind("9/gw", inner(getName))).toBe(`${prefix}${nameOf("TWO2")}`);
  });
});
