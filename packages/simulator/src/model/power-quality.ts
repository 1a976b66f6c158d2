import { checkRow, PowerQualityEventConfig } from "@dlmskit/storage";
import { daySeconds, spanDays, spanMs, spanSeconds, spansKnown } from "./grid.ts";
import { bits, draw, type RandomKey, Stream, unit } from "./random.ts";

/** An event: from `start` (included) to `end` (excluded), ms since 1970-01-01T00:00Z. */
export interface PowerQualityEvent {
  readonly type: PowerQualityEventConfig["eventType"];
  readonly start: number;
  readonly end: number;
  /** Per cent of the nominal value; 100 if the row has no magnitude. */
  readonly magnitude: number;
  readonly phases: readonly string[];
}

/** The owner of the events. Events that would have begun before `commissioned` did not happen. */
export interface EventOwner {
  readonly key: RandomKey;
  readonly commissioned: number;
}

interface PreparedRow {
  readonly row: PowerQualityEventConfig;
  readonly stream: number;
  /** The probability that at most n days pass without the row, multiplied by 2^32. The last value is greater than all random numbers. */
  readonly within: Float64Array;
  /** The minimum number of days that pass, by the upper 8 of 32 random bits. */
  readonly guess: Uint8Array;
  /** The maximum number of days that an event lasts after the day on which it began. */
  readonly reach: number;
}

/**
 * Interruptions of one span, in order and without overlap, in seconds from the beginning of the span. The object is filled again for each
 * span.
 */
export class Interruptions {
  count = 0;
  starts = new Int32Array(16);
  ends = new Int32Array(16);
  /** The weight that each interruption removes from the divided energy. It is set by the code that divides the energy. */
  weights = new Float64Array(16);

  /** Inserts an interruption in the order of the starts. */
  insert(start: number, end: number): void {
    if (this.count === this.starts.length) {
      const [starts, ends] = [this.starts, this.ends];
      this.starts = new Int32Array(starts.length * 2);
      this.ends = new Int32Array(ends.length * 2);
      this.starts.set(starts);
      this.ends.set(ends);
      this.weights = new Float64Array(starts.length * 2);
    }
    let at = this.count++;
    for (; at > 0 && (this.starts[at - 1] as number) > start; at--) {
      this.starts[at] = this.starts[at - 1] as number;
      this.ends[at] = this.ends[at - 1] as number;
    }
    this.starts[at] = start;
    this.ends[at] = end;
  }

  /** Joins interruptions that touch each other. */
  join(): void {
    let last = -1;
    for (let at = 0; at < this.count; at++) {
      const [start, end] = [this.starts[at] as number, this.ends[at] as number];
      if (last >= 0 && start <= (this.ends[last] as number)) {
        if (end > (this.ends[last] as number)) this.ends[last] = end;
      } else {
        last++;
        this.starts[last] = start;
        this.ends[last] = end;
      }
    }
    this.count = last + 1;
  }

  /** The number of interrupted seconds in [from, to), with fractions. */
  within(from: number, to: number): number {
    let sum = 0;
    for (let at = 0; at < this.count; at++) {
      const start = this.starts[at] as number;
      if (start >= to) break;
      const end = this.ends[at] as number;
      if (end > from) sum += Math.min(end, to) - Math.max(start, from);
    }
    return sum;
  }
}

// The number of days from one event of a row to the next is drawn, in place of one draw per day. Therefore a span of 64 days needs one draw
// for each of its events and one more. The distribution is the same: each day has the probability of the row, independently of other days.
function gaps(probability: number): Pick<PreparedRow, "within" | "guess"> {
  let none = 1;
  const within = Float64Array.from({ length: spanDays + 1 }, (_, days) => {
    none *= 1 - probability;
    return days === spanDays ? Number.POSITIVE_INFINITY : (1 - none) * 0x100000000;
  });
  const guess = Uint8Array.from({ length: 256 }, (_, upper) => within.findIndex((most) => upper * 0x1000000 < most));
  return { within, guess };
}

/** The events of all meters with the same rows and zone. On each local day each row happens with its probability. */
export class PowerQuality {
  readonly #zoneMs: number;
  readonly #rows: readonly PreparedRow[];
  readonly #interruptions: readonly PreparedRow[];
  readonly #days = new Int32Array(spanDays);
  readonly #counted = new Interruptions();
  // The events of the span that was requested last.
  #owner: EventOwner | undefined;
  #span = -1;
  #found: readonly FoundEvent[] = [];

  /** Fault `bad-value` if a row cannot be used. */
  constructor(rows: readonly PowerQualityEventConfig[], zoneMs: number) {
    for (const row of rows) checkRow(PowerQualityEventConfig, row);
    this.#zoneMs = zoneMs;
    this.#rows = rows
      .map((row, at) => ({
        row,
        stream: Stream.events + at,
        ...gaps(row.probability),
        reach: Math.ceil(row.maxDuration / daySeconds),
      }))
      .filter(({ row }) => row.probability > 0 && row.maxDuration > 0);
    this.#interruptions = this.#rows.filter(({ row }) => row.eventType === "INTERRUPTION");
  }

