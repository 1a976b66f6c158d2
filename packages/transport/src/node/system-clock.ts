import type { Clock, WallClock } from "../clock.ts";

// Node runs a timer with a longer delay at once: a longer delay is divided into several timers.
const longestDelay = 0x7fffffff;

// A timer that is later than this was kept by a busy process, ms.
const late = 50;

/**
 * The machine's clocks: `now` and `at` are monotonic, `instant` is the time of day. A timer keeps the process running. After the process
 * was busy, what has arrived in the meantime is received first and the deadline comes then: an answer that is there is not too late.
 */
export const systemClock: Clock & WallClock = {
  now: () => performance.now(),
  instant: () => Date.now(),
  at(deadline, run) {
    let timer: ReturnType<typeof setTimeout>;
    let behind: ReturnType<typeof setImmediate> | undefined;
    const due = (): void => {
      if (performance.now() - deadline < late) run();
      else behind = setImmediate(run);
    };
    const wait = (): void => {
      const left = deadline - performance.now();
      // A timer may fire a fraction of a millisecond early; `run` must not be called early.
      timer = setTimeout(
        () => (deadline > performance.now() ? wait() : due()),
        Math.min(Math.max(Math.ceil(left), 0), longestDelay),
      );
    };
    wait();
    return () => {
      clearTimeout(timer);
      clearImmediate(behind);
    };
  },
};
