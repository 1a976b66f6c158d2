import type { Fault } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CounterGuard, CounterLedger, lastCounter } from "../src/index.ts";
import { faultOf } from "./fault-of.ts";

describe("the counter ledger", () => {
  it("gives nothing out before storage has it", () => {
    const ledger = new CounterLedger({ start: 5, block: 4 });
    expect(ledger.remaining).toBe(0);
    expect(ledger.wants).toBe(9);
    expect(faultOf(() => ledger.next())).toBe("counter-not-reserved");
    ledger.reserved(9);
    expect([ledger.next(), ledger.next()]).toEqual([5, 6]);
    expect(ledger.remaining).toBe(2);
    expect(ledger.wants).toBe(11);
    expect([ledger.next(), ledger.next()]).toEqual([7, 8]);
    expect(faultOf(() => ledger.next())).toBe("counter-not-reserved");
  });

  it("reserves 1024 at a time, and asks again when half of them are gone", () => {
    const ledger = new CounterLedger({ start: 0 });
    expect(ledger.wants).toBe(1024);
    ledger.reserved(1024);
    for (let taken = 0; taken < 511; taken++) ledger.next();
    expect(ledger.wants).toBeUndefined();
    ledger.next();
    expect(ledger.wants).toBe(1536);
  });

  it("goes on in the range that storage gave, where another process took those between", () => {
    const ledger = new CounterLedger({ start: 0, block: 4 });
    ledger.reserved(2);
    ledger.reserved(12, 10);
    ledger.reserved(13);
    ledger.reserved(8); // below what is reserved: nothing new
    ledger.reserved(14, 3); // overlaps: only what lies above
    expect(ledger.remaining).toBe(6);
    expect(ledger.wants).toBeUndefined();
    expect(Array.from({ length: 6 }, () => ledger.next())).toEqual([0, 1, 10, 11, 12, 13]);
    expect(ledger.wants).toBe(18);
  });

  it("uses the last counter once, then asks for a new key", () => {
    const ledger = new CounterLedger({ start: lastCounter - 1, block: 1024 });
    expect(ledger.wants).toBe(lastCounter + 1);
    ledger.reserved(lastCounter + 1);
    expect([ledger.next(), ledger.next()]).toEqual([0xfffffffe, 0xffffffff]);
    expect(ledger.wants).toBeUndefined();
    expect(faultOf(() => ledger.next())).toBe("counter-exhausted");
    expect(faultOf(() => new CounterLedger({ start: lastCounter + 1 }).next())).toBe("counter-exhausted");
  });

  it("refuses a start, a block and a reservation that are no such thing", () => {
    expect(faultOf(() => new CounterLedger({ start: -1 }))).toBe("out-of-range");
    expect(faultOf(() => new CounterLedger({ start: 1.5 }))).toBe("out-of-range");
    expect(faultOf(() => new CounterLedger({ start: 0, block: 0 }))).toBe("out-of-range");
    expect(faultOf(() => new CounterLedger({ start: 0 }).reserved(lastCounter + 2))).toBe("out-of-range");
  });

  it("never gives one out twice, over crashes at any point", () => {
    const life = fc.record({ block: fc.integer({ min: 1, max: 8 }), steps: fc.array(fc.boolean(), { maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(life, { maxLength: 6 }), (lives) => {
        let stored = 0;
        const used = new Set<number>();
        for (const { block, steps } of lives) {
          const ledger = new CounterLedger({ start: stored, block });
          for (const reserve of steps) {
            if (reserve && ledger.wants !== undefined) {
              stored = ledger.wants;
              ledger.reserved(stored);
            } else if (ledger.remaining > 0) {
              const counter = ledger.next();
              expect(counter).toBeLessThan(stored);
              expect(used.has(counter)).toBe(false);
              used.add(counter);
            }
          }
        }
      }),
    );
  });
});

describe("the counter guard", () => {
  it("accepts only what lies above everything accepted before", () => {
    const guard = new CounterGuard();
    expect(guard.lowest).toBe(0);
    guard.accept(0);
    guard.accept(7);
    expect(guard.lowest).toBe(8);
    for (const old of [0, 6, 7]) {
      expect(guard.check(old)).toBe(false);
      expect(faultOf(() => guard.accept(old))).toBe("invocation-counter");
    }
    expect(guard.check(8)).toBe(true);
    expect(guard.lowest).toBe(8);
  });

  it("says which counter was expected", () => {
    try {
      new CounterGuard(20).accept(3);
      expect.unreachable();
    } catch (caught) {
      expect((caught as Fault).expected).toBe(20);
      expect((caught as Fault).toJSON()).toMatchObject({ code: "invocation-counter", layer: "security", expected: 20 });
    }
  });

  it("accepts the last counter once, and no number that is none", () => {
    const guard = new CounterGuard(lastCounter);
    guard.accept(lastCounter);
    expect(guard.lowest).toBe(lastCounter + 1);
    expect(guard.check(lastCounter)).toBe(false);
    expect(faultOf(() => new CounterGuard(-1))).toBe("out-of-range");
    expect(faultOf(() => guard.accept(lastCounter + 1))).toBe("out-of-range");
  });
});
