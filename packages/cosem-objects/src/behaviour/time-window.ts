import type { TimeWindow } from "../classes/common-types.ts";
import type { LocalTime } from "../time/local-time.ts";
import { isOff } from "../time/pattern.ts";

/**
 * Whether one of the windows is open at an instant: its latest start is later than its latest end. The start belongs to the window, the end
 * does not. A field that is not specified matches every value; a window whose start has no specified field never opens. Without windows:
 * false.
 */
export function isWindowOpen(windows: readonly TimeWindow[], local: LocalTime, now: number): boolean {
  return windows.some(({ startTime, endTime }) => {
    const start = isOff(startTime) ? undefined : local.last(startTime, startTime, now);
    if (start === undefined) return false;
    const end = isOff(endTime) ? undefined : local.last(endTime, endTime, now);
    return end === undefined || start > end;
  });
}

/** The first instant after `after` at which a window starts or ends; undefined: never. */
export function nextWindowEdge(windows: readonly TimeWindow[], local: LocalTime, after: number): number | undefined {
  let first: number | undefined;
  for (const edge of windows.flatMap(({ startTime, endTime }) => [startTime, endTime])) {
    const at = isOff(edge) ? undefined : local.next(edge, edge, after);
    if (at !== undefined && (first === undefined || at < first)) first = at;
  }
  return first;
}
