import { checkRow, PowerQualityEventConfig } from "@dlmskit/storage";
import { Changes } from "./changes.ts";
import { spanMs, spanSeconds, spansKnown } from "./grid.ts";
import { type FaultPlace, faultPlaces, type PlaceKeys, partsOfFaults } from "./network.ts";
import { Occurrences } from "./occurrences.ts";
import { draw, type RandomKey, Stream, unit } from "./random.ts";

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
  /** The transformer and the feeder of the meter; without them, all events are its own. */
  readonly places: PlaceKeys | undefined;
  /** The phase whose interruptions count, 1 to 3; 0: those of any phase. */
  readonly line: number;
}

/** The events of a row at one place of the network. */
interface PreparedRow {
  readonly row: PowerQualityEventConfig;
  readonly place: FaultPlace;
  readonly occurrences: Occurrences;
}

interface RowsOfPlaces {
  readonly all: readonly PreparedRow[];
  readonly interruptions: readonly PreparedRow[];
}

/** Whether an event with these phases reaches a phase (1 to 3; 0 is any). An event without phases reaches all. */
export const reaches = (phases: readonly string[], phase: number): boolean =>
  phase === 0 || phases.length === 0 || phases.includes(`L${phase}`);

/** The events of all meters with the same rows and zone. On each local day each row happens with its probability. */
export class PowerQuality {
  readonly #zoneMs: number;
  /** For meters without a place in a network, and for those with one. */
  readonly #own: RowsOfPlaces;
  readonly #placed: RowsOfPlaces;
  readonly #counted = new Changes();
  // The events of the span that was requested last.
  #owner: EventOwner | undefined;
  #span = -1;
  /** Whether an event of the span before reaches into the span that `#beginningIn` looked at last. */
  #reached = false;
  #found: readonly FoundEvent[] = [];

  /** Fault `bad-value` if a row cannot be used. */
  constructor(rows: readonly PowerQualityEventConfig[], zoneMs: number) {
    for (const row of rows) checkRow(PowerQualityEventConfig, row);
    this.#zoneMs = zoneMs;
    const prepared = (part: (row: PowerQualityEventConfig, place: FaultPlace) => number): PreparedRow[] =>
      rows.flatMap((row, at) =>
        faultPlaces.flatMap((place) => {
          const probability = row.probability * part(row, place);
          if (!(probability > 0) || row.maxDuration <= 0) return [];
          return [{ row, place, occurrences: new Occurrences({ ...row, probability }, Stream.events + at) }];
        }),
      );
    const sorted = (all: readonly PreparedRow[]): RowsOfPlaces => ({
      all,
      interruptions: all.filter(({ row }) => row.eventType === "INTERRUPTION"),
    });
    this.#own = sorted(prepared((_, place) => (place === "meter" ? 1 : 0)));
    this.#placed = sorted(prepared(({ eventType }, place) => partsOfFaults[eventType][place]));
  }

