import type { MaybePromise } from "@dlmskit/cosem-objects";
import { isLater } from "@dlmskit/cosem-objects";
import type { Cancel, Clock } from "@dlmskit/transport";
import type { SimulatedTime, TimeListener } from "./simulated-time.ts";

/** The owner of timed actions: a meter, or the idle meters of a fleet. */
export interface Timed {
  /** Due time of the first action, ms since 1970 UTC, simulated time; undefined: no action is due. */
  readonly next: number | undefined;
  /** Runs the first action if it is due by `now`. Must not throw: the implementer handles errors. */
  runFirst(now: number): MaybePromise<void>;
  /** Keeps the actions done since the last call; there may be none. Must not throw. */
  finish(): MaybePromise<void>;
  /** Called when the time of day was set from `before` to `now`. */
  moved(before: number, now: number): void;
}

interface Place {
  readonly timed: Timed;
  readonly order: number;
  /** The position in the heap; undefined: it is busy or has nothing to do. */
  at: number | undefined;
  due: number;
  busy: boolean;
}

// Maximum time of a turn before sockets are served, ms of the machine; the number of actions is also limited.
const turnMs = 5;
const turnActions = 2000;
// Simulated time is rounded to some tenths of a microsecond. A timer is set a little early, and actions that are due within this short
// time count as due, so that rounding does not make an action late.
const earlyMs = 1e-6;
const roundingMs = 1e-3;
// Maximum sleep, so that a jump of the time of day with the machine's clock is noticed within this time.
const longestSleep = 60_000;

/**
 * All due actions of one server, sorted by time: one binary heap and one timer. An owner that is busy (a pending hook or commit) is
 * removed from the heap until it is done, and nothing waits for it.
 */
export class Agenda implements TimeListener {
  readonly #clock: Clock;
  readonly #time: SimulatedTime;
  readonly #heap: Place[] = [];
  readonly #places = new Map<Timed, Place>();
  readonly #waiting: { readonly timed: Timed | undefined; readonly resolve: () => void }[] = [];
  readonly #unlisten: () => void;
  #order = 0;
  #busy = 0;
  #cancel: Cancel | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #turning = false;
  #closed = false;

  constructor(clock: Clock, time: SimulatedTime) {
    this.#clock = clock;
    this.#time = time;
    this.#unlisten = time.listen(this);
  }

