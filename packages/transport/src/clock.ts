/** Takes back a timer. It may be called again, and after the timer ran. */
export type Cancel = () => void;

/** Time for machines: monotonic, in ms from any origin. */
export interface Clock {
  now(): number;
  /**
   * Runs `run` once, when `now()` has reached `deadline` (ms of this clock) and never before `at` returned.
   * Timers whose deadlines are close may run in any order.
   */
  at(deadline: number, run: () => void): Cancel;
}

/** Time for people and registers. */
export interface WallClock {
  /** Ms since 1970-01-01T00:00Z. */
  instant(): number;
}
