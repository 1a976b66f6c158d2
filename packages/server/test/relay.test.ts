import { T } from "@dlmskit/apdu";
import { Fault, fromHex } from "@dlmskit/core";
import { dataObject } from "@dlmskit/cosem-objects";
import { MemoryState, openMemoryStore, type Store } from "@dlmskit/storage";
import { type Duplex, memoryPair, VirtualClock } from "@dlmskit/transport";
import { describe, expect, it } from "vitest";
import { type HeldPolicy, hls5, lls, Meter, meterTemplate, Server } from "../src/index.ts";
import { type Handover, RelayLink, toAllStations } from "../src/session/relay-link.ts";
import { ak, Bench, type ClientOptions, ek, protectedClient } from "./a-client.ts";

const template = meterTemplate({
  objects: [dataObject("0.0.96.1.11.255", { type: T.unsigned, value: 5 })],
  associations: {
    utility: { client: 48, security: hls5({ encryptionKey: ek, authenticationKey: ak }), access: "full" },
    reader: { client: 32, security: lls("old-secret"), access: "full" },
  },
});
const limit = [1, "0.0.96.1.11.255", 2] as const;
const utility = (start = 1): ClientOptions => ({ client: 48, mechanism: 5, security: protectedClient({}, start) });
const reader = (secret = "old-secret"): ClientOptions => ({
  ...{ client: 32, mechanism: 1 },
  secret: new TextEncoder().encode(secret),
});

const name = "TST0000000000001";

/** Processes on one store, each with a handle of its own for the same meter, and lines between them. */
class Processes {
  readonly #state = new MemoryState();
  readonly #stores = new Map<string, Store>();
  readonly #meters = new Map<string, Meter>();
  readonly benches = new Map<string, Bench>();
  readonly dialled: string[] = [];
  /** The connections between processes: the end of who dialled. */
  readonly lines: Duplex[] = [];