  add(timed: Timed): void {
    if (this.#closed || this.#places.has(timed)) return;
    const place: Place = { timed, order: this.#order++, at: undefined, due: 0, busy: false };
    this.#places.set(timed, place);
    this.#settle(place);
    this.#arm();
  }

  remove(timed: Timed): void {
    const place = this.#places.get(timed);
    if (place === undefined) return;
    this.#places.delete(timed);
    if (place.at !== undefined) this.#take(place);
    this.#notice();
  }

  /** Called when the first due time of an owner has changed. */
  changed(timed: Timed): void {
    const place = this.#places.get(timed);
    if (place === undefined || place.busy) return;
    this.#settle(place);
    this.#arm();
  }

  /** Number of owners with due times. */
  get size(): number {
    return this.#heap.length;
  }

  /** The time of the first action. */
  get next(): number | undefined {
    return this.#heap[0]?.due;
  }

  timeChanged(before: number, now: number): void {
    if (before !== now) {
      for (const { timed } of [...this.#places.values()]) timed.moved(before, now);
      for (const place of this.#places.values()) if (!place.busy) this.#settle(place);
    }
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#arm();
  }

  /** Resolves when all due actions are done: those of one owner, or of all owners. */
  settled(timed?: Timed): Promise<void> {
    if (this.#isIdle(timed)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ timed, resolve }));
  }

  #isIdle(timed: Timed | undefined): boolean {
    if (this.#closed) return true;
    if (timed === undefined) return this.#busy === 0 && !this.#isDue(this.next);
    const place = this.#places.get(timed);
    return place === undefined || (!place.busy && (place.at === undefined || !this.#isDue(place.due)));
  }

  #isDue(due: number | undefined): boolean {
    return due !== undefined && due <= this.#dueBy;
  }

  /** Actions that are due up to this time are due now. */
  get #dueBy(): number {
    return this.#time.now + roundingMs + 2 * earlyMs * this.#time.rate;
  }

  close(): void {
    this.#closed = true;
    this.#unlisten();
    this.#cancel?.();
    this.#heap.length = 0;
    this.#places.clear();
    this.#notice();
  }

  #notice(): void {
    if (this.#waiting.length === 0) return;
    for (const one of this.#waiting.splice(0)) {
      if (this.#isIdle(one.timed)) one.resolve();
      else this.#waiting.push(one);
    }
  }

  #arm(now = false): void {
    if (this.#closed || this.#turning) return;
    const due = this.next;
    if (due === undefined) return;
    const sleep = now ? 0 : Math.min(longestSleep, this.#time.until(due));
    if (sleep === Number.POSITIVE_INFINITY) return;
    const at = this.#clock.now() + Math.max(0, sleep - earlyMs);
    // A timer that is set for an earlier time checks this itself.
    if (this.#cancel !== undefined && this.#armedFor <= at) return;
    this.#cancel?.();
    this.#armedFor = at;
    this.#cancel = this.#clock.at(at, () => this.#turn());
  }

  #turn(): void {
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    if (this.#closed) return;
    this.#turning = true;
    const began = this.#clock.now();
    const now = this.#dueBy;
    const touched = new Set<Place>();
    let more = false;
    for (let count = 0; ; count++) {
      const place = this.#heap[0];
      if (place === undefined || place.due > now) break;
      if (count >= turnActions || this.#clock.now() - began > turnMs) {
        more = true;
        break;
      }
      this.#take(place);
      const done = place.timed.runFirst(now);
      if (isLater(done)) {
        touched.delete(place);
        this.#wait(place, done.then(() => place.timed.finish()) as PromiseLike<void>);
      } else {
        touched.add(place);
        this.#settle(place);
      }
      // An action closed the agenda: the actions done so far are still kept.
      if (this.#closed) break;
    }
    for (const place of touched) {
      const kept = place.timed.finish();
      if (!isLater(kept)) continue;
      if (place.at !== undefined) this.#take(place);
      this.#wait(place, kept as PromiseLike<void>);
    }
    this.#turning = false;
    this.#arm(more);
    this.#notice();
  }

  #wait(place: Place, work: PromiseLike<void>): void {
    place.busy = true;
    this.#busy++;
    const done = (): void => {
      place.busy = false;
      this.#busy--;
      if (this.#places.get(place.timed) === place) {
        this.#settle(place);
        this.#arm();
      }
      this.#notice();
    };
    work.then(done, done);
  }

  /** Moves a place to the position of its next time. */
  #settle(place: Place): void {
    const due = place.timed.next;
    if (place.at !== undefined) this.#take(place);
    if (due === undefined || this.#closed || this.#places.get(place.timed) !== place) return;
    place.due = due;
    this.#heap.push(place);
    this.#up(this.#heap.length - 1, place);
  }

  #take(place: Place): void {
    const at = place.at as number;
    place.at = undefined;
    const last = this.#heap.pop() as Place;
    if (last === place) return;
    this.#up(at, last);
    this.#down(last.at as number, last);
  }

  #before(one: Place, other: Place): boolean {
    return one.due < other.due || (one.due === other.due && one.order < other.order);
  }

  #up(from: number, place: Place): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent] as Place;
      if (!this.#before(place, above)) break;
      this.#heap[at] = above;
      above.at = at;
      at = parent;
    }
    this.#heap[at] = place;
    place.at = at;
  }

  #down(from: number, place: Place): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#heap.length) break;
      const right = this.#heap[child + 1];
      if (right !== undefined && this.#before(right, this.#heap[child] as Place)) child++;
      const below = this.#heap[child] as Place;
      if (!this.#before(below, place)) break;
      this.#heap[at] = below;
      below.at = at;
      at = child;
    }
    this.#heap[at] = place;
    place.at = at;
  }
}
