import type { LogicalName } from "@dlmskit/core";
import { type AnyObject, after, type DeviceView, type MaybePromise } from "@dlmskit/cosem-objects";
import type { EventRecord, Store } from "@dlmskit/storage";
import { type Condition, conditionOf } from "./conditions.ts";
import type { Span } from "./event-history.ts";
import type { Past } from "./past.ts";

/** An event that was written to a log because of an operation. It is kept in the store. */
export interface JournalEntry {
  /** ms since 1970 UTC. */
  readonly at: number;
  readonly code: number;
  /** Sequence number of the entry in the log, from 1. */
  readonly sequence: number;
}

/** The log of load switch operations, and its event numbers. */
export interface SwitchLog {
  readonly log: LogicalName;
  readonly opened: number;
  readonly closed: number;
  /** The object that is operated. If a meter has no value of its own for this object, its log is empty and is not read. */
  readonly object?: AnyObject;
}

/** The log of when the power was cut and restored, for the simulator itself. No object has its name. */
export const outageLog: SwitchLog = { log: "0.0.0.0.0.0", opened: 1, closed: 2 };

/** The number of entries that the log of events of a meter keeps in the store. */
export const logKept = 1000;

const sequenceOctets = 4;

type Entry = Pick<EventRecord, "at" | "code">;

/** The spans between opening and closing, from the entries of a log. */
export const spansOf = (entries: readonly Entry[], log: SwitchLog): readonly Span[] =>
  entries.reduce<readonly Span[]>((spans, entry) => switched(spans, entry, log), []);

/** The spans after one more operation. */
function switched(spans: readonly Span[], { at, code }: Entry, log: SwitchLog): readonly Span[] {
  const last = spans.at(-1);
  const open = last !== undefined && last.end === Number.POSITIVE_INFINITY;
  if (code === log.opened && !open) {
    // If the clock was set back, the new span must still not overlap the previous one.
    const start = Math.max(at, last?.end ?? at);
    return [...spans, { start, end: Number.POSITIVE_INFINITY }];
  }
  if (code === log.closed && open) {
    return [...spans.slice(0, -1), { start: last.start, end: Math.max(last.start, at) }];
  }
  return spans;
}

export interface JournalKinds {
  readonly store: Pick<Store, "events">;
  readonly switchLog: SwitchLog | undefined;
  readonly conditions: readonly Condition[];
  /** The time is set to any instant: what a log has is asked of the store each time. */
  readonly anyTime?: boolean;
}

/** The operations at one meter, log by log. It shows only what the store contains, and never an entry that is not stored yet. */
export class Journal {
  readonly #meterId: string;
  readonly #kinds: JournalKinds;
  /** The last sequence number by log. Created at the first access. */
  #sequences: Map<LogicalName, number> | undefined;
  #past: Past;

  /** `past`: what happened to the meter until now. */
  constructor(meterId: string, kinds: JournalKinds, past: Past) {
    this.#meterId = meterId;
    this.#kinds = kinds;
    this.#past = past;
  }

  /** What happened to the meter that does not follow from the model. A list that did not change stays the same list. */
  get past(): Past {
    return this.#past;
  }

  /** Number of entries that were ever written to the log. */
  sequence(log: LogicalName): MaybePromise<number> {
    this.#sequences ??= new Map();
    const sequences = this.#sequences;
    const known = sequences.get(log);
    if (known !== undefined && this.#kinds.anyTime !== true) return known;
    return this.list(log, { limit: 1 }).then((entries) => {
      // Other entries may have been stored in the meantime.
      const last = Math.max(entries.at(-1)?.sequence ?? 0, sequences.get(log) ?? 0);
      sequences.set(log, last);
      return last;
    });
  }

  /**
   * Writes an entry together with the change that is in progress: both are stored, or neither. `at`: the instant of the entry, ms since
   * 1970 UTC (`context.now`). `keep`: the maximum number of entries of the log; all by default.
   */
  append(device: DeviceView, log: LogicalName, code: number, at: number, keep?: number): MaybePromise<void> {
    return after(this.sequence(log), (last) => {
      const sequence = last + device.logged(log) + 1;
      const encoded = new Uint8Array(sequenceOctets);
      new DataView(encoded.buffer).setUint32(0, sequence);
      device.log(log, code, { encoded, at, ...(keep === undefined ? {} : { keep }) });
      device.whenKept(() => {
        this.#sequences?.set(log, sequence);
        this.#happened(log, { at: Math.floor(at), code });
      });
    });
  }

  #happened(log: LogicalName, entry: Entry): void {
    const { switchLog, conditions } = this.#kinds;
    const { switchedOff, outages, noticed } = this.#past;
    if (log === switchLog?.log) {
      this.#past = { ...this.#past, switchedOff: switched(switchedOff, entry, switchLog) };
    }
    if (log === outageLog.log) this.#past = { ...this.#past, outages: switched(outages, entry, outageLog) };
    if (conditionOf(conditions, { log, ...entry }) !== undefined) {
      this.#past = { ...this.#past, noticed: [...noticed, { log, ...entry }] };
    }
  }

  /** The latest entries, at most `limit`, oldest first. */
  async list(log: LogicalName, { limit }: { readonly limit: number }): Promise<readonly JournalEntry[]> {
    const rows = await this.#kinds.store.events.list({ meterId: this.#meterId, instanceId: log, limit });
    return rows.map(({ at, code, encoded }, index) => {
      const written = encoded.length === sequenceOctets ? new DataView(encoded.slice().buffer).getUint32(0) : index + 1;
      return { at, code, sequence: written };
    });
  }
}
