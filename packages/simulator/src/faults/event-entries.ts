import { Fault } from "@dlmskit/core";
import type { Meter, Timed } from "@dlmskit/server";
import type { Span } from "../fleet/addresses.ts";
import type { Condition } from "../meter/conditions.ts";
import { enterEvent } from "../meter/enter-event.ts";
import { SimulatedMeter } from "../meter/simulated-meter.ts";
import { LoopTurns } from "../simulate/loop-turns.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import { eventCodes } from "./event-codes.ts";
import { faultKind } from "./fault-kinds.ts";
import type { FaultSet } from "./fault-set.ts";
import type { FaultSpec } from "./faults-file.ts";

export interface EventEntriesOptions {
  readonly faults: FaultSet;
  readonly template: SimulatorTemplate;
  /** The meters that this process runs. */
  readonly span: Span;
  now(): number;
  /** When faults without a start begin that are on from the beginning, ms since 1970 UTC. */
  readonly start: number;
  /** The numbers of the latest events that a store has of a log of a meter, oldest first; absent: the store is new with this process. */
  readonly written?: (index: number, log: string) => Promise<readonly WrittenEvent[]>;
  using(index: number, run: (meter: Meter) => Promise<void>): Promise<void>;
  failed(index: number, error: unknown): void;
  /** The next due time has changed. */
  changed(): void;
}

interface WrittenEvent {
  readonly at: number;
  readonly code: number;
}

interface Entry {
  readonly at: number;
  readonly begins: boolean;
  readonly spec: FaultSpec;
}

/** Whether two specifications are of one fault. Both come from a faults file: their values are those of JSON. */
function isSame(one: FaultSpec, other: FaultSpec): boolean {
  const textOf = ({ fault, meters, parameters }: FaultSpec): string => JSON.stringify([fault, meters, parameters]);
  return textOf(one) === textOf(other);
}

const hasWindowOf = (one: FaultSpec, other: FaultSpec): boolean => one.start === other.start && one.end === other.end;

/** Enters the events of faults in the logs of meters: when a fault begins, and when it ends or is switched off. */
export class EventEntries implements Timed {
  readonly #options: EventEntriesOptions;
  #entries: Entry[] = [];
  /** The faults whose event has begun and not ended, by name, and those whose event has ended. */
  readonly #present = new Map<string, FaultSpec>();
  readonly #over = new Map<string, FaultSpec>();
  /** The faults that are there from the beginning, as long as nothing of them was entered and no fault was changed. */
  readonly #first: Set<string>;
  /** The faults by name, and since when they are as they are. Nothing is entered for a time before. */
  #known: ReadonlyMap<string, { readonly spec: FaultSpec; readonly since: number }>;

  constructor(options: EventEntriesOptions) {
    this.#options = options;
    options.faults.listen(() => {
      this.#changed();
      options.changed();
    });
    this.#known = new Map(options.faults.file.faults.map((spec) => [spec.name, { spec, since: options.start }]));
    this.#first = new Set(options.faults.file.faults.map(({ name }) => name));
    this.#plan();
  }

