import { Fault } from "@dlmskit/core";
import type { Meter, Timed } from "@dlmskit/server";
import type { Span } from "../fleet/addresses.ts";
import { SimulatedMeter } from "../meter/simulated-meter.ts";
import type { SimulatorTemplate } from "../templates/template.ts";
import { type EventCodes, eventCodes } from "./event-codes.ts";
import { faultKind } from "./fault-kinds.ts";
import type { FaultSet } from "./fault-set.ts";
import type { FaultSpec } from "./faults-file.ts";

export interface EventEntriesOptions {
  readonly faults: FaultSet;
  readonly template: SimulatorTemplate;
  /** The meters that this process runs. */
  readonly span: Span;
  now(): number;
  using(index: number, run: (meter: Meter) => Promise<void>): Promise<void>;
  failed(index: number, error: unknown): void;
  /** The next due time has changed. */
  changed(): void;
}

interface Entry {
  readonly at: number;
  readonly begins: boolean;
  readonly spec: FaultSpec;
}

// Entries that a log keeps.
const logKept = 1000;

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

  constructor(options: EventEntriesOptions) {
    this.#options = options;
    options.faults.listen(() => {
      this.#plan();
      options.changed();
    });
    this.#plan();
  }

  #codesOf({ fault, parameters }: FaultSpec): EventCodes | undefined {
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
        this.#entries.push({ at: Math.max(at, current.end), begins: false, spec: current });
      }
    }
    for (const spec of specs.values()) {
      if (!spec.on || this.#codesOf(spec) === undefined) continue;
      const over = this.#over.get(spec.name);
      if (this.#present.has(spec.name) || (over !== undefined && isSame(over, spec) && hasWindowOf(over, spec)))
        continue;
      const start = Math.max(spec.start ?? 0, at);
      if (spec.end !== undefined && start >= spec.end) continue;
      this.#entries.push({ at: start, begins: true, spec });
    }
    this.#entries.sort((one, other) => one.at - other.at);
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
    this.#plan();
    const codes = this.#codesOf(spec);
    const code = begins ? codes?.occurrence : codes?.restoration;
    if (codes === undefined || code === undefined) return;
    const { faults, span, now: current, using, failed } = this.#options;
    for (let index = span.first; index < span.first + span.meters; index++) {
      if (!faults.isOf(spec, index)) continue;
      try {
        // A step of the time ends later than the event.
        await using(index, (meter) => enter(meter, codes, code, Math.floor(meter.now - (current() - at))));
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
    this.#plan();
  }
}

/** Adds an entry. `at`: when it happened, by the clock of the meter. */
async function enter(meter: Meter, { log }: EventCodes, code: number, at: number): Promise<void> {
  const { own } = meter.identity;
  if (!(own instanceof SimulatedMeter)) return;
  await meter.change((device) => own.journal.append(device, log, code, at, logKept));
}
