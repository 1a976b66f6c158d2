import { Fault } from "@dlmskit/core";
import type { Cancel, Clock } from "./clock.ts";

/** The deadlines of one owner, by name: what it may do with those that are its own. */
export interface Timers<Name extends string> {
  /** The deadline of that name, ms of the clock; undefined while it has none. */
  get(name: Name): number | undefined;
  /** Sets or moves a deadline. One in the past is due at once, but never before `set` returned. Fault `out-of-range` for NaN. */
  set(name: Name, deadline: number): void;
  /** Takes a deadline back; nothing when there is none. */
  clear(name: Name): void;
}

const never = Number.POSITIVE_INFINITY;

/**
 * Named deadlines on one timer of a clock. Moving a deadline away does not touch the clock: the timer fires where it was, finds
 * nothing due and is set again. So a deadline that every request moves costs a store. `due` is called for each deadline that has
 * come, the earliest first and, of equal ones, in the order of the names; the deadline is cleared before.
 */
export class TimerTable<Name extends string> implements Timers<Name> {
  readonly #clock: Clock;
  readonly #names: readonly Name[];
  readonly #due: (name: Name, now: number) => void;
  readonly #deadlines: number[];
  #cancel: Cancel | undefined;
  /** What the clock's timer is set for: `never` without one, and before all time while deadlines are dealt with. */
  #armedFor = never;
  #closed = false;

  /** `names`: at most 31, best one list for all tables of a kind. */
  constructor(clock: Clock, names: readonly Name[], due: (name: Name, now: number) => void) {
    this.#clock = clock;
    this.#names = names;
    this.#due = due;
    this.#deadlines = names.map(() => never);
  }

  /** The earliest deadline; undefined when there is none. */
  get next(): number | undefined {
    const next = Math.min(...this.#deadlines);
    return next === never ? undefined : next;
  }

  get(name: Name): number | undefined {
    const deadline = this.#deadlines[this.#names.indexOf(name)];
    return deadline === never ? undefined : deadline;
  }

  set(name: Name, deadline: number): void {
    if (Number.isNaN(deadline)) throw new Fault("out-of-range", "a deadline must be a number", { layer: "transport" });
    if (this.#closed) return;
    this.#deadlines[this.#names.indexOf(name)] = deadline;
    if (deadline < this.#armedFor) this.#arm(deadline);
  }

  clear(name: Name): void {
    const at = this.#names.indexOf(name);
    if (this.#deadlines[at] === never) return;
    this.#deadlines[at] = never;
    // The clock keeps no timer for a table that waits for nothing.
    if (this.#cancel !== undefined && this.next === undefined) this.#disarm();
  }

  /** Takes all deadlines back; none is set any more. */
  close(): void {
    this.#closed = true;
    this.#deadlines.fill(never);
    this.#disarm();
  }

  #arm(deadline: number): void {
    this.#cancel?.();
    this.#armedFor = deadline;
    this.#cancel = this.#clock.at(deadline, () => this.#wake());
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedFor = never;
  }

  #wake(): void {
    this.#cancel = undefined;
    this.#armedFor = Number.NEGATIVE_INFINITY;
    try {
      const now = this.#clock.now();
      // Each at most once: one that sets itself again waits for the clock.
      let dealt = 0;
      for (let at = this.#earliest(now, dealt); at >= 0; at = this.#earliest(now, dealt)) {
        dealt |= 1 << at;
        this.#deadlines[at] = never;
        this.#due(this.#names[at] as Name, now);
      }
    } finally {
      this.#armedFor = never;
      const { next } = this;
      if (next !== undefined) this.#arm(next);
    }
  }

  /** The place of the earliest deadline that has come and is not among those dealt with; -1 for none. */
  #earliest(now: number, dealt: number): number {
    let earliest = -1;
    for (let at = 0; at < this.#deadlines.length; at++) {
      const deadline = this.#deadlines[at] as number;
      if (deadline > now || (dealt & (1 << at)) !== 0) continue;
      if (earliest < 0 || deadline < (this.#deadlines[earliest] as number)) earliest = at;
    }
    return earliest;
  }
}
