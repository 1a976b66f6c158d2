import type { Fault, Link, LinkOutput } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinkPump, type LinkTap, memoryPair, type Tapped, VirtualClock } from "../src/index.ts";

const address = { client: 16, server: 1 };

/** A link that takes octets as they come for a PDU. */
class PlainLink implements Link {
  readonly deadline = undefined;
  readonly #outputs: LinkOutput[] = [];
  receive(pdu: Uint8Array): void {
    this.#outputs.push({ type: "received", pdu, address });
  }
  send(octets: Uint8Array): void {
    this.#outputs.push({ type: "transmit", octets });
  }
  expire(): void {}
  close(): void {}
  poll(): LinkOutput | undefined {
    return this.#outputs.shift();
  }
}

function ends(tap: LinkTap | undefined, options: { maxBufferedOctets?: number; linger?: number } = {}) {
  const clock = new VirtualClock();
  const [near, far] = memoryPair({ clock });
  /** What came, with the time. */
  const heard: string[] = [];
  const echoed: string[] = [];
  const closed: (Fault | undefined)[] = [];
  const note = (list: string[]) => (octets: Uint8Array) => {
    list.push(`${[...octets].join(",")} @${clock.now()}`);
  };
  const pump = new LinkPump({
    link: new PlainLink(),
    duplex: far,
    clock,
    ...options,
    ...(tap === undefined ? {} : { tap }),
  });
  pump.start({ received: note(heard), closed: (fault) => closed.push(fault) });
  near.start({ received: note(echoed), closed() {} });
  clock.advance(0);
  return { clock, near, pump, heard, echoed, closed };
}

