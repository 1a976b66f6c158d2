import type { MaybePromise } from "@dlmskit/cosem-objects";
import type { Clock } from "@dlmskit/transport";

// What one connection may take before others have their turn, ms.
const sliceMs = 0.5;
// What all that wait may take of one turn of the event loop, ms.
const turnMs = 2;
// A connection that took its slice is ahead of others again after so many times as long.
const recovery = 10;
// A promise that was kept is gone on with within so many microtasks.
const microtasks = 3;

/** Who shares. */
export interface Sharer {
  /** Goes on with what waits, as far as its share lets it. */
  goOn(): void;
}

/**
 * Shares the event loop among connections: each takes a small slice of work at once; what is more than that waits, and is done
 * round robin, a few ms of each turn of the event loop. So a client that asks little is answered at once, however much others send.
 */
export class FairShare {
  readonly clock: Clock;
  readonly #waiting = new Set<Share>();
  #armed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The share of one more connection. */
  share(sharer: Sharer): Share {
    return new Share(this, sharer);
  }

  /** Whether anybody waits for a turn. */
  get contended(): boolean {
    return this.#waiting.size > 0;
  }

  join(share: Share): void {
    this.#waiting.add(share);
    this.#arm();
  }

  leave(share: Share): void {
    this.#waiting.delete(share);
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.clock.at(this.clock.now(), () => void this.#turn());
  }

  async #turn(): Promise<void> {
    const began = this.clock.now();
    do {
      const [next] = this.#waiting;
      if (next === undefined) break;
      // Who has to wait again goes to the end.
      this.#waiting.delete(next);
      if (next.serve()) for (let at = 0; at < microtasks; at++) await undefined;
    } while (this.clock.now() - began < turnMs);
    this.#armed = false;
    if (this.#waiting.size > 0) this.#arm();
  }
}

/** What one connection may take of the event loop. */
export class Share {
  readonly #all: FairShare;
  readonly #sharer: Sharer;
  /** Requests that go on in the next turn. */
  readonly #requests: (() => void)[] = [];
  /** When the slice began that is being used, and how much it is. */
  #began = 0;
  #slice = 0;
  /** What it took lately, ms, as of `#as`. */
  #debt = 0;
  #as = 0;

  constructor(all: FairShare, sharer: Sharer) {
    this.#all = all;
    this.#sharer = sharer;
  }

  /** Whether it may work now; false: `goOn` is called when it may. `first`: it has done nothing in this turn yet. */
  enter(first: boolean): boolean {
    const now = this.#all.clock.now();
    if (first) {
      const debt = Math.max(0, this.#debt - (now - this.#as) / recovery);
      const slice = this.#all.contended ? sliceMs - debt : sliceMs;
      if (this.#requests.length === 0 && slice > 0) this.#begin(slice, now);
      else this.#slice = 0;
    }
    if (now - this.#began < this.#slice) return true;
    this.#all.join(this);
    return false;
  }

  #begin(slice: number, now: number): void {
    this.#began = now;
    this.#slice = slice;
  }

  /** It has worked for so many ms. */
  took(ms: number): void {
    const now = this.#all.clock.now();
    this.#debt = Math.max(0, this.#debt - (now - this.#as) / recovery) + ms;
    this.#as = now;
  }

  /** Resolves when a request may go on. */
  breathe(): Promise<void> {
    this.#all.join(this);
    return new Promise((resolve) => this.#requests.push(resolve));
  }

  /** The turns of one request. */
  request(): ItemTurns {
    return new ItemTurns(this.#all.clock, this);
  }

  /** It is this connection's turn. True: a request goes on, in a microtask. */
  serve(): boolean {
    this.#begin(sliceMs, this.#all.clock.now());
    const request = this.#requests.shift();
    if (request === undefined) {
      this.#sharer.goOn();
      return false;
    }
    // What else waits of it has its turn after the others.
    this.#all.join(this);
    request();
    return true;
  }

  /** The connection is gone: nothing of it is taken any more. What was begun comes to its end. */
  close(): void {
    if (this.#requests.length === 0) this.#all.leave(this);
  }
}

/** The items of one request: when those so far took a slice, the next one waits for the next turn. */
export class ItemTurns {
  readonly #clock: Clock;
  readonly #share: Share;
  #spent = 0;

  constructor(clock: Clock, share: Share) {
    this.#clock = clock;
    this.#share = share;
  }

  /** Runs one item. */
  run<T>(item: () => MaybePromise<T>): MaybePromise<T> {
    if (this.#spent < sliceMs) return this.#timed(item);
    this.#spent = 0;
    return this.#share.breathe().then(() => this.#timed(item) as PromiseLike<T>);
  }

  #timed<T>(item: () => T): T {
    const began = this.#clock.now();
    const result = item();
    this.#spent += this.#clock.now() - began;
    return result;
  }
}
