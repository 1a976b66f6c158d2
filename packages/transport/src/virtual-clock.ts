import { Fault } from "@dlmskit/core";
import type { Cancel, Clock, WallClock } from "./clock.ts";

interface Timer {
  readonly deadline: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** A clock that moves only when it is told to: for tests, and for simulations that run faster than real time. */
export class VirtualClock implements Clock, WallClock {
  /** A binary heap, the earliest timer first; of timers with equal deadlines the one that was set first. */
  #timers: Timer[] = [];
  #now: number;
  readonly #epoch: number;
  #order = 0;
  #waiting = 0;

  /** `now`: the start time, ms. `epoch`: the instant (ms since 1970-01-01T00:00Z) at which `now` is 0. */
  constructor({ now = 0, epoch = 0 }: { readonly now?: number; readonly epoch?: number } = {}) {
    this.#now = now;
    this.#epoch = epoch;
  }

  now(): number {
    return this.#now;
  }

  instant(): number {
    return this.#epoch + this.#now;
  }

  /** Number of pending timers. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The deadline of the next timer; undefined if no timer is pending. */
  get next(): number | undefined {
    return this.#first()?.deadline;
  }

  at(deadline: number, run: () => void): Cancel {
    if (Number.isNaN(deadline)) throw new Fault("out-of-range", "a deadline must be a number", { layer: "transport" });
    const timer: Timer = { deadline: Math.max(deadline, this.#now), order: this.#order++, run };
    this.#timers.push(timer);
    this.#up(this.#timers.length - 1);
    this.#waiting++;
    return () => {
      if (timer.run === undefined) return;
      timer.run = undefined;
      this.#waiting--;
      if (this.#timers.length > 64 && this.#timers.length > this.#waiting * 2) this.#sweep();
    };
  }

  /** Advances the clock by `ms`: runs the timers that become due, in order, each at its deadline. */
  advance(ms: number): void {
    const until = this.#now + ms;
    while (this.#step(until));
    this.#now = Math.max(this.#now, until);
  }

  /** Like `advance`, but promises can settle between the timers: for code under test that awaits. */
  async advanceAsync(ms: number): Promise<void> {
    const until = this.#now + ms;
    do await settled();
    while (this.#step(until));
    this.#now = Math.max(this.#now, until);
  }

  /** Runs timers until none is pending; returns how many ran. Fault `never-idle` after `atMost` timers. */
  runUntilIdle(atMost = 100_000): number {
    let count = 0;
    for (; this.#step(Number.POSITIVE_INFINITY); count++) {
      if (count >= atMost) {
        throw new Fault("never-idle", `timers are still waiting after ${atMost} have run`, {
          layer: "transport",
          hint: "a timer sets a new one each time; advance by a time instead",
        });
      }
    }
    return count;
  }

  #step(until: number): boolean {
    const timer = this.#first();
    if (timer === undefined || timer.deadline > until) return false;
    this.#pop();
    this.#now = timer.deadline;
    this.#waiting--;
    const run = timer.run as () => void;
    timer.run = undefined;
    run();
    return true;
  }

  #first(): Timer | undefined {
    for (;;) {
      const first = this.#timers[0];
      if (first === undefined || first.run !== undefined) return first;
      this.#pop();
    }
  }

  /** Removes cancelled timers when they are half of all timers. A sorted array is a heap. */
  #sweep(): void {
    this.#timers = this.#timers.filter((timer) => timer.run !== undefined);
    this.#timers.sort((a, b) => a.deadline - b.deadline || a.order - b.order);
  }

  #pop(): void {
    const timers = this.#timers;
    const last = timers.pop();
    if (last === undefined || timers.length === 0) return;
    timers[0] = last;
    let at = 0;
    for (;;) {
      const left = at * 2 + 1;
      let least = at;
      if (this.#before(left, least)) least = left;
      if (this.#before(left + 1, least)) least = left + 1;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #before(one: number, other: number): boolean {
    const a = this.#timers[one];
    const b = this.#timers[other];
    if (a === undefined || b === undefined) return false;
    return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    const timers = this.#timers;
    const kept = timers[one] as Timer;
    timers[one] = timers[other] as Timer;
    timers[other] = kept;
  }
}

/** Resolves after the promises that can settle now have settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
