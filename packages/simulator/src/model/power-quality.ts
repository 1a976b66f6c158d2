import { checkRow, PowerQualityEventConfig } from "@dlmskit/storage";
import { between, bits, type RandomKey, Stream, uniform } from "./random.ts";

/** What happened: from `start` to before `end`, ms since 1970-01-01T00:00Z. */
export interface PowerQualityEvent {
  readonly type: PowerQualityEventConfig["eventType"];
  readonly start: number;
  readonly end: number;
  /** Per cent of the nominal value; 100 where the row has none. */
  readonly magnitude: number;
  readonly phases: readonly string[];
}

const dayLength = 86_400_000;

/** Where the events of one meter are asked for. */
export interface EventSource {
  /** All events that touch [from, to), oldest first. */
  events(from: number, to: number): PowerQualityEvent[];
  /** The interruptions that touch [from, to), as parts that do not overlap, cut to the range. */
  outages(from: number, to: number): { start: number; end: number }[];
}

/** The events of a meter: on each local day, each row comes true with its probability, at a time of its own. */
export function eventSource(
  rows: readonly PowerQualityEventConfig[],
  key: RandomKey,
  zoneMs: number,
  since: number,
): EventSource {
  for (const row of rows) checkRow(PowerQualityEventConfig, row);
  const longest = rows.reduce((most, row) => Math.max(most, row.maxDuration), 0);
  const reach = Math.ceil(longest / 86_400);
  const ofDay = new Map<number, PowerQualityEvent[]>();

  function startingOn(day: number): PowerQualityEvent[] {
    const known = ofDay.get(day);
    if (known !== undefined) return known;
    const found: PowerQualityEvent[] = [];
    rows.forEach((row, at) => {
      const stream = Stream.events + at * 4;
      if (uniform(key, stream, day) >= row.probability) return;
      const start = day * dayLength - zoneMs + (bits(key, stream + 1, day) % 86_400) * 1000;
      const seconds = Math.round(between(key, stream + 2, day, row.minDuration, row.maxDuration));
      const { minMagnitude: low = row.maxMagnitude ?? 100, maxMagnitude: high = low } = row;
      const magnitude = Math.round(between(key, stream + 3, day, low, high) * 1000) / 1000;
      if (start < since || seconds === 0) return;
      found.push({ type: row.eventType, start, end: start + seconds * 1000, magnitude, phases: row.affectedPhases });
    });
    if (ofDay.size >= 64) ofDay.clear();
    ofDay.set(day, found);
    return found;
  }

  function events(from: number, to: number): PowerQualityEvent[] {
    const found: PowerQualityEvent[] = [];
    if (rows.length === 0 || to <= from) return found;
    const first = Math.floor((from + zoneMs) / dayLength) - reach;
    const last = Math.floor((to - 1 + zoneMs) / dayLength);
    for (let day = first; day <= last; day++) {
      for (const event of startingOn(day)) if (event.start < to && event.end > from) found.push(event);
    }
    return found.sort((one, other) => one.start - other.start);
  }

  return {
    events,
    outages(from, to) {
      const parts: { start: number; end: number }[] = [];
      for (const event of events(from, to)) {
        if (event.type !== "INTERRUPTION") continue;
        const start = Math.max(event.start, from);
        const end = Math.min(event.end, to);
        const last = parts.at(-1);
        if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
        else parts.push({ start, end });
      }
      return parts;
    },
  };
}

/** How much of [from, to) the parts leave over, ms. The parts do not overlap. */
export function timeBeside(parts: readonly { start: number; end: number }[], from: number, to: number): number {
  let left = Math.max(0, to - from);
  for (const part of parts) left -= Math.max(0, Math.min(part.end, to) - Math.max(part.start, from));
  return left;
}