  async start(at: string, held: Partial<HeldPolicy> = {}, address: { readonly address?: string } = { address: at }) {
    const store = await openMemoryStore(address, this.#state);
    this.#stores.set(at, store);
    const meter = new Meter(template, { name });
    this.#meters.set(at, meter);
    const bench = new Bench(() => ({ meter, device: 1 }), {
      store,
      held: { whenHeld: "forward", heldFor: 1000, dial: async (to) => this.dial(to), ...held },
    });
    this.benches.set(at, bench);
    return bench;
  }

  dial(to: string): Duplex {
    this.dialled.push(to);
    const bench = this.benches.get(to);
    if (bench === undefined) throw new Fault("connection-refused", `nobody is at ${to}`, { layer: "transport" });
    const [near, far] = memoryPair({ remotes: ["relay:1", "relay:2"] });
    bench.server.acceptRelayed(far);
    this.lines.push(near);
    return near;
  }

  /** Loses its meter, as one that stood still for too long. */
  async lose(at: string): Promise<void> {
    const lease = this.#meters.get(at)?.live.lease;
    if (lease !== undefined) await this.#stores.get(at)?.keeping.release([lease]);
  }

  /** Its meters are free, and nobody is at its address. */
  async stop(at: string): Promise<void> {
    this.benches.delete(at);
    await this.#stores.get(at)?.close();
  }
}

const codesOf = (bench: Bench): string[] =>
  bench.events.flatMap((event) =>
    event.type === "refused" || event.type === "closed" ? (event.fault?.code ?? []) : [],
  );

describe("the link between processes", () => {
  it("F05: tells once that a request gets no answer, so that the client's link can give it the turn", () => {
    const handover: Handover = { meter: name, device: 1, address: { client: 32, server: 1 }, remote: "memory:1" };
    const front = new RelayLink({ handover });
    const owner = new RelayLink({ has: () => true });
    const pass = (from: RelayLink, to: RelayLink): Uint8Array[] => {
      const received: Uint8Array[] = [];
      for (let output = from.poll(); output !== undefined; output = from.poll()) {
        if (output.type === "transmit") to.receive(output.octets, 0);
      }
      for (let output = to.poll(); output !== undefined; output = to.poll()) {
        if (output.type === "received") received.push(output.pdu);
        if (output.type === "transmit") from.receive(output.octets, 0);
      }
      return received;
    };
    front.connect(0);
    pass(front, owner);
    front.send(fromHex("c101"), 0);
    expect(pass(front, owner)).toHaveLength(1);
    owner.yield();
    owner.yield();
    expect(pass(owner, front)).toEqual([new Uint8Array(0)]);
    // One that is answered, and one to all stations, are not told of.
    front.send(fromHex("c001"), 0);
    pass(front, owner);
    owner.send(fromHex("c401"), 0);
    front.send(fromHex("c101"), 0, toAllStations);
    pass(front, owner);
    owner.yield();
    expect(pass(owner, front)).toEqual([fromHex("c401")]);
  });
});

describe("a session with a meter that another process has", () => {
  it("is served there, and its client knows nothing of it", async () => {
    const processes = new Processes();
    const [one, two] = [await processes.start("one"), await processes.start("two")];
    const owner = await one.client(utility()).open();
    expect(await owner.set(...limit, { type: "unsigned", value: 7 })).toBe("success");
    const client = await two.client(reader()).open();
    expect(client.opened).toBe(true);
    expect(await client.get([...limit])).toEqual(await owner.get([...limit]));
    expect(await client.set(...limit, { type: "unsigned", value: 9 })).toBe("success");
    expect(await owner.get([...limit])).toMatchObject([{ data: { value: 9 } }]);
    expect(processes.dialled).toEqual(["one"]);
    const address = { client: 32, server: 1 };
    // As the second process sees it.
    const remote = "memory:1";
    expect(two.events).toContainEqual({ type: "forwarded", remote, address, meter: name, to: "one" });
    // The process that serves it knows where the client is.
    expect(one.events).toContainEqual(expect.objectContaining({ type: "associated", remote, address, meter: name }));
    await client.release();
    client.pump.end();
    await two.settle();
    await one.settle();
    expect(client.closed).toBe(true);
    expect([one.server.connections, two.server.connections]).toEqual([1, 0]);
  });

  it("has its client authenticated there", async () => {
    const processes = new Processes();
    const [one, two] = [await processes.start("one"), await processes.start("two")];
    await one.client(utility()).open();
    expect((await two.client(reader("another-one")).open()).opened).toBe(false);
    expect(codesOf(one)).toEqual(["authentication-failed"]);
  });

  it("ends with the process that has the meter, and the next one takes it", async () => {
    const processes = new Processes();
    const [one, two] = [await processes.start("one"), await processes.start("two")];
    await one.client(utility()).open();
    const client = await two.client(reader()).open();
    expect(client.opened).toBe(true);
    await processes.stop("one");
    for (const line of processes.lines) line.destroy();
    await two.settle();
    expect(client.closed).toBe(true);
    expect((await two.client(reader()).open()).opened).toBe(true);
    expect(processes.dialled).toEqual(["one"]);
  });

  it("waits for the meter where that process is not reached", async () => {
    const processes = new Processes();
    const [one, two] = [await processes.start("one"), await processes.start("two")];
    await one.client(utility()).open();
    processes.benches.delete("one");
    const client = await two.client(reader()).open();
    await two.settle(250);
    expect(client.opened).toBe(false);
    expect(processes.dialled.length).toBeGreaterThan(2);
    await processes.stop("one");
    await two.settle(150);
    expect(client.opened).toBe(true);
    expect(two.events.some(({ type }) => type === "forwarded")).toBe(false);
  });

  it("is refused where that process does not say where it is, or is not reached for too long", async () => {
    for (const address of [{}, { address: "one" }]) {
      const processes = new Processes();
      const [one, two] = [await processes.start("one", {}, address), await processes.start("two", { heldFor: 300 })];
      await one.client(utility()).open();
      processes.benches.delete("one");
      const client = await two.client(reader()).open();
      await two.settle(200);
      expect(client.closed).toBe(false);
      await two.settle(400);
      expect(client.closed).toBe(true);
      expect(codesOf(two)).toEqual(["meter-held", "meter-held"]);
    }
  });

  it("is not kept waiting by a process that says nothing", async () => {
    const processes = new Processes();
    const one = await processes.start("one");
    const dial = async (): Promise<Duplex> => memoryPair()[0];
    const two = await processes.start("two", { heldFor: 300, dial });
    await one.client(utility()).open();
    const client = await two.client(reader()).open();
    await two.settle(600);
    expect(client.closed).toBe(true);
    expect(codesOf(two)).toEqual(["meter-held", "meter-held"]);
  });

  it("goes no further than to one other process", async () => {
    const processes = new Processes();
    const one = await processes.start("one", {}, { address: "two" });
    const [two, three] = [await processes.start("two"), await processes.start("three", { heldFor: 300 })];
    await one.client(utility()).open();
    // Where the owner is said to be there is a process that would have to ask on.
    const client = await three.client(reader()).open();
    await three.settle(600);
    expect(client.closed).toBe(true);
    expect(new Set(processes.dialled)).toEqual(new Set(["two"]));
    expect(codesOf(three)).toEqual(["meter-held", "meter-held"]);
    expect(codesOf(two)).toContain("link-broken");
  });

  it("is not handed over in the midst of an association", async () => {
    const processes = new Processes();
    const [one, two] = [await processes.start("one"), await processes.start("two")];
    const client = await one.client(reader()).open();
    await processes.lose("one");
    await two.client(utility()).open();
    await client.get([...limit]).catch(() => undefined);
    expect(client.closed).toBe(true);
    expect(codesOf(one)).toEqual(["meter-held", "meter-held"]);
    expect(processes.dialled).toEqual([]);
  });

  it("answers a client that sends nothing more", async () => {
    const processes = new Processes();
    const [one, two] = [await processes.start("one"), await processes.start("two")];
    await one.client(utility()).open();
    const client = await two.client(reader()).open();
    const answered = client.received.length;
    const pending = client.get([...limit]);
    client.pump.duplex.end();
    await pending;
    expect(client.received.length).toBe(answered + 1);
    await two.settle(50);
    expect([client.closed, two.server.connections]).toEqual([true, 0]);
  });

  it("needs a way to other processes", () => {
    const meters = new Meter(template, { name });
    const forward = () => new Server({ meters, clock: new VirtualClock(), held: { whenHeld: "forward" } });
    expect(forward).toThrow(expect.objectContaining({ code: "bad-held-policy", layer: "server" }));
  });
});

it("requests that came while a meter was loaded are all answered, in order", async () => {
  const bench = await new Processes().start("one");
  const client = bench.client(reader());
  // An AARQ and as many requests as fit, before anything is loaded.
  const get = (id: number): Uint8Array => Uint8Array.of(0xc0, 1, 0xc0 | id, 0, 1, 0, 0, 96, 1, 11, 255, 2, 0);
  client.initiator.open(bench.clock.now());
  client.drain();
  for (const id of [1, 2, 3, 4, 5]) client.pump.send(get(id));
  await bench.settle();
  expect(client.received.slice(1).map((pdu) => pdu[2])).toEqual([0xc1, 0xc2, 0xc3, 0xc4, 0xc5]);
});

describe("what travels between processes", () => {
  const handover: Handover = {
    meter: name,
    device: 1,
    address: { client: 48, server: 16, physical: 77 },
    remote: "h:1",
  };
  const outputs = (link: RelayLink) => {
    const all = [];
    for (let output = link.poll(); output !== undefined; output = link.poll()) all.push(output);
    return all;
  };
  const octetsOf = (link: RelayLink): Uint8Array =>
    Uint8Array.from(outputs(link).flatMap((output) => (output.type === "transmit" ? [...output.octets] : [])));

  const openedBy = (given: Handover): RelayLink => {
    const link = new RelayLink({ handover: given });
    link.connect(0);
    return link;
  };

  it("tells the address of an HDLC client too, however it is cut", () => {
    for (const size of [1, 3, 1000]) {
      const here = new RelayLink({ handover });
      const heard: Handover[] = [];
      const there = new RelayLink({ has: (given) => heard.push(given) > 0 });
      here.connect(0);
      here.send(Uint8Array.of(1, 2), 0);
      here.send(Uint8Array.of(3), 0, toAllStations);
      const sent = octetsOf(here);
      for (let at = 0; at < sent.length; at += size) there.receive(sent.slice(at, at + size), 0);
      const { address } = handover;
      expect(heard).toEqual([handover]);
      const [accepted, ...received] = outputs(there);
      expect(received).toEqual([
        { type: "received", pdu: Uint8Array.of(1, 2), address },
        { type: "received", pdu: Uint8Array.of(3), address, broadcast: true },
      ]);
      if (accepted?.type === "transmit") here.receive(accepted.octets, 0);
      expect(outputs(here)).toEqual([{ type: "connected", address }]);
    }
  });

  it.each([
    ["no kind", "00000000", "not-a-frame"],
    ["a handover that is too long", "01000401", "not-a-frame"],
    ["a PDU before a handover", "0300000101", "unexpected-frame"],
    ["no JSON", "010000017b", "unexpected-frame"],
    ["no object", "010000026e6f", "unexpected-frame"],
    ["an empty handover", "010000027b7d", "unexpected-frame"],
  ])("breaks at %s", (_, octets, why) => {
    const link = new RelayLink({ has: () => true });
    link.receive(fromHex(octets), 0);
    expect(outputs(link)).toEqual([{ type: "broken", why }]);
    link.receive(fromHex(octets), 0);
    expect(outputs(link)).toEqual([]);
  });

  it("is closed once, and says and hears nothing more", () => {
    const link = new RelayLink({ has: () => true });
    link.receive(octetsOf(openedBy(handover)), 0);
    outputs(link);
    link.close(0);
    link.close(0);
    expect(outputs(link)).toEqual([{ type: "disconnected", why: "closed" }]);
    link.send(Uint8Array.of(1), 0);
    link.receive(fromHex("0300000101"), 0);
    expect(outputs(link)).toEqual([]);
    const broken = new RelayLink({ has: () => true });
    broken.receive(fromHex("00000000"), 0);
    outputs(broken);
    broken.close(0);
    expect(outputs(broken)).toEqual([]);
  });

  it("breaks for a meter that is not here, and at an answer before it was accepted", () => {
    const [here, there] = [new RelayLink({ handover }), new RelayLink({ has: () => false })];
    here.connect(0);
    there.receive(octetsOf(here), 0);
    expect(outputs(there)).toEqual([{ type: "broken", why: "meter-not-here" }]);
    here.receive(fromHex("0300000101"), 0);
    expect(outputs(here)).toEqual([{ type: "broken", why: "unexpected-frame" }]);
  });
});
