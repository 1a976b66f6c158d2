import { Fault } from "@dlmskit/core";
import { between, bits, type RandomKey, Stream, uniform } from "./random.ts";

export const powerQualityTypes = [
  "VOLTAGE_SAG",
  "VOLTAGE_SWELL",
  "INTERRUPTION",
  "FREQUENCY_VARIATION",
  "VOLTAGE_UNBALANCE",
  "HARMONIC_DISTORTION",
] as const;
export type PowerQualityType = (typeof powerQualityTypes)[number];

/**
 * One row of `power_quality_events_config`: how often (chance a day, 0 to 1), how long (s) and how strong.
 * Magnitude: sag and swell, per cent of nominal voltage that is left or reached; frequency variation, Hz off nominal;
 * unbalance and harmonics, per cent; of no use for an interruption.
 */
export interface PowerQualityRow {
  readonly eventType: PowerQualityType;
  readonly probability: number;
  readonly minDuration: number;
  readonly maxDuration: number;
  readonly minMagnitude: number;
  readonly maxMagnitude: number;
  readonly affectedPhases: readonly string[];
}

/** What happened: from `start` to before `end`, ms since 1970-01-01T00:00Z. */
export interface PowerQualityEvent {
  readonly type: PowerQualityType;
  readonly start: number;
  readonly end: number;
  readonly magnitude: number;
  readonly phases: readonly string[];
}

const dayLength = 86_400_000;

function wrong(row: PowerQualityRow, what: string): Fault {
  return new Fault("bad-power-quality", `power-quality row ${row.eventType}: ${what}`, { layer: "simulator" });
}

/** Fault `bad-power-quality` that names the column, unless the row can be used. */
export function checkPowerQuality(row: PowerQualityRow): void {
  if (!powerQualityTypes.includes(row.eventType)) throw wrong(row, "event_type is unknown");
  if (!(row.probability >= 0 && row.probability <= 1)) throw wrong(row, `probability ${row.probability} is not 0 to 1`);
  if (!(row.minDuration >= 1 && row.maxDuration >= row.minDuration && row.maxDuration <= 7 * 86_400)) {
    throw wrong(row, `duration ${row.minDuration} to ${row.maxDuration} s is not a range within 1 s and 7 days`);
  }
  if (!(row.maxMagnitude >= row.minMagnitude)) {
    throw wrong(row, `magnitude ${row.minMagnitude} to ${row.maxMagnitude} is not a range`);
  }
}

/** Where the events of one meter are asked for. */
export interface EventSource {
  /** All events that touch [from, to), oldest first. */
  events(from: number, to: number): PowerQualityEvent[];
  /** The interruptions that touch [from, to), as parts that do not overlap, cut to the range. */
  outages(from: number, to: number): { start: number; end: number }[];
}

/** The events of a meter: on each local day, each row comes true with its probability, at a time of its own. */
export function eventSource(
  rows: readonly PowerQualityRow[],
  key: RandomKey,
  zoneMs: number,
  since: number,
): EventSource {
  for (const row of rows) checkPowerQuality(row);
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
      const magnitude = Math.round(between(key, stream + 3, day, row.minMagnitude, row.maxMagnitude) * 1000) / 1000;
      if (start < since) return;
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
