import type { Timeline } from "./profiles.ts";
import type { Readings } from "./readings.ts";

/** The timeline of a profile with these entries at most. */
export type TimelineOf = (entries: number) => Timeline;

interface Found {
  readonly last: number;
  readonly timeline: Timeline;
}

const found = new WeakMap<Readings, WeakMap<object, Found>>();

/**
 * The timeline of a profile that captures nothing while the meter has no supply: the instants without supply are left out, and older rows
 * take their places. `profile`: any object that stands for the profile.
 */
export function poweredTimeline(
  timelineOf: TimelineOf,
  entries: number,
  readings: Readings,
  profile: object,
): Timeline {
  const whole = timelineOf(entries);
  const known = found.get(readings) ?? new WeakMap<object, Found>();
  found.set(readings, known);
  const before = known.get(profile);
  if (before?.last === whole.last) return before.timeline;
  const timeline = powered(timelineOf, entries, readings);
  known.set(profile, { last: whole.last, timeline });
  return timeline;
}

function powered(timelineOf: TimelineOf, entries: number, readings: Readings): Timeline {
  let more = 0;
  for (;;) {
    const whole = timelineOf(entries + more);
    const gaps = instantsWithoutSupply(whole, readings);
    const lacking = entries - (whole.last - whole.first + 1 - gaps.length);
    // There is nothing older, or there are enough rows.
    if (lacking <= 0 || whole.first > whole.last - entries - more + 1) return without(whole, gaps);
    more += lacking;
  }
}

/** The numbers of the instants of a timeline at which the meter has no supply, in order. */
function instantsWithoutSupply({ first, last, at, upTo }: Timeline, readings: Readings): readonly number[] {
  if (first > last) return [];
  const gaps = new Set<number>();
  for (const { type, start, end } of readings.model.events(at(first), at(last) + 1)) {
    if (type !== "INTERRUPTION") continue;
    const until = Math.min(last, upTo(end - 1));
    for (let n = Math.max(first, upTo(start - 1) + 1); n <= until; n++) {
      // Another phase may have supply.
      if (readings.model.instantaneous(at(n)).voltage === 0) gaps.add(n);
    }
  }
  return [...gaps].sort((one, other) => one - other);
}

/** A timeline without some of its instants. Those after a gap have lower numbers than before. */
function without(whole: Timeline, gaps: readonly number[]): Timeline {
  if (gaps.length === 0) return whole;
  const { first, last, at, upTo } = whole;
  const upToNumber = (n: number): number => gaps.filter((gap) => gap <= n).length;
  return {
    first,
    last: last - gaps.length,
    at: (m) => at(m + gaps.filter((gap, index) => gap - index <= m).length),
    upTo(instant) {
      const n = Math.min(upTo(instant), last);
      return n - upToNumber(n);
    },
  };
}
