import { type ClientLink, Fault, type LinkAddress, type LinkOutput, type TraceEvent, toHex } from "@dlmskit/core";
import { beforeEach, describe, expect, it } from "vitest";
import {
  LinkPump,
  type LinkPumpOptions,
  type MemoryDuplex,
  memoryPair,
  type PumpHandlers,
  VirtualClock,
} from "../src/index.ts";

const address: LinkAddress = { client: 16, server: 1 };
const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** One chunk is one PDU; a few first octets have a meaning. It has an inactivity timeout of 100 ms. */
class ChunkLink implements ClientLink {
  deadline: number | undefined;
  readonly outputs: LinkOutput[] = [];
  expired: number[] = [];
  answersClose = true;

  receive(chunk: Uint8Array, now: number): void {
    this.deadline = now + 100;
    const first = chunk[0];
    if (first === 0xff) this.outputs.push({ type: "broken", why: "0xff" });
    else if (first === 0xfe) this.outputs.push({ type: "dropped", why: "0xfe", octets: chunk });
    else if (first === 0xd0) this.#gone();
    else if (first === 0xb0) this.outputs.push({ type: "received", pdu: chunk, address, broadcast: true });
    else this.outputs.push({ type: "received", pdu: chunk, address });
  }

  send(pdu: Uint8Array, now: number): void {
    if (pdu.length === 0) throw new Fault("bad-length", "an empty PDU");
    this.deadline = now + 100;
    this.outputs.push({ type: "transmit", octets: pdu });
  }

  expire(now: number): void {
    this.expired.push(now);
    this.deadline = undefined;
    this.outputs.push({
      type: "disconnected",
      why: "timeout",
      address,
      fault: new Fault("no-octets", "100 ms", { layer: "test" }),
    });
  }

  connect(): void {
    this.outputs.push({ type: "connected", address, maxPdu: 500 });
  }

  close(now: number): void {
    this.outputs.push({ type: "transmit", octets: octets(0xd1) });
    if (this.answersClose) this.deadline = now + 100;
    else this.deadline = undefined;
  }

  poll(): LinkOutput | undefined {
    return this.outputs.shift();
  }

  #gone(): void {
    this.deadline = undefined;
    this.outputs.push({ type: "disconnected", why: "disc" });
  }
}

let clock: VirtualClock;
let link: ChunkLink;
let near: MemoryDuplex;
let far: MemoryDuplex;
let events: string[];
let atFar: string[];

beforeEach(() => {
  clock = new VirtualClock();
  link = new ChunkLink();
  [near, far] = memoryPair({ clock });
  events = [];
  atFar = [];
});

function pump(handlers: Partial<PumpHandlers> = {}, options: Partial<LinkPumpOptions> = {}): LinkPump<ChunkLink> {
  const made = new LinkPump({ ...options, link, duplex: near, clock });
  made.start({
    received: (pdu, from, broadcast) => events.push(`received ${toHex(pdu)} ${from.client}${broadcast ? " all" : ""}`),
    connected: (to, maxPdu) => events.push(`connected ${to.client} ${maxPdu}`),
    disconnected: (why, of, fault) => events.push(`disconnected ${why} ${of?.client}${fault ? ` ${fault.code}` : ""}`),
    dropped: (why) => events.push(`dropped ${why}`),
    closed: (fault) => events.push(`closed ${fault?.code}`),
    ...handlers,
  });
  return made;
}

function hearFar(ended?: () => void): void {
  far.start({
    received: (some) => atFar.push(toHex(some)),
    closed: (fault) => atFar.push(`closed ${fault?.code}`),
    ...(ended && { ended }),
  });
}

