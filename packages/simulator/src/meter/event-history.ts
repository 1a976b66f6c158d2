import type { Model } from "../model/model.ts";

/** A span of time, from `start` to before `end`, ms since 1970 UTC. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A line of a log that follows from the model: `code` as the template numbers it. */
export interface HistoryEntry {
  readonly at: number;
  readonly code: number;
  /** Whether something began; else it was over. */
  readonly occurrence: boolean;
  /** Occurrences in this log up to here, this one too. */
  readonly occurrences: number;
}

/** Which events of the model a log shows, and under which numbers. */
export interface HistoryKind {
  readonly type: ReturnType<Model["events"]>[number]["type"];
  readonly occurrence: number;
  readonly restoration: number;
}

const dayLength = 86_400_000;

/** One log of what the supply did since commissioning: events of a kind that overlap are one. */
export class EventHistory {
  readonly #model: Model;
  readonly #since: number;
  readonly #kinds: readonly HistoryKind[];
  #entries: readonly HistoryEntry[] = [];
  /** Up to here all is known. */
  #horizon = Number.NEGATIVE_INFINITY;

  constructor(model: Model, since: number, kinds: readonly HistoryKind[]) {
    this.#model = model;
    this.#since = since;
    this.#kinds = kinds;
  }

  /** All entries up to an instant, and perhaps some after it: `countAt` tells how many are over. */
  at(now: number): readonly HistoryEntry[] {
    if (now > this.#horizon) {
      this.#horizon = this.#model.startOfDay(now) + 2 * dayLength;
      this.#entries = this.#build(this.#horizon);
    }
    return this.#entries;
  }

  /** How many entries happened up to an instant, itself included. */
  countAt(instant: number, now = instant): number {
    const entries = this.at(Math.max(now, instant));
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((entries[middle] as HistoryEntry).at <= instant) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many things had begun up to an instant. */
  occurrencesAt(instant: number): number {
    const count = this.countAt(instant);
    return count === 0 ? 0 : (this.#entries[count - 1] as HistoryEntry).occurrences;
  }

  #build(until: number): readonly HistoryEntry[] {
    const events = this.#model.events(this.#since, until);
    const lines: { at: number; code: number; occurrence: boolean }[] = [];
    for (const { type, occurrence, restoration } of this.#kinds) {
      for (const { start, end } of merged(events.filter((event) => event.type === type))) {
        lines.push({ at: start, code: occurrence, occurrence: true });
        if (end <= until) lines.push({ at: end, code: restoration, occurrence: false });
      }
    }
    lines.sort((one, other) => one.at - other.at);
    let occurrences = 0;
    return lines.map((line) => ({ ...line, occurrences: line.occurrence ? ++occurrences : occurrences }));
  }
}

/** Spans in order of their start, joined where they meet. */
function merged(spans: readonly Span[]): Span[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of spans) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}
