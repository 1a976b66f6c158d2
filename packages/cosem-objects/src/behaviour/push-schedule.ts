import type { TimeWindow } from "../classes/common-types.ts";
import type { LocalTime } from "../time/local-time.ts";
import { isWindowOpen, nextWindowEdge } from "./time-window.ts";

/** Versions 0 and 1: a constant delay. Versions 2 and 3: from a minimum to a maximum, seconds; the exponent in hundredths. */
export type RepetitionDelay =
  | number
  | {
      readonly repetitionDelayMin: number;
      readonly repetitionDelayExponent: number;
      readonly repetitionDelayMax: number;
    };

/** The delay after a failure before repetition `k` (1, 2, …), ms. */
export function delayOf(delay: RepetitionDelay, k: number): number {
  if (typeof delay === "number") return delay * 1000;
  const { repetitionDelayMin: least, repetitionDelayExponent: exponent, repetitionDelayMax: most } = delay;
  return Math.min(most, least * (exponent / 100) ** (k - 1)) * 1000;
}

// The maximum number of consecutive window edges to examine at which no window opens.
const mostEdges = 1000;

/** The first instant, `at` or later, at which a push may be sent: `at` itself without windows; undefined: never. */
export function openFrom(windows: readonly TimeWindow[], local: LocalTime, at: number): number | undefined {
  if (windows.length === 0 || isWindowOpen(windows, local, at)) return at;
  let edge: number | undefined = at;
  for (let count = 0; count < mostEdges; count++) {
    edge = nextWindowEdge(windows, local, edge);
    if (edge === undefined || isWindowOpen(windows, local, edge)) return edge;
  }
  return undefined;
}

/** Data for the start of a series: instants of the meter's clock. */
export interface SeriesStart {
  readonly windows: readonly TimeWindow[];
  readonly trigger: number;
  /** The delay, ms, that is added to the first instant at which a window is open. */
  readonly random: number;
  /** Whether they are also added if a window is already open when the push is triggered. */
  readonly always: boolean;
}

/** The first instant after `after` at which the series may start; undefined: no window ever opens. */
export function startOf(
  { windows, trigger, random, always }: SeriesStart,
  local: LocalTime,
  after: number,
): number | undefined {
  const open = openFrom(windows, local, trigger);
  if (open === undefined) return undefined;
  const start = Math.ceil(open + (always || open > trigger ? random : 0));
  // The instant has passed (no power, a clock setting, a changed window): start as soon as possible.
  return start > after ? start : openFrom(windows, local, Math.floor(after) + 1);
}

/**
 * The random part of a start, 0 to 1. It is computed from the meter's own key and the instant of the trigger, so that it is the same in any
 * process and differs between meters and between triggers.
 */
export function drawOf(key: string, trigger: number): number {
  let hash = 0x811c9dc5;
  for (const char of `${key} ${trigger}`) hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193);
  // FNV-1a hardly mixes the last octets into the high bits: keys that differ only at the end would give similar numbers.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash = (hash ^ (hash >>> 16)) >>> 0;
  return hash / (2 ** 32 - 1);
}
