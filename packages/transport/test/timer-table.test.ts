import { Fault } from "@dlmskit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cancel, type Clock, TimerTable, VirtualClock } from "../src/index.ts";

const names = ["link", "session", "inactivity", "row"] as const;
type Name = (typeof names)[number];

/** A clock that counts how often it is asked for a timer, or to take one back. */
class CountingClock implements Clock {
  readonly inner = new VirtualClock();
  touched = 0;
  now(): number {
    return this.inner.now();
  }
  at(deadline: number, run: () => void): Cancel {
    this.touched++;
    const cancel = this.inner.at(deadline, run);
    return () => {
      this.touched++;
      cancel();
    };
  }
}

/** What a table must do, at its simplest: every deadline looked at, at every ms. */
class Model {
  readonly deadlines = new Map<Name, number>();
  readonly heard: string[] = [];
  now = 0;

  advance(ms: number): void {
    for (const until = this.now + ms; ; this.now++) {
      const due = [...this.deadlines].filter(([, deadline]) => deadline <= this.now);
      due.sort(([one, a], [other, b]) => a - b || names.indexOf(one) - names.indexOf(other));
      for (const [name] of due) {
        this.deadlines.delete(name);
        this.heard.push(`${name} ${this.now}`);
      }
      if (this.now === until) return;
    }
  }
}

const name = fc.constantFrom(...names);
const step = fc.oneof(
  fc.record({ set: name, in: fc.integer({ min: -3, max: 20 }) }),
  fc.record({ clear: name }),
  fc.record({ wait: fc.integer({ min: 0, max: 25 }) }),
);

describe("a table of timers", () => {
  it("does what looking at every deadline at every ms would do", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new VirtualClock();
        const heard: string[] = [];
        const table = new TimerTable<Name>(clock, names, (due, now) => heard.push(`${due} ${now}`));
        const model = new Model();
        for (const one of steps) {
          if ("set" in one) {
            table.set(one.set, clock.now() + one.in);
            model.deadlines.set(one.set, model.now + one.in);
          } else if ("clear" in one) {
            table.clear(one.clear);
            model.deadlines.delete(one.clear);
          } else {
            clock.advance(one.wait);
            model.advance(one.wait);
          }
          expect(heard).toEqual(model.heard);
          for (const each of names) expect(table.get(each)).toBe(model.deadlines.get(each));
          expect(table.next).toBe(model.deadlines.size === 0 ? undefined : Math.min(...model.deadlines.values()));
          expect(clock.waiting).toBe(model.deadlines.size === 0 ? 0 : 1);
        }
      }),
    );
  });

  it("leaves the clock alone when a deadline moves away, and when a later one is set", () => {
    const clock = new CountingClock();
    const heard: string[] = [];
    const table = new TimerTable<Name>(clock, names, (due, now) => heard.push(`${due} ${now}`));
    table.set("inactivity", 100);
    expect(clock.touched).toBe(1);
    for (let at = 1; at < 1000; at++) {
      table.set("inactivity", 100 + at);
      table.set("session", 5000);
      table.clear("session");
    }
    expect(clock.touched).toBe(1);
    clock.inner.advance(100);
    expect([heard, clock.touched]).toEqual([[], 2]);
    clock.inner.advance(999);
    expect(heard).toEqual(["inactivity 1099"]);
    expect(clock.touched).toBe(2);
  });

  it("lets a handler set, move and clear any deadline, its own too", () => {
    const clock = new VirtualClock();
    const heard: string[] = [];
    let times = 0;
    const table = new TimerTable<Name>(clock, names, (due, now) => {
      heard.push(`${due} ${now}`);
      if (due !== "link") return;
      table.clear("session");
      table.set("row", 15);
      // Due again at once: it waits for the clock, and the others come before.
      if (++times < 3) table.set("link", now);
    });
    table.set("link", 10);
    table.set("session", 10);
    table.set("inactivity", 10);
    clock.advance(20);
    expect(heard).toEqual(["link 10", "inactivity 10", "link 10", "link 10", "row 15"]);
    expect(clock.waiting).toBe(0);
  });

  it("keeps the other deadlines when a handler throws", () => {
    const clock = new VirtualClock();
    const heard: string[] = [];
    const table = new TimerTable<Name>(clock, names, (due) => {
      if (due === "link") throw new Error("link");
      heard.push(due);
    });
    table.set("link", 10);
    table.set("row", 10);
    table.set("session", 30);
    expect(() => clock.advance(10)).toThrow("link");
    clock.advance(0);
    expect(heard).toEqual(["row"]);
    clock.advance(20);
    expect(heard).toEqual(["row", "session"]);
  });

  it("waits for nothing once it is closed, and refuses what is no time", () => {
    const clock = new VirtualClock();
    const table = new TimerTable<Name>(clock, names, () => expect.fail("due"));
    expect(() => table.set("link", Number.NaN)).toThrow(Fault);
    table.set("link", 10);
    table.close();
    table.set("session", 20);
    expect([table.next, clock.waiting]).toEqual([undefined, 0]);
    clock.advance(100);
  });
});
