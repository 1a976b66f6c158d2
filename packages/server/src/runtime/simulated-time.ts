import { Fault } from "@dlmskit/core";

export interface SimulatedTimeOptions {
  /** The time source, ms: `() => clock.now()` of a machine's clock, or its time of day (`() => clock.instant()`). */
  readonly source: () => number;
  /** The time of day at the start, ms since 1970-01-01T00:00Z; the value of `source` by default. */
  readonly start?: number;
  /** The speed relative to `source`; 1 by default; 0: the time stands still. */
  readonly rate?: number;
}

/** A listener that is informed when the time is set or its rate changes. */
export interface TimeListener {
  /** Called when the rate changed, or the time of day was set from `before` to `now`. */
  timeChanged(before: number, now: number): void;
  /** Resolves when all actions that are due by now are done. */
  settled(): Promise<void>;
}

/**
 * The time of day of the meters. It is separate from the machine's clock, which links and timeouts use. It starts at a given time,
 * can run faster or slower, stand still, and be set. Actions that are due in between run at their own times.
 */
export class SimulatedTime {
  readonly #source: () => number;
  readonly #listeners = new Set<TimeListener>();
  #from: number;
  #began: number;
  #rate: number;

  /** Fault `bad-value`: the rate is negative or not a number, or the start is not a number. */
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

  /** Sets the speed relative to the source; 0: the time stands still. Fault `bad-value`. */
  setRate(rate: number): void {
    checkedRate(rate);
    const now = this.now;
    this.#from = now;
    this.#began = this.#source();
    this.#rate = rate;
    this.#tell(now, now);
  }

  /**
   * Sets the time of day to `instant`. Actions that were due in between are caught up by the rule of each class. After a step back,
   * meters continue from the new time. Fault `bad-value`.
   */
  set(instant: number): void {
    checkedInstant(instant);
    const before = this.now;
    this.#from = instant;
    this.#began = this.#source();
    this.#tell(before, instant);
  }

  /** Steps forward to `instant`. Resolves when all actions due until then are done. Fault `bad-value`: `instant` is in the past. */
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

  /** Time of the source until `instant`, ms; Infinity while the time stands still. */
  until(instant: number): number {
    const left = instant - this.now;
    if (left <= 0) return 0;
    return this.#rate > 0 ? left / this.#rate : Number.POSITIVE_INFINITY;
  }

  /** Adds a listener. Returns the function that removes it. */
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
