import { Fault } from "@dlmskit/core";
import type { Cancel, Clock } from "./clock.ts";

/** The deadlines of one owner, by name, as the owner sees them. */
export interface Timers<Name extends string> {
  /** The deadline with this name, ms of the clock; undefined if it is not set. */
  get(name: Name): number | undefined;
  /** Sets or moves a deadline. A deadline in the past is due at once, but never before `set` has returned. Fault `out-of-range` for NaN. */
  set(name: Name, deadline: number): void;
  /** Clears a deadline; no effect if it is not set. */
  clear(name: Name): void;
}

const never = Number.POSITIVE_INFINITY;

/**
 * Named deadlines with one timer of a clock. Moving a deadline to a later time does not change the timer: the timer fires at the old
 * time, finds nothing due and is set again. So a deadline that every request moves costs only an assignment. `due` is called for each
 * deadline that was reached, the earliest first, and equal deadlines in the order of the names; the deadline is cleared before the
 * call.
 */
export class TimerTable<Name extends string> implements Timers<Name> {
  readonly #clock: Clock;
  readonly #names: readonly Name[];
  readonly #due: (name: Name, now: number) => void;
  readonly #deadlines: number[];
  #cancel: Cancel | undefined;
  /** The time of the clock's timer: `never` without a timer, and negative infinity while deadlines are processed. */
  #armedFor = never;
  #closed = false;

  /** `names`: at most 31 names. Use one list for all tables of a kind to save memory. */
  constructor(clock: Clock, names: readonly Name[], due: (name: Name, now: number) => void) {
    this.#clock = clock;
    this.#names = names;
    this.#due = due;
    this.#deadlines = names.map(() => never);
  }

  /** The earliest deadline; undefined if none is set. */
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
    // A table without deadlines keeps no timer of the clock.
    if (this.#cancel !== undefined && this.next === undefined) this.#disarm();
  }

  /** Clears all deadlines; none can be set afterwards. */
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
      // Each deadline is processed at most once: a deadline that is set again in its handler waits for the clock.
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

  /** The index of the earliest deadline that was reached and is not in `dealt`; -1 if there is none. */
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
