import { openSync, readSync } from "node:fs";
import type { Clock, Duplex, DuplexHandlers, WallClock } from "@dlmskit/transport";

/** A time in which the event loop of this thread had no other turn. */
export interface Stretch {
  /** The start on the clock of this thread, ms. */
  readonly began: number;
  /** The duration by the clock, ms. It includes the time that other programs used. */
  readonly clock: number;
  /** The processor time of this thread, ms (Node 24; NaN before). Linux counts it in steps of up to 4 ms. */
  readonly thread: number;
}

/** The work of a server between two yields. */
export interface Work extends Stretch {
  /** How long this thread waited in this time for a processor that other threads used, ms (Linux; 0 on other systems). */
  readonly waited: number;
}

export interface Instant {
  readonly clock: number;
  readonly thread: number;
}

const octets = Buffer.alloc(64);
let schedstat: number | undefined;
try {
  schedstat = openSync("/proc/thread-self/schedstat", "r");
} catch {
  // Only Linux has this file.
}

/** How long this thread has waited for a processor since it started, ms. */
function waitedUntilNow(): number {
  if (schedstat === undefined) return 0;
  const text = octets.toString("latin1", 0, readSync(schedstat, octets, 0, octets.length, 0));
  return Number(text.split(" ")[1]) / 1e6;
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
 * Measures how long a server blocks the event loop each time it is called: by a connection that received something, or by a timer. A
 * stretch ends when the server returns to the loop; work that follows in promises is included.
 */
export class Stretches {
  #all: Work[] = [];
  #running = false;

  /** The stretches since the last call. */
  take(): readonly Work[] {
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

  /** A connection whose received data are measured. */
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
    const before = waitedUntilNow();
    const began = instant();
    try {
      run();
    } finally {
      // A tick that is requested in a microtask runs after all microtasks.
      queueMicrotask(() =>
        process.nextTick(() => {
          this.#running = false;
          const stretch = stretchSince(began);
          this.#all.push({ ...stretch, waited: waitedUntilNow() - before });
        }),
      );
    }
  }
}