  /** Faults were replaced or switched. */
  #changed(): void {
    const { faults, now } = this.#options;
    const before = this.#known;
    this.#known = new Map(
      faults.file.faults.map((spec) => {
        const known = before.get(spec.name);
        const stays = known?.spec.on === spec.on && isSame(known.spec, spec) && hasWindowOf(known.spec, spec);
        return [spec.name, { spec, since: stays ? known.since : Math.ceil(now()) }];
      }),
    );
    this.#first.clear();
    this.#plan();
  }

  #codesOf({ fault, parameters }: FaultSpec): Condition | undefined {
    const event = faultKind(fault).event?.(parameters);
    return event === undefined ? undefined : eventCodes(this.#options.template, event);
  }

  #plan(): void {
    const { faults, now } = this.#options;
    const at = Math.ceil(now());
    const specs = new Map(faults.file.faults.map((spec) => [spec.name, spec]));
    this.#entries = [];
    for (const name of this.#over.keys()) if (specs.get(name)?.on !== true) this.#over.delete(name);
    for (const [name, spec] of this.#present) {
      const current = specs.get(name);
      // A fault that is gone, switched off, another one or to begin later ends now.
      const isLater = current?.start !== undefined && current.start !== spec.start && current.start > at;
      const goes = current?.on !== true || !isSame(current, spec) || isLater;
      if (goes) this.#entries.push({ at, begins: false, spec });
      else if (current.end !== undefined) {
        this.#entries.push({ at: Math.max(this.#since(name), current.end), begins: false, spec: current });
      }
    }
    for (const spec of specs.values()) {
      if (!spec.on || this.#codesOf(spec) === undefined) continue;
      const over = this.#over.get(spec.name);
      if (this.#present.has(spec.name) || (over !== undefined && isSame(over, spec) && hasWindowOf(over, spec)))
        continue;
      const start = Math.max(spec.start ?? 0, this.#since(spec.name));
      if (spec.end !== undefined && start >= spec.end) {
        // It may have begun in another process.
        const mayBeLeft = this.#first.has(spec.name) && this.#options.written !== undefined;
        if (mayBeLeft && this.#codesOf(spec)?.restoration !== undefined)
          this.#entries.push({ at: start, begins: false, spec });
        continue;
      }
      this.#entries.push({ at: start, begins: true, spec });
    }
    this.#entries.sort((one, other) => one.at - other.at);
  }

  #since(name: string): number {
    return Math.ceil(this.#known.get(name)?.since ?? 0);
  }

  get next(): number | undefined {
    return this.#entries[0]?.at;
  }

  async runFirst(now: number): Promise<void> {
    const [entry] = this.#entries;
    if (entry === undefined || entry.at > now) return;
    const { begins, spec, at } = entry;
    if (begins) this.#present.set(spec.name, spec);
    else {
      this.#present.delete(spec.name);
      this.#over.set(spec.name, spec);
    }
    const { written } = this.#first.delete(spec.name) ? this.#options : { written: undefined };
    this.#plan();
    const codes = this.#codesOf(spec);
    const code = begins ? codes?.occurrence : codes?.restoration;
    if (codes === undefined || code === undefined) return;
    const { faults, span, now: current, using, failed } = this.#options;
    const turns = new LoopTurns();
    for (let index = span.first; index < span.first + span.meters; index++) {
      await turns.step();
      if (!faults.isOf(spec, index)) continue;
      try {
        const before = await written?.(index, codes.log);
        if (before === undefined || isNews(entry, codes, before)) {
          // A step of the time ends later than the event.
          await using(index, (meter) => enter(meter, codes, code, Math.floor(meter.now - (current() - at))));
        }
        if (begins) faults.acted(spec, index);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        failed(index, error);
      }
    }
  }

  finish(): void {
    // Each meter has stored its own changes.
  }

  /** After a step back, faults that have not begun at that time begin again. */
  moved(before: number, now: number): void {
    if (now >= before) return;
    for (const [name, { start = Number.NEGATIVE_INFINITY }] of this.#present)
      if (start > now) this.#present.delete(name);
    for (const { name, end = Number.NEGATIVE_INFINITY } of this.#options.faults.file.faults) {
      if (end > now) this.#over.delete(name);
    }
    this.#known = new Map(
      [...this.#known].map(([name, { spec, since }]) => [name, { spec, since: Math.min(since, now) }]),
    );
    this.#plan();
  }
}

/** Whether another process has not entered the event already. `before`: the entries of the log. */
function isNews({ begins, spec }: Entry, codes: Condition, before: readonly WrittenEvent[]): boolean {
  const { occurrence, restoration } = codes;
  const last = before.findLast(({ code }) => code === occurrence || code === restoration);
  const began = last?.code === occurrence;
  if (!begins) return began;
  return !began || (restoration === undefined && last.at < (spec.start ?? Number.NEGATIVE_INFINITY));
}

/** Adds an entry. `at`: when it happened, by the clock of the meter. */
async function enter(meter: Meter, { log }: Condition, code: number, at: number): Promise<void> {
  const { own } = meter.identity;
  if (!(own instanceof SimulatedMeter)) return;
  await meter.change((device) => enterEvent(own, device, { log, code, at }));
}
