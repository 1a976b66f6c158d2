import type { Model } from "../model/model.ts";
import { type PowerQualityEvent, reaches } from "../model/power-quality.ts";

/** A time span, from `start` (included) to `end` (excluded), ms since 1970 UTC. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An entry of a log that follows from the model. `code` is the event number in the template. */
export interface HistoryEntry {
  readonly at: number;
  readonly code: number;
  /** Whether the event began; false: it ended. */
  readonly occurrence: boolean;
  /** Number of occurrences in this log up to this entry, including this entry. */
  readonly occurrences: number;
}

/** The events of the model that a log shows, and their event numbers. */
export interface HistoryKind {
  readonly type: ReturnType<Model["events"]>[number]["type"];
  readonly occurrence: number;
  readonly restoration: number;
  /** Only events that reach this phase, 1 to 3. */
  readonly phase?: number | undefined;
  /** Only interruptions of the whole meter, or only those that leave supply on another phase. Any by default. */
  readonly of?: "meter" | "phase" | undefined;
}

/** Whether a log shows an event of the model. */
function shows({ type, phase = 0, of }: HistoryKind, event: PowerQualityEvent, model: Model): boolean {
  if (event.type !== type || !reaches(event.phases, phase)) return false;
  // An outage without an end leaves no phase with supply.
  const isOfMeter = (): boolean =>
    event.end === Number.POSITIVE_INFINITY || model.interruptedMs(event.start, event.end) > 0;
  return of === undefined || isOfMeter() === (of === "meter");
}

const dayLength = 86_400_000;

/** One log of the events of the supply since commissioning. Events of the same kind that overlap are one event. */
export class EventHistory {
  readonly #model: Model;
  readonly #since: number;
  readonly #kinds: readonly HistoryKind[];
  #entries: readonly HistoryEntry[] = [];
  /** All entries up to this instant are known. */
  #horizon = Number.NEGATIVE_INFINITY;

  constructor(model: Model, since: number, kinds: readonly HistoryKind[]) {
    this.#model = model;
    this.#since = since;
    this.#kinds = kinds;
  }

  /** All entries up to an instant, and possibly some later ones. `countAt` returns the number of entries up to an instant. */
  at(now: number): readonly HistoryEntry[] {
    if (now > this.#horizon) {
      this.#horizon = this.#model.startOfDay(now) + 2 * dayLength;
      this.#entries = this.#build(this.#horizon);
    }
    return this.#entries;
  }

  /** Number of entries up to and including an instant. */
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

  /** Number of events that began up to an instant. */
  occurrencesAt(instant: number): number {
    const count = this.countAt(instant);
    return count === 0 ? 0 : (this.#entries[count - 1] as HistoryEntry).occurrences;
  }

  #build(until: number): readonly HistoryEntry[] {
    const events = this.#model.events(this.#since, until);
    const lines: { at: number; code: number; occurrence: boolean }[] = [];
    for (const kind of this.#kinds) {
      const { occurrence, restoration } = kind;
      for (const { start, end } of merged(events.filter((event) => shows(kind, event, this.#model)))) {
        lines.push({ at: start, code: occurrence, occurrence: true });
        if (end <= until) lines.push({ at: end, code: restoration, occurrence: false });
      }
    }
    lines.sort((one, other) => one.at - other.at);
    let occurrences = 0;
    return lines.map((line) => ({ ...line, occurrences: line.occurrence ? ++occurrences : occurrences }));
  }
}

/** Spans in order of their start. Spans that touch are joined. */
export function merged(spans: readonly Span[]): Span[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of [...spans].sort((one, other) => one.start - other.start)) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ start, end });
  }
  return joined;
}