describe("LinkPump", () => {
  it("answers within the run in which the question arrived", () => {
    hearFar();
    const made: LinkPump = pump({
      received(pdu, from) {
        made.send(octets(...pdu, 1), from);
        made.send(octets(...pdu, 2), from);
      },
    });
    far.send(octets(7));
    clock.advance(0);
    expect(atFar).toEqual(["0701", "0702"]);
  });

  it("tells all that a link says, in order", () => {
    const made = pump();
    made.connect();
    for (const first of [1, 0xb0, 0xfe, 0xd0]) far.send(octets(first));
    clock.advance(0);
    expect(events).toEqual([
      "connected 16 500",
      "received 01 16",
      "received b0 16 all",
      "dropped 0xfe",
      "disconnected disc undefined",
    ]);
    expect([made.open, made.remote]).toEqual([true, near.remote]);
  });

  it("lets a link expire at its deadline, which moves away with every octet", () => {
    pump();
    far.send(octets(1));
    clock.advance(60);
    far.send(octets(2));
    clock.advance(60);
    expect(link.expired).toEqual([]);
    clock.advance(60);
    expect(link.expired).toEqual([160]);
    expect(events.at(-1)).toBe("disconnected timeout 16 no-octets");
  });

  it("keeps one timer, takes it back when nothing is due, and sets it earlier where needed", () => {
    const made = pump();
    made.send(octets(1));
    clock.advance(0);
    expect(clock.waiting).toBe(1);
    link.deadline = 30;
    made.connect();
    clock.advance(30);
    expect(link.expired).toEqual([30]);
    expect(clock.waiting).toBe(0);
    made.send(octets(1));
    far.send(octets(0xd0));
    clock.advance(0);
    expect(clock.waiting).toBe(0);
  });

  it("destroys the transport of a stream that is broken, and tells so once", () => {
    hearFar();
    const made = pump();
    far.send(octets(1));
    far.send(octets(0xff));
    far.send(octets(2));
    clock.runUntilIdle();
    expect(events).toEqual(["received 01 16", "closed link-broken"]);
    expect(atFar).toEqual(["closed undefined"]);
    made.send(octets(1));
    made.connect();
    made.close();
    made.end();
    made.destroy();
    clock.runUntilIdle();
    expect([events.length, made.open]).toEqual([2, false]);
  });

  it("cuts off a peer that does not read", () => {
    far.stall(true);
    hearFar();
    const made = pump({}, { maxBufferedOctets: 10 });
    made.send(octets(1, 2, 3, 4, 5));
    made.send(octets(1, 2, 3, 4, 5));
    expect(events).toEqual([]);
    made.send(octets(1));
    clock.runUntilIdle();
    expect(events).toEqual(["closed peer-does-not-read"]);
  });

  it("sends the answer after a half close, then ends (W9)", () => {
    hearFar(() => atFar.push("ended"));
    const made: LinkPump = pump({
      received: (pdu, from) => clock.at(clock.now() + 50, () => made.send(pdu, from)),
      ended: () => clock.at(clock.now() + 60, () => made.end()),
    });
    far.send(octets(9));
    far.end();
    clock.runUntilIdle();
    expect(atFar).toEqual(["09", "closed undefined"]);
    expect(events).toEqual(["closed undefined"]);
  });

  it("ends at once after a half close where nobody listens for it", () => {
    hearFar();
    const made: LinkPump = pump({ received: (pdu, from) => made.send(pdu, from) });
    far.send(octets(9));
    far.end();
    clock.runUntilIdle();
    expect([atFar, events]).toEqual([["09", "closed undefined"], ["closed undefined"]]);
    expect(clock.now()).toBe(0);
  });

  it("closes in the link's own way, then ends", () => {
    hearFar();
    const made = pump();
    made.close();
    clock.advance(0);
    expect([atFar, made.open]).toEqual([["d1"], true]);
    far.send(octets(0xd0));
    clock.runUntilIdle();
    expect(events).toEqual(["disconnected disc undefined", "closed undefined"]);

    link = new ChunkLink();
    link.answersClose = false;
    [near, far] = memoryPair({ clock });
    const other = pump();
    hearFar();
    other.close();
    expect(other.open).toBe(false);
    clock.runUntilIdle();
    expect(events.at(-1)).toBe("closed undefined");
  });

  it("does not wait for ever for a peer that never ends", () => {
    hearFar(() => undefined);
    const made = pump({}, { linger: 40 });
    made.end();
    far.send(octets(1));
    clock.runUntilIdle();
    expect(events).toEqual(["closed undefined"]);
    expect(clock.now()).toBe(40);
  });

  it("passes the Fault of a send to its caller, and goes on", () => {
    hearFar();
    const made = pump();
    expect(() => made.send(octets())).toThrow(expect.objectContaining({ code: "bad-length" }));
    made.send(octets(1));
    clock.advance(0);
    expect(atFar).toEqual(["01"]);
  });

  it("ends the one connection whose handler throws", () => {
    hearFar();
    let cause: unknown;
    pump({
      received() {
        throw new Error("a hook failed");
      },
      closed(fault) {
        events.push(`closed ${fault?.code}`);
        cause = fault?.cause;
      },
    });
    far.send(octets(1));
    clock.runUntilIdle();
    expect([events, atFar]).toEqual([["closed handler-failed"], ["closed undefined"]]);
    expect(cause).toEqual(new Error("a hook failed"));
  });

  it("ends the one connection whose link throws something odd in a timer", () => {
    link.expire = () => {
      throw "odd";
    };
    pump();
    far.send(octets(1));
    clock.advance(200);
    expect(events).toEqual(["received 01 16", "closed handler-failed"]);
  });

  it("tells when what it sent has left, and the Fault with which the transport closed", () => {
    const made = pump({ drained: () => events.push("drained"), ended: () => undefined });
    hearFar();
    made.send(octets(1));
    clock.advance(0);
    far.destroy();
    clock.advance(0);
    made.send(octets(1));
    clock.advance(0);
    expect(events).toEqual(["drained", "closed connection-reset"]);
  });

  it("traces octets, PDUs and states", () => {
    const traced: TraceEvent[] = [];
    const made = pump({}, { trace: (event) => traced.push(event) });
    hearFar();
    made.connect();
    made.send(octets(5), address);
    for (const first of [1, 0xfe, 0xd0, 0xff]) far.send(octets(first));
    clock.runUntilIdle();
    const names = traced.map((event) =>
      `${event.type} ${"direction" in event ? event.direction : "what" in event ? event.what : ""}`.trim(),
    );
    expect(names).toEqual([
      "state connected",
      "pdu out",
      "octets out",
      "octets in",
      "pdu in",
      "octets in",
      "dropped",
      "octets in",
      "state disconnected: disc",
      "octets in",
      "state closed: link-broken",
    ]);
  });
});