  /** Writes the days of a span, from `lowest` on, on which a row happens into `#days`, the last day first. Returns their number. */
  #happens({ within, guess }: PreparedRow, seed: number, lowest: number): number {
    let count = 0;
    for (let day = spanDays - 1; ; day--) {
      const drawn = draw(seed, count) >>> 0;
      let gap = guess[drawn >>> 24] as number;
      while (drawn >= (within[gap] as number)) gap++;
      day -= gap;
      if (day < lowest) return count;
      this.#days[count++] = day;
    }
  }

  /** The random bits of the event of a day. */
  #event(seed: number, day: number): number {
    return draw(seed, 2 * spanDays + day);
  }
  /** The local second of the day at which the event begins. */
  #start(event: number): number {
    return Math.floor(unit(event) * daySeconds);
  }
  /** The duration of the event in seconds. */
  #length({ minDuration, maxDuration }: PowerQualityEventConfig, event: number): number {
    return Math.round(minDuration + (maxDuration - minDuration) * unit(Math.imul(event, 0x2545f491)));
  }

  /** Fills `into` with the interruptions of a span, limited to the span. */
  interruptions(owner: EventOwner, span: number, into: Interruptions): void {
    into.count = 0;
    for (const prepared of this.#interruptions) {
      const { row, stream, reach } = prepared;
      for (let from = Math.max(0, span - 1); from <= span; from++) {
        const seed = bits(owner.key, stream, from);
        // The last day comes first. The loop runs backwards, so each interruption is inserted at the end.
        for (let at = this.#happens(prepared, seed, from === span ? 0 : spanDays - reach) - 1; at >= 0; at--) {
          const day = this.#days[at] as number;
          const event = this.#event(seed, day);
          const start = (from - span) * spanSeconds + day * daySeconds + this.#start(event);
          const end = start + this.#length(row, event);
          if (end <= 0 || end === start) continue;
          if ((span * spanSeconds + start) * 1000 - this.#zoneMs < owner.commissioned) continue;
          into.insert(Math.max(start, 0), Math.min(end, spanSeconds));
        }
      }
    }
    if (into.count > 1) into.join();
  }

  /** The interrupted time in [from, to), ms; both from 1970-01-01 local time on. */
  interruptedMs(owner: EventOwner, from: number, to: number): number {
    if (this.#interruptions.length === 0) return 0;
    const [start, end] = [from + this.#zoneMs, to + this.#zoneMs];
    let seconds = 0;
    for (let span = Math.floor(start / spanMs); span * spanMs < end; span++) {
      this.interruptions(owner, span, this.#counted);
      seconds += this.#counted.within(start / 1000 - span * spanSeconds, end / 1000 - span * spanSeconds);
    }
    return Math.round(seconds * 1000);
  }

  /** All events that overlap [from, to), ms, the earliest first. */
  events(owner: EventOwner, from: number, to: number): PowerQualityEvent[] {
    const found: PowerQualityEvent[] = [];
    if (this.#rows.length === 0 || !(to > from)) return found;
    const first = Math.max(0, Math.floor((Math.max(from, owner.commissioned) + this.#zoneMs) / spanMs));
    const last = Math.min(spansKnown - 1, Math.floor((to - 1 + this.#zoneMs) / spanMs));
    for (let span = first; span <= last; span++) {
      if (this.#owner !== owner || this.#span !== span) this.#find(owner, span);
      const begin = span * spanMs - this.#zoneMs;
      for (const event of this.#found) {
        if (event.start >= to) break;
        // An event that began in the previous span is in both spans.
        if (event.end <= from || (event.start < begin && span !== first)) continue;
        event.whole ??= whole(event);
        found.push(event.whole);
      }
    }
    return found;
  }

  /** Keeps the events that overlap a span, the earliest first. The next request is usually for the same span. */
  #find(owner: EventOwner, span: number): void {
    this.#owner = owner;
    this.#span = span;
    const found: FoundEvent[] = [];
    const begin = span * spanMs - this.#zoneMs;
    for (const prepared of this.#rows) {
      const { row, stream, reach } = prepared;
      for (let from = Math.max(0, span - 1); from <= span; from++) {
        const seed = bits(owner.key, stream, from);
        for (let at = this.#happens(prepared, seed, from === span ? 0 : spanDays - reach) - 1; at >= 0; at--) {
          const day = this.#days[at] as number;
          const bitsOfEvent = this.#event(seed, day);
          const start = ((from - span) * spanSeconds + day * daySeconds + this.#start(bitsOfEvent)) * 1000 + begin;
          const end = start + this.#length(row, bitsOfEvent) * 1000;
          if (end <= begin || end === start || start < owner.commissioned) continue;
          found.push({ start, end, row, bits: bitsOfEvent, whole: undefined });
        }
      }
    }
    this.#found = found.sort((one, other) => one.start - other.start);
  }
}

/** An event of the span that was requested last. Its other values are computed on request. */
interface FoundEvent {
  readonly start: number;
  readonly end: number;
  readonly row: PowerQualityEventConfig;
  readonly bits: number;
  whole: PowerQualityEvent | undefined;
}

function whole({ start, end, row, bits: event }: FoundEvent): PowerQualityEvent {
  const { minMagnitude: low = row.maxMagnitude ?? 100, maxMagnitude: high = low } = row;
  const magnitude = Math.round((low + (high - low) * unit(draw(event, 0))) * 1000) / 1000;
  return { type: row.eventType, start, end, magnitude, phases: row.affectedPhases };
}
