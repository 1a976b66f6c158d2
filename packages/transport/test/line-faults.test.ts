import { concat, toHex } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type LineFaults,
  type MemoryDuplex,
  type MemoryPairOptions,
  memoryPair,
  seededRandom,
  VirtualClock,
} from "../src/index.ts";

function opened(options: Omit<MemoryPairOptions, "clock">) {
  const clock = new VirtualClock();
  const [near, far] = memoryPair({ ...options, clock });
  const arrived: { at: number; octets: Uint8Array }[] = [];
  near.start({ received: () => undefined, closed: () => undefined });
  far.start({ received: (octets) => arrived.push({ at: clock.now(), octets }), closed: () => undefined });
  return { clock, near, far, arrived };
}

const octets = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at);

describe("a faulty line", () => {
  it("delivers a stream whole, in order and in time, however it is cut and late", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }),
        fc.integer(),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(50),
        (sent, seed, split, most) => {
          const { clock, near, arrived } = opened({ seed, split, latency: [1, 1 + most] });
          for (const one of sent) {
            near.send(one);
            clock.advance(1);
          }
          clock.runUntilIdle();
          expect(toHex(concat(...arrived.map((one) => one.octets)))).toBe(toHex(concat(...sent)));
          expect(arrived.every((one) => one.octets.length <= split)).toBe(true);
          expect(near.bufferedOctets).toBe(0);
        },
      ),
    );
  });

  it("does the same again with the same seed, and other things with another", () => {
    const run = (seed: number): string => {
      const { clock, near, arrived } = opened({
        seed,
        split: 5,
        loss: 0.2,
        duplicate: 0.2,
        corrupt: 0.2,
        latency: [0, 9],
      });
      for (let at = 0; at < 20; at++) near.send(octets(20));
      clock.runUntilIdle();
      return arrived.map((one) => `${one.at} ${toHex(one.octets)}`).join();
    };
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
  });

  it("loses, doubles and flips one bit", () => {
    const lossy = opened({ loss: 0.5, datagrams: true });
    for (let at = 0; at < 1000; at++) lossy.near.send(octets(3));
    lossy.clock.runUntilIdle();
    expect(lossy.arrived.length).toBeGreaterThan(400);
    expect(lossy.arrived.length).toBeLessThan(600);

    const double = opened({ duplicate: 1 });
    double.near.send(octets(3));
    double.clock.runUntilIdle();
    expect(double.arrived.map((one) => toHex(one.octets))).toEqual(["000102", "000102"]);

    const bad = opened({ corrupt: 1 });
    const sent = octets(8);
    bad.near.send(sent);
    bad.clock.runUntilIdle();
    const flipped = concat(...bad.arrived.map((one) => one.octets)).map((octet, at) => octet ^ at);
    expect([...flipped].filter((octet) => octet !== 0)).toHaveLength(1);
    expect(Math.log2(flipped.find((octet) => octet !== 0) as number) % 1).toBe(0);
    expect(toHex(sent)).toBe("0001020304050607");
  });

  it("takes its time: latency and rate", () => {
    const { clock, near, arrived } = opened({ latency: 100, rate: 1000 });
    near.send(octets(50));
    near.send(octets(50));
    expect(near.bufferedOctets).toBe(100);
    clock.runUntilIdle();
    expect(arrived.map((one) => one.at)).toEqual([150, 200]);
  });

  it("lets datagrams overtake each other, and passes empty ones", () => {
    const { clock, near, arrived } = opened({ latency: [0, 100], datagrams: true, split: 2 });
    for (let at = 0; at < 20; at++) near.send(octets(at));
    clock.runUntilIdle();
    const lengths = arrived.map((one) => one.octets.length);
    expect(lengths).not.toEqual(lengths.toSorted((a, b) => a - b));
    expect(lengths.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it("refuses faults that make no sense", () => {
    const wrong: LineFaults[] = [
      { latency: 5 },
      { rate: 5 },
      { loss: 2 },
      { corrupt: -1 },
      { duplicate: Number.NaN },
      { split: 0 },
    ];
    for (const faults of wrong)
      expect(() => memoryPair(faults)).toThrow(expect.objectContaining({ code: "bad-value" }));
  });

  it("draws numbers evenly", () => {
    const random = seededRandom(7);
    let sum = 0;
    for (let at = 0; at < 10_000; at++) sum += random();
    expect(sum / 10_000).toBeCloseTo(0.5, 1);
  });
});

describe("a pair in memory", () => {
  const heard = (duplex: MemoryDuplex, ended?: () => void): string[] => {
    const events: string[] = [];
    duplex.start({
      received: (some) => events.push(`received ${some.length}`),
      drained: () => events.push("drained"),
      closed: (fault) => events.push(`closed ${fault?.code ?? ""}`.trim()),
      ...(ended && { ended }),
    });
    return events;
  };

  it("piles up what a stalled end does not read, and delivers it when it goes on", () => {
    const clock = new VirtualClock();
    const [near, far] = memoryPair({ clock });
    const atNear = heard(near);
    const atFar: string[] = [];
    far.start({
      received(some) {
        atFar.push(`received ${some.length}`);
        if (atFar.length === 1) far.stall(true);
      },
      closed: () => undefined,
    });
    near.send(octets(5));
    near.send(octets(6));
    near.send(octets(7));
    clock.runUntilIdle();
    expect([atFar, near.bufferedOctets]).toEqual([["received 5"], 13]);
    far.stall(false);
    clock.runUntilIdle();
    expect(atFar).toEqual(["received 5", "received 6", "received 7"]);
    expect([atNear, near.bufferedOctets]).toEqual([["drained"], 0]);
  });

  it("says nothing when an end vanishes", () => {
    const clock = new VirtualClock();
    const [near, far] = memoryPair({ clock, latency: 5 });
    const atNear = heard(near);
    const atFar = heard(far);
    far.send(octets(5));
    far.vanish();
    near.send(octets(5));
    clock.runUntilIdle();
    expect([atNear, atFar]).toEqual([["drained"].slice(1), []]);
    expect(near.bufferedOctets).toBe(0);
    near.end();
    clock.runUntilIdle();
    expect(atNear).toEqual([]);
  });

  it("resets whoever sends to an end that was destroyed", () => {
    const clock = new VirtualClock();
    const [near, far] = memoryPair({ clock });
    let told = false;
    const atNear = heard(near, () => {
      told = true;
    });
    heard(far);
    clock.runUntilIdle();
    far.destroy();
    clock.runUntilIdle();
    expect([told, atNear]).toEqual([true, []]);
    near.send(octets(1));
    clock.runUntilIdle();
    expect(atNear).toEqual(["closed connection-reset"]);
  });
});
