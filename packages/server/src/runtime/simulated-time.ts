import { Fault } from "@dlmskit/core";

export interface SimulatedTimeOptions {
  /** What it runs on, ms: `() => clock.now()` of a machine's clock, or its time of day (`() => clock.instant()`). */
  readonly source: () => number;
  /** The time of day at the beginning, ms since 1970-01-01T00:00Z; what `source` says by default. */
  readonly start?: number;
  /** How many times faster than `source` it passes; 1 by default, 0 stands still. */
  readonly rate?: number;
}

/** Somebody who acts in time, and must hear when time does something else than pass. */
export interface TimeListener {
  /** The rate changed, or the time of day was set from `before` to `now`. */
  timeChanged(before: number, now: number): void;
  /** Resolves when all that is due by now is done. */
  settled(): Promise<void>;
}

/**
 * The time of day that meters live in, apart from the machine's clock that links and timeouts run on. It starts where it is
 * told, passes faster or slower, stands still, and can be moved. What is due in between runs at its own instant.
 */
export class SimulatedTime {
  readonly #source: () => number;
  readonly #listeners = new Set<TimeListener>();
  #from: number;
  #began: number;
  #rate: number;

  /** Fault `bad-value`: the rate is negative or not a number, or the start is none. */
  constructor({ source, start, rate = 1 }: SimulatedTimeOptions) {
    this.#source = source;
    this.#began = source();
    this.#from = checkedInstant(start ?? this.#began);
    this.#rate = checkedRate(rate);
  }

  /** ms since 1970-01-01T00:00Z. */
  get now(): number {
    return this.#from + (this.#source() - this.#began) * this.#rate;
  }

  get rate(): number {
    return this.#rate;
  }

  /** From now on time passes so many times faster than its source; 0 stands still. Fault `bad-value`. */
  setRate(rate: number): void {
    checkedRate(rate);
    const now = this.now;
    this.#from = now;
    this.#began = this.#source();
    this.#rate = rate;
    this.#tell(now, now);
  }

  /**
   * The time of day is `instant` from now on. What was due in between is caught up with, by the rule of each class; after a
   * step back, meters go on from there. Fault `bad-value`.
   */
  set(instant: number): void {
    checkedInstant(instant);
    const before = this.now;
    this.#from = instant;
    this.#began = this.#source();
    this.#tell(before, instant);
  }

  /** Goes forward to an instant; resolves when everything that was due until then has been done. Fault `bad-value`: it is past. */
  async step(instant: number): Promise<void> {
    if (!(checkedInstant(instant) >= this.now)) {
      throw new Fault("bad-value", "time can only step forward", {
        layer: "server",
        hint: "use `set` to move it back",
      });
    }
    this.set(instant);
    await Promise.all([...this.#listeners].map((listener) => listener.settled()));
  }

  /** ms of the source until that instant; Infinity while time stands still. */
  until(instant: number): number {
    const left = instant - this.now;
    if (left <= 0) return 0;
    return this.#rate > 0 ? left / this.#rate : Number.POSITIVE_INFINITY;
  }

  /** Tells `listener` when time is moved; gives what ends that. */
  listen(listener: TimeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(before: number, now: number): void {
    for (const listener of this.#listeners) listener.timeChanged(before, now);
  }
}

function checkedRate(rate: number): number {
  if (rate >= 0 && Number.isFinite(rate)) return rate;
  throw new Fault("bad-value", `time cannot run at ${rate} times its speed`, {
    layer: "server",
    hint: "give 0 or more",
  });
}

function checkedInstant(instant: number): number {
  if (Number.isFinite(instant)) return instant;
  throw new Fault("bad-value", `${instant} is not an instant`, {
    layer: "server",
    hint: "give ms since 1970-01-01T00:00Z",
  });
}
