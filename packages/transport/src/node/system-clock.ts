import type { Clock, WallClock } from "../clock.ts";

// A longer delay runs at once instead of late: it is made of several.
const longestDelay = 0x7fffffff;

/** The machine's clocks: `now` and `at` are monotonic, `instant` is the time of day. A timer keeps the process running. */
export const systemClock: Clock & WallClock = {
  now: () => performance.now(),
  instant: () => Date.now(),
  at(deadline, run) {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (): void => {
      const left = deadline - performance.now();
      // A timer may fire a part of a millisecond early; `run` may not.
      timer = setTimeout(
        () => (deadline > performance.now() ? wait() : run()),
        Math.min(Math.max(Math.ceil(left), 0), longestDelay),
      );
    };
    wait();
    return () => clearTimeout(timer);
  },
};
