import { gatewayAddress, withGatewayPrefix } from "@dlmskit/apdu";
import { fromHex, toHex } from "@dlmskit/core";
import { clock, tcpUdpSetup } from "@dlmskit/cosem-objects";
import { openMemoryStore } from "@dlmskit/storage";
import { failing } from "@dlmskit/storage/testing";
import { type Duplex, memoryPair } from "@dlmskit/transport";
import { encodeWpdu, WrapperClientLink, WrapperDatagramLink, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { type Behind, type GatewayOptions, gateway, Meter, meterTemplate, none, Server } from "../src/index.ts";
import { associationIn } from "../src/session/gateway-answers.ts";
import { Bench } from "./a-client.ts";

const associations = { public: { client: 16, security: none(), access: "full" as const } };
const template = meterTemplate({ objects: [clock()], associations });
const aarq = fromHex("601da109060760857405080101be10040e01000000065f1f0400001e1dffff");
const wrongContext = fromHex("601da109060760857405080109be10040e01000000065f1f0400001e1dffff");
const release = fromHex("6200");
const getName = fromHex("c001c1000100002a0000ff0200");
const unconfirmedGet = fromHex("c00181000100002a0000ff0200");
const unreachable = "d80101";
const to = (at: string, pdu: Uint8Array): Uint8Array => withGatewayPrefix("request", gatewayAddress(at), pdu);

/** A gateway with a meter on a line, reached from one source of datagrams. */
function source() {
  let bench: Bench | undefined;
  const lines: Duplex[] = [];
  const closed = new Set<Duplex>();
  const over = (served: GatewayOptions["own"]) => async (): Promise<Duplex> => {
    const { clock: machine } = bench as Bench;
    const [near, far] = memoryPair({ clock: machine });
    lines.push(near);
    new Server({ meters: served as Meter, clock: machine, events: () => undefined }).accept(
      far,
      new WrapperServerLink({}),
    );
    for (const name of ["destroy", "end"] as const) {
      const leave = near[name];
      near[name] = () => {
        closed.add(near);
        leave.call(near);
      };
    }
    return near;
  };
  const link = ({ client, server }: { client: number; server: number }) => new WrapperClientLink({ client, server });
  const far: Behind = { over: over(new Meter(template, { name: "FAR1" })), link };
  const nested: Behind = { over: over(gateway({ behind: { "2/inner": new Meter(template, { name: "IN1" }) } })), link };
  bench = new Bench(gateway({ behind: { "1/far": far, "1/gw": nested } }), { limits: { associationsPerMeter: 4 } });
  const from = (datagrams: boolean) => {
    const { clock: machine, server } = bench as Bench;
    const [near, other] = memoryPair({ clock: machine, datagrams });
    server.accept(other, datagrams ? new WrapperDatagramLink() : new WrapperServerLink());
    const answers: string[] = [];
    near.start({ received: (octets) => void answers.push(toHex(octets.subarray(8))), closed: () => undefined });
    return async (pdu: Uint8Array): Promise<string> => {
      near.send(encodeWpdu({ source: 16, destination: 1, pdu }));
      await (bench as Bench).settle(10);
      return answers.splice(0).join();
    };
  };
  let sender: ReturnType<typeof from> | undefined;
  const send = (pdu: Uint8Array): Promise<string> => {
    sender ??= from(true);
    return sender(pdu);
  };
  return { bench, from, send, lines, closed };
}

describe("the AARE of a meter behind a gateway", () => {
  it("opens the association of a client that accepts it, even where its length is wrong", () => {
    const accepted = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001e1d04c80007";
    expect(associationIn(fromHex(accepted))).toBe("open");
    expect(associationIn(fromHex(accepted.replace("6129", "6128")))).toBe("open");
    expect(associationIn(fromHex(accepted.replace("a203020100", "a203020101")))).toBe("closed");
    expect(associationIn(withGatewayPrefix("response", gatewayAddress("1/1"), fromHex("6303800100")))).toBe("closed");
    expect(associationIn(fromHex("c401c10000"))).toBeUndefined();
  });
});

describe("a source of datagrams behind which nobody may be", () => {
  it("keeps neither its place nor the line to a meter without an association there", async () => {
    for (const pdu of [getName, wrongContext]) {
      const { bench, send, lines, closed } = source();
      expect(await send(to("1/far", pdu))).not.toBe("");
      expect(lines).toHaveLength(1);
      expect([bench.server.connections, closed.size]).toEqual([0, 1]);
    }
  });

  it.each([
    ["", "1/far", (pdu: Uint8Array) => pdu],
    [" behind a second gateway", "1/gw", (pdu: Uint8Array) => to("2/inner", pdu)],
  ])("keeps both until its association%s is released", async (_, at, inner) => {
    const { bench, send, lines } = source();
    expect(await send(to(at, inner(aarq)))).toMatch(/61/);
    expect(bench.server.connections).toBe(1);
    expect(await send(to(at, inner(getName)))).toMatch(/c401c100/);
    expect(lines).toHaveLength(1);
    expect(await send(to(at, inner(release)))).toMatch(/63/);
    expect(bench.server.connections).toBe(0);
  });
});

describe("sources of datagrams that open associations with one meter behind a line and go", () => {
  it("keep as many places there as the limit says, and those that were idle longest give way; a client over TCP stays", async () => {
    const { bench, from, lines, closed } = source();
    const stays = from(false);
    expect(await stays(to("1/far", aarq))).toMatch(/61/);
    const active = from(true);
    expect(await active(to("1/far", aarq))).toMatch(/61/);
    for (let count = 0; count < 30; count++) {
      expect(await from(true)(to("1/far", aarq))).toMatch(/61/);
      expect(await active(to("1/far", getName))).toMatch(/c401c100/);
    }
    expect(bench.server.connections).toBe(5);
    expect(lines.length - closed.size).toBe(5);
    expect(await stays(to("1/far", getName))).toMatch(/c401c100/);
    // A place that is released is free again.
    expect(await active(to("1/far", release))).toMatch(/63/);
    expect(bench.server.connections).toBe(4);
  });
});

describe.each([
  ["", [clock()]],
  [
    " whose logical device must be looked up first",
    [clock(), tcpUdpSetup("0.0.25.0.0.255", { ipReference: "0.0.25.1.0.255" })],
  ],
])("a meter behind a gateway that cannot be loaded%s", (_, objects) => {
  async function asked(pdu: Uint8Array) {
    const store = failing(await openMemoryStore(), [
      { call: 0, when: "before", times: Number.POSITIVE_INFINITY },
    ]).store;
    const made = new Meter(meterTemplate({ objects, associations }), { name: "ONE1" });
    const bench = new Bench(gateway({ behind: { "1/1": made } }), { store });
    const client = bench.client();
    client.pump.send(to("1/1", pdu));
    await bench.settle(100);
    return { answers: client.received.map((one) => toHex(one)), failed: bench.server.counts["store-failed"] ?? 0 };
  }

  it("answers a request with the exception", async () => {
    const { answers, failed } = await asked(getName);
    expect(failed).toBeGreaterThan(0);
    expect(answers).toEqual([`e7010131${unreachable}`]);
  });

  it("goes on for the other meters, and ends when the client does", async () => {
    const { store } = failing(await openMemoryStore(), [{ call: 0, when: "before", times: Number.POSITIVE_INFINITY }]);
    const made = new Meter(meterTemplate({ objects, associations }), { name: "ONE1" });
    const bench = new Bench(gateway({ behind: { "1/1": made } }), { store });
    const [near, other] = memoryPair({ clock: bench.clock });
    bench.server.accept(other, new WrapperServerLink({}));
    const heard: string[] = [];
    near.start({
      received: () => void heard.push("answer"),
      ended: () => void heard.push("ended"),
      closed: () => void heard.push("closed"),
    });
    near.send(encodeWpdu({ source: 16, destination: 1, pdu: to("1/1", getName) }));
    near.end();
    await bench.settle(100);
    expect(heard).toEqual(["answer", "closed"]);
  });

  it("answers an unconfirmed request with nothing", async () => {
    const { answers, failed } = await asked(unconfirmedGet);
    expect(failed).toBeGreaterThan(0);
    expect(answers).toEqual([]);
  });
});
