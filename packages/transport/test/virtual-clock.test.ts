import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../src/index.ts";

describe("VirtualClock", () => {
  it("stands still until it is told to move", () => {
    const clock = new VirtualClock({ now: 5, epoch: 1000 });
    expect(clock.now()).toBe(5);
    expect(clock.instant()).toBe(1005);
    clock.advance(10);
    expect([clock.now(), clock.instant()]).toEqual([15, 1015]);
  });

  it("runs timers in order, those of one time as they were set, each at its time", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ due: fc.nat(100), cancelled: fc.boolean() }), { maxLength: 300 }), (wanted) => {
        const clock = new VirtualClock();
        const ran: [number, number][] = [];
        wanted.forEach(({ due, cancelled }, at) => {
          const cancel = clock.at(due, () => ran.push([clock.now(), at]));
          if (cancelled) cancel();
        });
        const kept = wanted.map(({ due, cancelled }, at) => ({ due, cancelled, at })).filter((one) => !one.cancelled);
        expect(clock.waiting).toBe(kept.length);
        clock.advance(100);
        kept.sort((a, b) => a.due - b.due || a.at - b.at);
        expect(ran).toEqual(kept.map(({ due, at }) => [due, at]));
        expect([clock.waiting, clock.next, clock.now()]).toEqual([0, undefined, 100]);
      }),
    );
  });

  it("runs what a timer sets, also for now or the past", () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.at(10, () => {
      clock.at(0, () => ran.push(`past ${clock.now()}`));
      clock.at(12, () => ran.push(`later ${clock.now()}`));
      clock.at(100, () => ran.push("never"));
    });
    clock.advance(20);
    expect(ran).toEqual(["past 10", "later 12"]);
    expect(clock.next).toBe(100);
  });

  it("lets promises settle between timers", async () => {
    const clock = new VirtualClock();
    const ran: number[] = [];
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.at(clock.now() + ms, resolve));
    const work = (async () => {
      for (let step = 0; step < 5; step++) {
        await sleep(10);
        ran.push(clock.now());
      }
    })();
    await clock.advanceAsync(50);
    await work;
    expect(ran).toEqual([10, 20, 30, 40, 50]);
    expect(clock.now()).toBe(50);
  });

  it("runs until idle, and gives up where it never is", () => {
    const clock = new VirtualClock();
    let left = 3;
    const again = (): void => {
      if (left-- > 0) clock.at(clock.now() + 5, again);
    };
    again();
    expect(clock.runUntilIdle()).toBe(3);
    expect(clock.now()).toBe(15);
    left = Number.POSITIVE_INFINITY;
    again();
    expect(() => clock.runUntilIdle(10)).toThrow(expect.objectContaining({ code: "never-idle" }));
    expect(() => clock.at(Number.NaN, again)).toThrow(expect.objectContaining({ code: "out-of-range" }));
  });

  it("does not keep timers that were taken back", () => {
    const clock = new VirtualClock();
    for (let at = 0; at < 10_000; at++) {
      const cancel = clock.at(1e9, () => undefined);
      cancel();
      cancel();
    }
    expect(clock.waiting).toBe(0);
    expect(clock.runUntilIdle()).toBe(0);
    expect(clock.now()).toBe(0);
  });
});
