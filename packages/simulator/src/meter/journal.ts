import type { LogicalName } from "@dlmskit/core";
import { type AnyObject, after, type DeviceView, type MaybePromise } from "@dlmskit/cosem-objects";
import type { EventRecord, Store } from "@dlmskit/storage";
import type { Span } from "./event-history.ts";

/** Events that were written into a log, because somebody did something: kept in the store. */
export interface JournalEntry {
  /** ms since 1970 UTC. */
  readonly at: number;
  readonly code: number;
  /** Counts the entries of the log, from 1. */
  readonly sequence: number;
}

/** The log of load switch operations, and the numbers of its events. */
export interface SwitchLog {
  readonly log: LogicalName;
  readonly opened: number;
  readonly closed: number;
  /** The object that is operated. The log of a meter that has no value of its own for it is empty, and is not asked for. */
  readonly object?: AnyObject;
}

/** No load switch was ever open. */
export const noSpans: readonly Span[] = [];

const sequenceOctets = 4;
const mostOperations = 1_000_000;

type Events = Pick<Store, "events">;

/** When the load switch of a meter was open, from the log of its operations. */
export async function switchedOffOf({ events }: Events, meterId: string, log: SwitchLog): Promise<readonly Span[]> {
  const rows = await events.list({ meterId, instanceId: log.log, limit: mostOperations });
  return rows.reduce((spans, row) => switched(spans, row, log), noSpans);
}

/** The spans with one more operation. */
function switched(
  spans: readonly Span[],
  { at, code }: Pick<EventRecord, "at" | "code">,
  log: SwitchLog,
): readonly Span[] {
  const last = spans.at(-1);
  const open = last !== undefined && last.end === Number.POSITIVE_INFINITY;
  if (code === log.opened && !open) {
    // A clock that was set back must not make a span reach into one before it.
    const start = Math.max(at, last?.end ?? at);
    return [...spans, { start, end: Number.POSITIVE_INFINITY }];
  }
  if (code === log.closed && open) {
    return [...spans.slice(0, -1), { start: last.start, end: Math.max(last.start, at) }];
  }
  return spans;
}

/** What happened at one meter by somebody's hand, log by log. It shows what the store keeps, and nothing before it is kept. */
export class Journal {
  readonly #store: Events;
  readonly #meterId: string;
  readonly #switchLog: SwitchLog | undefined;
  /** By log; made when one is first asked for. */
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

  /** How many entries the log ever had. */
  sequence(log: LogicalName): MaybePromise<number> {
    this.#sequences ??= new Map();
    const sequences = this.#sequences;
    const known = sequences.get(log);
    if (known !== undefined) return known;
    return this.list(log, { limit: 1 }).then((entries) => {
      // Entries may have been kept meanwhile.
      const last = Math.max(entries.at(-1)?.sequence ?? 0, sequences.get(log) ?? 0);
      sequences.set(log, last);
      return last;
    });
  }

  /**
   * Writes an entry with the change that is in progress: it is kept with it, or not at all. `at`: its instant, ms since 1970 UTC
   * (`context.now`). `keep`: how many the log keeps; all by default.
   */
  append(device: DeviceView, log: LogicalName, code: number, at: number, keep?: number): MaybePromise<void> {
    return after(this.sequence(log), (last) => {
      const sequence = last + device.logged(log) + 1;
      const encoded = new Uint8Array(sequenceOctets);
      new DataView(encoded.buffer).setUint32(0, sequence);
      device.log(log, code, { encoded, ...(keep === undefined ? {} : { keep }) });
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
