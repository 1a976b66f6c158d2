import { Fault } from "@dlmskit/core";
import { encodeFrame, hdlcAddress, Station } from "@dlmskit/hdlc";
import { openMemoryStore } from "@dlmskit/storage";
import { failing } from "@dlmskit/storage/testing";
import { tcpConnect } from "@dlmskit/transport/node";
import { encodeWpdu, WrapperServerLink } from "@dlmskit/wrapper";
import { expect, it } from "vitest";
import { type ListenSpec, lls, meter, type ServerEvent, serve, tcp } from "../src/index.ts";
import { Bench } from "./a-client.ts";

const made = () =>
  meter({
    name: "TST1",
    objects: [],
    associations: { reader: { client: 32, security: lls("secret-of-32"), access: "full" } },
  });
const link = () => new WrapperServerLink();
const patient = { timeout: 20_000 };

it("tells that a listener turned a connection away, and which", async () => {
  const events: ServerEvent[] = [];
  await using running = await serve(made(), {
    on: { wrapper: tcp(0, link) },
    limits: { connections: 1 },
    events: (event) => events.push(event),
  });
  const { host, port } = running.addresses.wrapper as { host: string; port: number };
  const first = await tcpConnect(host, port);
  await expect.poll(() => running.server.connections, patient).toBe(1);
  const second = await tcpConnect(host, port);
  await expect
    .poll(() => events.find(({ type }) => type === "listener-failed"), patient)
    .toMatchObject({
      listener: "wrapper",
      fault: { code: "too-many-connections" },
    });
  expect(running.server.counts["listener-failed:too-many-connections"]).toBe(1);
  for (const duplex of [first, second]) duplex.destroy();
});

it("tells what goes wrong with a listener while it listens", async () => {
  const events: ServerEvent[] = [];
  let fail: ((fault: Fault) => void) | undefined;
  const spec: ListenSpec = {
    link,
    listen: async (_, __, { failed }) => {
      fail = failed;
      return { host: "", port: 1, connections: 0, close: async () => {}, [Symbol.asyncDispose]: async () => {} };
    },
  };
  await using _ = await serve(made(), { on: { own: spec }, events: (event) => events.push(event) });
  const fault = new Fault("too-many-open-files", "accept: none left", { layer: "transport" });
  fail?.(fault);
  expect(events).toEqual([{ type: "listener-failed", listener: "own", fault }]);
});

it("tells when a store fails and, once, when it works again, though nobody needs it meanwhile", async () => {
  const store = failing(await openMemoryStore(), [{ call: 0, when: "before", times: 8 }]);
  const bench = new Bench(made(), { store: store.store });
  const { events } = bench;
  bench.server.run(made());
  const told = (wanted: ServerEvent["type"]) => events.filter(({ type }) => type === wanted);
  await bench.settle();
  expect(told("store-failed")).not.toEqual([]);
  expect(told("store-recovered")).toEqual([]);
  await bench.settle(5000);
  expect(told("store-recovered")).toHaveLength(1);
  expect((told("store-recovered")[0] as { after: number }).after).toBeGreaterThanOrEqual(1000);
});

it("tells what is ignored because no meter has its address", async () => {
  const events: ServerEvent[] = [];
  const lines = {
    wrapper: tcp(0, () => new WrapperServerLink()),
    strict: tcp(0, (knows) => new WrapperServerLink({ accepts: (server) => knows({ client: 16, server }) })),
    hdlc: tcp(0, () => new Station({ addresses: [{ upper: 1, lower: 17 }] })),
  };
  await using served = await serve(made(), { on: lines, events: (event) => events.push(event) });
  const sent = {
    wrapper: encodeWpdu({ source: 32, destination: 9, pdu: Uint8Array.of(0x60, 0) }),
    strict: encodeWpdu({ source: 32, destination: 9, pdu: Uint8Array.of(0x60, 0) }),
    hdlc: encodeFrame({
      ...{ frame: "snrm", segmented: false, pollFinal: true, information: new Uint8Array() },
      destination: hdlcAddress({ upper: 9, lower: 18 }),
      source: hdlcAddress({ upper: 32 }),
    }),
  };
  for (const [name, octets] of Object.entries(sent)) {
    const { host, port } = served.addresses[name] as { host: string; port: number };
    const duplex = await tcpConnect(host, port);
    duplex.start({ received: () => undefined, ended: () => undefined, closed: () => undefined });
    duplex.send(octets);
    await expect.poll(() => events.filter(({ type }) => type === "ignored"), patient).toHaveLength(1);
    const [ignored] = events.filter(({ type }) => type === "ignored");
    expect(ignored).toMatchObject({ why: "address", address: { client: 32, server: 9 } });
    events.length = 0;
    duplex.destroy();
  }
});
