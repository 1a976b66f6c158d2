import type { LogicalName } from "@dlmskit/core";
import { type AnyObject, after, type DeviceView, type MaybePromise } from "@dlmskit/cosem-objects";
import type { EventRecord, Store } from "@dlmskit/storage";
import type { Span } from "./event-history.ts";

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

/** The load switch was never open. */
export const noSpans: readonly Span[] = [];

const sequenceOctets = 4;
const mostOperations = 1_000_000;

type Events = Pick<Store, "events">;

/** When the load switch of a meter was open, from the log of its operations. */
export async function switchedOffOf({ events }: Events, meterId: string, log: SwitchLog): Promise<readonly Span[]> {
  const rows = await events.list({ meterId, instanceId: log.log, limit: mostOperations });
  return rows.reduce((spans, row) => switched(spans, row, log), noSpans);
}

/** The spans after one more operation. */
function switched(
  spans: readonly Span[],
  { at, code }: Pick<EventRecord, "at" | "code">,
  log: SwitchLog,
): readonly Span[] {
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

/** The operations at one meter, log by log. It shows only what the store contains, and never an entry that is not stored yet. */
export class Journal {
  readonly #store: Events;
  readonly #meterId: string;
  readonly #switchLog: SwitchLog | undefined;
  /** The last sequence number by log. Created at the first access. */
  #sequences: Map<LogicalName, number> | undefined;
  #spans: readonly Span[];

  /** `spans`: when the load switch was open until now. */
  constructor(store: Events, meterId: string, switchLog: SwitchLog | undefined, spans: readonly Span[]) {
    this.#store = store;
    this.#meterId = meterId;
    this.#switchLog = switchLog;
    this.#spans = spans;
  }

  /** When the load switch was open. */
  get switchedOff(): readonly Span[] {
    return this.#spans;
  }

  /** Number of entries that were ever written to the log. */
  sequence(log: LogicalName): MaybePromise<number> {
    this.#sequences ??= new Map();
    const sequences = this.#sequences;
    const known = sequences.get(log);
    if (known !== undefined) return known;
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
        const switchLog = this.#switchLog;
        if (log === switchLog?.log) this.#spans = switched(this.#spans, { at: Math.floor(at), code }, switchLog);
      });
    });
  }

  /** The latest entries, at most `limit`, oldest first. */
  async list(log: LogicalName, { limit }: { readonly limit: number }): Promise<readonly JournalEntry[]> {
    const rows = await this.#store.events.list({ meterId: this.#meterId, instanceId: log, limit });
    return rows.map(({ at, code, encoded }, index) => {
      const written = encoded.length === sequenceOctets ? new DataView(encoded.slice().buffer).getUint32(0) : index + 1;
      return { at, code, sequence: written };
    });
  }
}
