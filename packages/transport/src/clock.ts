/** Cancels a timer. It may be called several times, and after the timer ran. */
export type Cancel = () => void;

/** Time for protocols: monotonic, in ms from any origin. */
export interface Clock {
  now(): number;
  /**
   * Runs `run` once, when `now()` has reached `deadline` (ms of this clock), and never before `at` has returned. Timers with nearly
   * equal deadlines may run in any order.
   */
  at(deadline: number, run: () => void): Cancel;
}

/** Time of day. */
export interface WallClock {
  /** Ms since 1970-01-01T00:00Z. */
  instant(): number;
}