  #rowsOf({ places }: EventOwner): RowsOfPlaces {
    return places === undefined ? this.#own : this.#placed;
  }

  /** Fills `into` with the interruptions of a span, limited to the span. */
  interruptions(owner: EventOwner, span: number, into: Changes): void {
    into.count = 0;
    for (const { row, place, occurrences } of this.#rowsOf(owner).interruptions) {
      if (owner.line !== 0 && !reaches(row.affectedPhases, owner.line)) continue;
      occurrences.find(keyOf(owner, place), span);
      const { count, starts, ends } = occurrences;
      for (let at = 0; at < count; at++) {
        const start = starts[at] as number;
        if ((span * spanSeconds + start) * 1000 - this.#zoneMs < owner.commissioned) continue;
        into.insert(Math.max(start, 0), Math.min(ends[at] as number, spanSeconds), 0);
      }
    }
    if (into.count > 1) into.join();
  }

  /** The time in [from, to) without supply at all, ms. `owners`: one for each phase of a meter. */
  interruptedMs(owners: readonly EventOwner[], from: number, to: number): number {
    const [start, end] = [from + this.#zoneMs, to + this.#zoneMs];
    let seconds = 0;
    for (let span = Math.floor(start / spanMs); span * spanMs < end; span++) {
      this.#withoutSupply(owners, span);
      seconds += this.#counted.within(start / 1000 - span * spanSeconds, end / 1000 - span * spanSeconds);
    }
    return Math.round(seconds * 1000);
  }

  /** Fills `#counted` with the times of a span in which no owner has supply. */
  #withoutSupply(owners: readonly EventOwner[], span: number): void {
    this.interruptions(owners[0] as EventOwner, span, this.#counted);
    for (const owner of owners.slice(1)) {
      if (this.#counted.count === 0) return;
      const other = new Changes();
      this.interruptions(owner, span, other);
      this.#counted.keepWithin(other);
    }
  }

  /**
   * All events that overlap [from, to), ms, the earliest first. Events of one kind that overlap or touch are one event: from the first
   * start to the last end, with the phases of all, and the magnitude that is farthest from the usual value. An event that reaches into the
   * next 64 days of the grid ends where an event of the same kind begins there, and that event lasts at least as long.
   */
  events(owner: EventOwner, from: number, to: number): PowerQualityEvent[] {
    const found: PowerQualityEvent[] = [];
    if (this.#own.all.length === 0 || !(to > from)) return found;
    const first = Math.max(0, Math.floor((Math.max(from, owner.commissioned) + this.#zoneMs) / spanMs));
    const last = Math.min(spansKnown - 1, Math.floor((to - 1 + this.#zoneMs) / spanMs));
    for (let span = first; span <= last; span++) {
      if (this.#owner !== owner || this.#span !== span) this.#find(owner, span);
      const begin = span * spanMs - this.#zoneMs;
      for (const event of this.#found) {
        if (event.start >= to) break;
        // An event that began in the previous span is in both spans.
        if (event.end <= from || (event.start < begin && span !== first)) continue;
        event.whole ??= wholeOf(event);
        found.push(event.whole);
      }
    }
    return found;
  }

  /** Keeps the events that overlap a span, the earliest first. The next request is usually for the same span. */
  #find(owner: EventOwner, span: number): void {
    this.#owner = owner;
    this.#span = span;
    const begin = span * spanMs - this.#zoneMs;
    const end = begin + spanMs;
    const now = this.#beginningIn(owner, span);
    const before = this.#reached ? this.#beginningIn(owner, span - 1).filter((event) => event.end > begin) : [];
    for (const event of before) endAtNext(event, now);
    const found = before.length === 0 ? now : merged([...before, ...now], begin);
    // Few events reach into the next span.
    if (found.some((event) => event.end > end)) {
      const next = this.#beginningIn(owner, span + 1);
      for (const event of found) if (event.end > end) endAtNext(event, next);
    }
    this.#found = found;
  }

  /** The events that begin in a span, merged, the earliest first. */
  #beginningIn(owner: EventOwner, span: number): FoundEvent[] {
    const found: FoundEvent[] = [];
    const begin = span * spanMs - this.#zoneMs;
    this.#reached = false;
    for (const { row, place, occurrences } of this.#rowsOf(owner).all) {
      occurrences.find(keyOf(owner, place), span);
      for (let at = 0; at < occurrences.count; at++) {
        const seconds = occurrences.starts[at] as number;
        const start = seconds * 1000 + begin;
        if (seconds < 0) this.#reached = true;
        if (seconds < 0 || start < owner.commissioned) continue;
        const end = (occurrences.ends[at] as number) * 1000 + begin;
        found.push({ start, end, row, drawn: occurrences.drawn[at] as number, joined: undefined, whole: undefined });
      }
    }
    return merged(found, Number.NEGATIVE_INFINITY);
  }
}

/** An event of a span. What few readers need is computed on request. */
interface FoundEvent {
  readonly start: number;
  end: number;
  readonly row: PowerQualityEventConfig;
  readonly drawn: number;
  /** The events that it was joined with. */
  joined: FoundEvent[] | undefined;
  whole: PowerQualityEvent | undefined;
}

function keyOf(owner: EventOwner, place: FaultPlace): RandomKey {
  return place === "meter" || owner.places === undefined ? owner.key : owner.places[place];
}

/** An event that reaches an event of the same kind of the next span ends there, and the other one lasts at least as long. */
function endAtNext(event: FoundEvent, next: readonly FoundEvent[]): void {
  const met = next.find(({ row, start }) => row.eventType === event.row.eventType && start <= event.end);
  if (met === undefined) return;
  met.end = Math.max(met.end, event.end);
  event.end = met.start;
}

function magnitudeOf({ row, drawn }: FoundEvent): number {
  const { minMagnitude: low = row.maxMagnitude ?? 100, maxMagnitude: high = low } = row;
  return Math.round((low + (high - low) * unit(draw(drawn, 0))) * 1000) / 1000;
}

/** How far a magnitude is from the usual value: 0 for unbalance and distortion, 100 per cent for the others. */
const severity = (type: PowerQualityEvent["type"], magnitude: number): number =>
  type === "VOLTAGE_UNBALANCE" || type === "HARMONIC_DISTORTION" ? magnitude : Math.abs(magnitude - 100);

function wholeOf(event: FoundEvent): PowerQualityEvent {
  const { start, end, row, joined } = event;
  const type = row.eventType;
  if (joined === undefined) return { type, start, end, magnitude: magnitudeOf(event), phases: row.affectedPhases };
  const all = [event, ...joined];
  const magnitudes = all.map(magnitudeOf);
  const magnitude = magnitudes.reduce((most, one) => (severity(type, one) > severity(type, most) ? one : most));
  // No phases are all phases.
  const phases = all.some((one) => one.row.affectedPhases.length === 0)
    ? []
    : [...new Set(all.flatMap((one) => one.row.affectedPhases))];
  return { type, start, end, magnitude, phases };
}

/** The events in order. Those of one kind that overlap or touch, and begin at `from` or later, are joined. */
function merged(events: FoundEvent[], from: number): FoundEvent[] {
  events.sort((one, other) => one.start - other.start);
  let overlapping = false;
  for (let at = 1; at < events.length && !overlapping; at++) {
    overlapping = (events[at] as FoundEvent).start <= (events[at - 1] as FoundEvent).end;
  }
  if (!overlapping) return events;
  const lasts = new Map<PowerQualityEvent["type"], FoundEvent>();
  return events.filter((event) => {
    const type = event.row.eventType;
    const last = lasts.get(type);
    if (event.start < from || last === undefined || last.start < from || event.start > last.end) {
      lasts.set(type, event);
      return true;
    }
    last.end = Math.max(last.end, event.end);
    last.joined = [...(last.joined ?? []), event, ...(event.joined ?? [])];
    return false;
  });
}