describe("a tap at the octets of a link", () => {
  it("observes, alters, drops, delays and replaces, both ways", () => {
    const seen: string[] = [];
    const act = (octets: Uint8Array, now: number): Tapped => {
      seen.push(`${octets[0]} @${now}`);
      switch (octets[0]) {
        case 1:
          return Uint8Array.of(octets[0], 99);
        case 2:
          return undefined;
        case 3:
          return { octets, delay: 50 };
        case 4:
          return [Uint8Array.of(40), { octets: Uint8Array.of(41), delay: 10 }, Uint8Array.of(42)];
        default:
          return octets;
      }
    };
    const { clock, near, pump, heard, echoed } = ends({ receive: act, transmit: act });
    for (const first of [0, 1, 2, 3]) near.send(Uint8Array.of(first));
    for (const first of [0, 1, 2, 3]) pump.send(Uint8Array.of(first));
    clock.advance(10);
    near.send(Uint8Array.of(4));
    pump.send(Uint8Array.of(4));
    clock.advance(1000);
    // What came behind the delayed one waited for it.
    const passed = ["0 @0", "1,99 @0", "3 @50", "40 @50", "41 @50", "42 @50"];
    expect(heard).toEqual(passed);
    expect(echoed).toEqual(passed);
    expect(seen).toHaveLength(10);
    expect(clock.waiting).toBe(0);
  });

  it("keeps the order of each direction, whatever is delayed, and loses nothing", () => {
    const sends = fc.array(
      fc.record({ out: fc.boolean(), wait: fc.nat(5), delay: fc.nat(20), pieces: fc.integer({ min: 1, max: 3 }) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(sends, (list) => {
        const due = new Map<number, number>();
        const act = (octets: Uint8Array, now: number): Tapped => {
          const at = octets[0] as number;
          const { delay = 0, pieces = 1 } = list[at] ?? {};
          due.set(at, now + delay);
          const parts = Array.from({ length: pieces }, (_, part) => Uint8Array.of(at, part));
          return pieces === 1 && delay === 0 ? octets : parts.map((part) => ({ octets: part, delay }));
        };
        const { clock, near, pump, heard, echoed } = ends({ receive: act, transmit: act });
        list.forEach(({ out, wait }, at) => {
          if (out) pump.send(Uint8Array.of(at, 0));
          else near.send(Uint8Array.of(at, 0));
          clock.advance(wait);
        });
        clock.advance(1000);
        for (const [result, out] of [
          [heard, false],
          [echoed, true],
        ] as const) {
          let last = 0;
          const wanted = list.flatMap((one, at) => {
            if (one.out !== out) return [];
            last = Math.max(last, due.get(at) as number);
            const when = last;
            return Array.from({ length: one.pieces }, (_, part) => `${at},${part} @${when}`);
          });
          expect(result).toEqual(wanted);
        }
      }),
    );
  });

  it("lets the ends of both directions wait for what is held", () => {
    const late: LinkTap = {
      receive: (octets) => ({ octets, delay: 100 }),
      transmit: (octets) => ({ octets, delay: 10_000 }),
    };
    const { clock, near, pump, heard, echoed, closed } = ends(late, { linger: 500 });
    near.send(Uint8Array.of(1));
    near.end();
    clock.advance(99);
    expect([heard, pump.open]).toEqual([[], true]);
    pump.send(Uint8Array.of(2));
    clock.advance(1);
    expect([heard, pump.open]).toEqual([["1 @100"], false]);
    clock.advance(9998);
    expect([echoed, closed]).toEqual([[], []]);
    clock.advance(1);
    expect([echoed, closed]).toEqual([["2 @10099"], [undefined]]);
    expect(clock.waiting).toBe(0);
  });

  it("holds no more for the peer than a peer may leave unread", () => {
    const { clock, pump, closed } = ends(
      { transmit: (octets) => ({ octets, delay: 1000 }) },
      { maxBufferedOctets: 100 },
    );
    pump.send(new Uint8Array(60));
    expect(closed).toEqual([]);
    pump.send(new Uint8Array(60));
    expect(closed.map((fault) => fault?.code)).toEqual(["peer-does-not-read"]);
    clock.advance(5000);
    expect(clock.waiting).toBe(0);
  });

  it("that throws ends its own connection", () => {
    const broken = (): Tapped => {
      throw new Error("no tap");
    };
    const inward = ends({ receive: broken });
    inward.near.send(Uint8Array.of(1));
    inward.clock.advance(0);
    expect(inward.closed.map((fault) => fault?.code)).toEqual(["handler-failed"]);
    const outward = ends({ transmit: broken });
    outward.pump.send(Uint8Array.of(1));
    expect(outward.closed.map((fault) => fault?.code)).toEqual(["handler-failed"]);
  });

  it("of one direction leaves the other alone", () => {
    const { clock, near, pump, heard, echoed } = ends({ receive: () => undefined });
    near.send(Uint8Array.of(1));
    pump.send(Uint8Array.of(2));
    clock.advance(0);
    expect([heard, echoed]).toEqual([[], ["2 @0"]]);
  });
});

describe("the owner's deadlines in a pump", () => {
  const names = ["session", "row"] as const;

  it("share its one timer, and end with it", () => {
    const clock = new VirtualClock();
    const [, duplex] = memoryPair({ clock });
    const due: string[] = [];
    const closed: (Fault | undefined)[] = [];
    const pump = new LinkPump({
      ...{ link: new PlainLink(), duplex, clock },
      timers: {
        names,
        due(name, now) {
          due.push(`${name} ${now}`);
          if (name === "row") throw new Error("no row");
        },
      },
    });
    pump.start({ received() {}, closed: (fault) => closed.push(fault) });
    clock.advance(0);
    pump.timers.set("session", 100);
    pump.timers.set("row", 200);
    expect([clock.waiting, pump.timers.get("row")]).toEqual([1, 200]);
    clock.advance(150);
    expect(due).toEqual(["session 100"]);
    pump.timers.set("session", 300);
    clock.advance(50);
    expect(due).toEqual(["session 100", "row 200"]);
    expect(closed.map((fault) => fault?.code)).toEqual(["handler-failed"]);
    pump.timers.set("session", 400);
    clock.advance(1000);
    expect([due.length, clock.waiting]).toEqual([2, 0]);
  });
});
