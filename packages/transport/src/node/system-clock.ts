import type { Clock, WallClock } from "../clock.ts";

// Node runs a timer with a longer delay at once: a longer delay is divided into several timers.
const longestDelay = 0x7fffffff;

/** The machine's clocks: `now` and `at` are monotonic, `instant` is the time of day. A timer keeps the process running. */
export const systemClock: Clock & WallClock = {
  now: () => performance.now(),
  instant: () => Date.now(),
  at(deadline, run) {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (): void => {
      const left = deadline - performance.now();
      // A timer may fire a fraction of a millisecond early; `run` must not be called early.
      timer = setTimeout(
        () => (deadline > performance.now() ? wait() : run()),
        Math.min(Math.max(Math.ceil(left), 0), longestDelay),
      );
    };
    wait();
    return () => clearTimeout(timer);
  },
};
