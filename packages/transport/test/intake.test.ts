import type { Fault } from "@dlmskit/core";
import { encodeWpdu, WrapperServerLink } from "@dlmskit/wrapper";
import { describe, expect, it } from "vitest";
import { type Duplex, type Gate, LinkPump, type MemoryDuplex, memoryPair, VirtualClock } from "../src/index.ts";

const wpdu = (length: number): Uint8Array =>
  encodeWpdu({ source: 16, destination: 1, pdu: new Uint8Array(length).fill(0xc0) });

class TestGate implements Gate {
  open = true;
  readonly asked: boolean[] = [];
  enter(first: boolean): boolean {
    this.asked.push(first);
    return this.open;
  }
  took(): void {}
}

function pumped(change: (far: MemoryDuplex) => Duplex = (far) => far, datagrams = false) {
  const clock = new VirtualClock();
  const [near, far] = memoryPair({ clock, datagrams });
  const gate = new TestGate();
  const told = { pdus: 0, ended: 0, fault: undefined as Fault | undefined };
  const pump = new LinkPump({ link: new WrapperServerLink({}), duplex: change(far), clock, gate });
  pump.start({
    received: () => void told.pdus++,
    ended: () => void told.ended++,
    closed: (fault) => {
      told.fault = fault;
    },
  });
  near.start({ received: () => undefined, closed: () => undefined });
  clock.advance(1);
  return { clock, near, far, gate, told, pump };
}

/** The same end of a line, which cannot hold octets back. */
const withoutPause = (far: MemoryDuplex): Duplex => ({
  remote: far.remote,
  get bufferedOctets() {
    return far.bufferedOctets;
  },
  ...(far.datagrams === true ? { datagrams: true } : {}),
  send: (octets) => far.send(octets),
  end: () => far.end(),
  destroy: () => far.destroy(),
  start: (handlers) => far.start(handlers),
});

describe("a pump with a gate", () => {
  it("takes pieces of 512 octets while the gate is open, and the rest when it is told", () => {
    const { clock, near, gate, told, pump } = pumped();
    gate.enter = (first) => {
      gate.asked.push(first);
      return gate.asked.length < 3;
    };
    for (let at = 0; at < 10; at++) near.send(wpdu(192));
    near.end();
    clock.advance(1);
    // The first in a run of its own; the second needs another question, and the third is refused.
    expect(gate.asked).toEqual([true, true, true]);
    expect([told.pdus, told.ended]).toEqual([2, 0]);
    // What was not delivered waits at the other end.
    expect(near.bufferedOctets).toBe(7 * 200);
    gate.enter = () => true;
    pump.goOn();
    clock.advance(1);
    expect([told.pdus, told.ended, near.bufferedOctets]).toEqual([10, 1, 0]);
  });

  it("asks the gate again within one long run", () => {
    const { clock, near, gate, told } = pumped();
    near.send(Uint8Array.from(Array.from({ length: 10 }, () => [...wpdu(192)]).flat()));
    clock.advance(1);
    expect(gate.asked).toEqual([true, false, false, false]);
    expect(told.pdus).toBe(10);
  });

  it("takes nothing more while the peer has 64 KiB unread, and goes on when it reads", () => {
    const { clock, near, told, pump } = pumped();
    near.stall(true);
    pump.send(new Uint8Array(40_000), { client: 16, server: 1 });
    near.send(wpdu(10));
    clock.advance(1);
    expect(told.pdus).toBe(1);
    pump.send(new Uint8Array(40_000), { client: 16, server: 1 });
    near.send(wpdu(10));
    clock.advance(1);
    expect(told.pdus).toBe(1);
    near.stall(false);
    clock.advance(1);
    expect(told.pdus).toBe(2);
  });

  it("cuts off a stream that cannot wait, and drops datagrams that cannot", () => {
    for (const datagrams of [false, true]) {
      const { clock, near, gate, told, pump } = pumped(withoutPause, datagrams);
      gate.open = false;
      for (let at = 0; at < 300; at++) near.send(wpdu(1000));
      clock.advance(1);
      expect(told.fault?.code).toBe(datagrams ? undefined : "peer-does-not-read");
      gate.open = true;
      pump.goOn();
      expect(told.pdus).toBe(datagrams ? Math.floor((1 << 18) / 1008) : 0);
    }
  });
});
