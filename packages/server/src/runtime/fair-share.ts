import { isLater, type MaybePromise } from "@dlmskit/cosem-objects";
import type { Clock } from "@dlmskit/transport";

// Time that one connection may use before other connections get their turn, ms.
const sliceMs = 0.5;
// Time that all waiting connections together may use in one turn of the event loop, ms.
const turnMs = 2;
// A connection that used its slice has priority again after this multiple of the slice.
const recovery = 10;
// Maximum number of microtasks until code continues after a resolved promise.
const microtasks = 3;

/** A connection that shares the event loop. */
export interface Sharer {
  /** Continues the waiting work, as far as the share of the connection allows. */
  goOn(): void;
}

/**
 * Shares the event loop among connections. Each connection does a small slice of work at once. Further work waits and is done round
 * robin, a few ms in each turn of the event loop. So a client with few requests gets its answer at once, even if others send many.
 */
export class FairShare {
  readonly clock: Clock;
  readonly #waiting = new Set<Share>();
  #armed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Creates the share of a new connection. */
  share(sharer: Sharer): Share {
    return new Share(this, sharer);
  }

  /** Whether any connection waits for a turn. */
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
      // A connection that has to wait again goes to the end.
      this.#waiting.delete(next);
      if (next.serve()) for (let at = 0; at < microtasks; at++) await undefined;
    } while (this.clock.now() - began < turnMs);
    this.#armed = false;
    if (this.#waiting.size > 0) this.#arm();
  }
}

/** The share of one connection in the event loop. */
export class Share {
  readonly #all: FairShare;
  readonly #sharer: Sharer;
  /** Requests that continue in the next turn. */
  readonly #requests: (() => void)[] = [];
  /** Start time and length of the current slice. */
  #began = 0;
  #slice = 0;
  /** Time that the connection used recently, ms, at the time `#as`. */
  #debt = 0;
  #as = 0;

  constructor(all: FairShare, sharer: Sharer) {
    this.#all = all;
    this.#sharer = sharer;
  }

  /** Whether the connection may work now; false: `goOn` is called later. `first`: it has done no work in this turn yet. */
  enter(first: boolean, now: number): boolean {
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

  /** Records that the connection has worked for `ms`, until `now`. */
  took(ms: number, now: number): void {
    this.#debt = Math.max(0, this.#debt - (now - this.#as) / recovery) + ms;
    this.#as = now;
  }

  /** Resolves when a request may continue. */
  breathe(): Promise<void> {
    this.#all.join(this);
    return new Promise((resolve) => this.#requests.push(resolve));
  }

  /** The turns of one request. */
  request(): ItemTurns {
    return new ItemTurns(this.#all.clock, this);
  }

  /** Called when it is the turn of this connection. True: a request continues in a microtask. */
  serve(): boolean {
    this.#begin(sliceMs, this.#all.clock.now());
    const request = this.#requests.shift();
    if (request === undefined) {
      this.#sharer.goOn();
      return false;
    }
    // Other waiting work of this connection gets its turn after the other connections.
    this.#all.join(this);
    request();
    return true;
  }

  /** The connection has ended: no new work of it is accepted. Work that has started is finished. */
  close(): void {
    if (this.#requests.length === 0) this.#all.leave(this);
  }
}

/** The items of one request. When they have worked for a slice, the next item waits for the next turn. */
export class ItemTurns {
  readonly #clock: Clock;
  readonly #share: Share;
  /** When the slice began, later by the time that items have waited; undefined before the first item. */
  #began: number | undefined;

  constructor(clock: Clock, share: Share) {
    this.#clock = clock;
    this.#share = share;
  }

  /** Runs one item. */
  run<T>(item: () => MaybePromise<T>): MaybePromise<T> {
    const now = this.#clock.now();
    this.#began ??= now;
    if (now - this.#began < sliceMs) return this.#counted(item);
    return this.#share.breathe().then(() => {
      this.#began = this.#clock.now();
      return this.#counted(item);
    });
  }

  /** Time that an item waits for others is not counted. */
  #counted<T>(item: () => MaybePromise<T>): MaybePromise<T> {
    const result = item();
    if (!isLater(result)) return result;
    const from = this.#clock.now();
    const waited = (): void => {
      this.#began = (this.#began as number) + this.#clock.now() - from;
    };
    result.then(waited, waited);
    return result;
  }
}
