import type { Clock, Duplex, DuplexHandlers, WallClock } from "@dlmskit/transport";

/** A time in which the event loop of this thread had no other turn. */
export interface Stretch {
  /** When it began, on this thread's clock, ms. */
  readonly began: number;
  /** What it took by the clock, which counts what other programs took as well, ms. */
  readonly clock: number;
  /** What this thread had of a processor, ms (Node 24; NaN before). Linux counts it in steps of up to 4 ms. */
  readonly thread: number;
}

export interface Instant {
  readonly clock: number;
  readonly thread: number;
}

export function instant(): Instant {
  const { user, system } = process.threadCpuUsage?.() ?? { user: Number.NaN, system: Number.NaN };
  return { clock: performance.now(), thread: (user + system) / 1000 };
}

export function stretchSince(began: Instant): Stretch {
  const now = instant();
  return { began: began.clock, clock: now.clock - began.clock, thread: now.thread - began.thread };
}

/**
 * How long a server keeps the event loop each time it is called: by a line on which something came, or by a timer. A stretch ends
 * where the server returns to the loop: what follows in promises belongs to it.
 */
export class Stretches {
  #all: Stretch[] = [];
  #running = false;

  /** What came since the last call. */
  take(): readonly Stretch[] {
    const taken = this.#all;
    this.#all = [];
    return taken;
  }

  /** A clock whose timers are measured. */
  clock(of: Clock & WallClock): Clock & WallClock {
    return {
      now: () => of.now(),
      instant: () => of.instant(),
      at: (deadline, run) => of.at(deadline, () => this.#measured(run)),
    };
  }

  /** A line of which all that comes is measured. */
  duplex(of: Duplex): Duplex {
    return {
      remote: of.remote,
      get bufferedOctets() {
        return of.bufferedOctets;
      },
      send: (octets) => of.send(octets),
      end: () => of.end(),
      destroy: () => of.destroy(),
      start: (handlers) => of.start(this.#handlers(handlers)),
    };
  }

  #handlers(of: DuplexHandlers): DuplexHandlers {
    return {
      received: (octets) => this.#measured(() => of.received(octets)),
      ended: () => this.#measured(() => of.ended?.()),
      drained: () => this.#measured(() => of.drained?.()),
      closed: (fault) => this.#measured(() => of.closed(fault)),
    };
  }

  #measured(run: () => void): void {
    if (this.#running) {
      run();
      return;
    }
    this.#running = true;
    const began = instant();
    try {
      run();
    } finally {
      // A tick that is asked for in a microtask comes after all microtasks.
      queueMicrotask(() =>
        process.nextTick(() => {
          this.#running = false;
          this.#all.push(stretchSince(began));
        }),
      );
    }
  }
}
