import type { LogicalName } from "@dlmskit/core";
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
}

const sequenceOctets = 4;

/** What happened at one meter by somebody's hand, log by log. */
export class Journal {
  readonly #store: Pick<Store, "events">;
  readonly #meterId: string;
  readonly #switchLog: SwitchLog | undefined;
  readonly #sequences = new Map<LogicalName, number>();
  #spans: readonly Span[] = [];
  #loading: Promise<void> | undefined;
  #loaded = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Pick<Store, "events">, meterId: string, switchLog: SwitchLog | undefined) {
    this.#store = store;
    this.#meterId = meterId;
    this.#switchLog = switchLog;
  }

  /** When the load switch was open; of use once `load` is done. */
  get switchedOff(): readonly Span[] {
    return this.#spans;
  }

  /** What to wait for before the meter is read; undefined when there is nothing. */
  load(): Promise<void> | undefined {
    if (this.#loaded || this.#switchLog === undefined) return undefined;
    this.#loading ??= this.#load(this.#switchLog).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(log: SwitchLog): Promise<void> {
    const rows = await this.#store.events.list({ meterId: this.#meterId, instanceId: log.log, limit: 1_000_000 });
    for (const row of rows) this.#switched(row, log);
    this.#loaded = true;
  }

  #switched({ at, code }: Pick<EventRecord, "at" | "code">, log: SwitchLog): void {
    const last = this.#spans.at(-1);
    const open = last !== undefined && last.end === Number.POSITIVE_INFINITY;
    if (code === log.opened && !open) {
      // A clock that was set back must not make a span reach into one before it.
      const start = Math.max(at, last?.end ?? at);
      this.#spans = [...this.#spans, { start, end: Number.POSITIVE_INFINITY }];
    } else if (code === log.closed && open) {
      this.#spans = [...this.#spans.slice(0, -1), { start: last.start, end: Math.max(last.start, at) }];
    }
  }

  /** How many entries the log ever had. */
  sequence(log: LogicalName): number | Promise<number> {
    const known = this.#sequences.get(log);
    if (known !== undefined) return known;
    return this.list(log, { limit: 1 }).then((entries) => {
      const last = Math.max(entries.at(-1)?.sequence ?? 0, this.#sequences.get(log) ?? 0);
      this.#sequences.set(log, last);
      return last;
    });
  }

  /** Writes an entry; resolves when it is durable. `keep`: how many the log keeps; all unless told. */
  append(log: LogicalName, code: number, at: number, keep?: number): Promise<void> {
    const instant = Math.floor(at);
    const next = this.#writing.then(async () => {
      await this.load();
      const sequence = (await this.sequence(log)) + 1;
      const encoded = new Uint8Array(sequenceOctets);
      new DataView(encoded.buffer).setUint32(0, sequence);
      const row = { meterId: this.#meterId, instanceId: log, at: instant, code, encoded };
      await this.#store.events.append([row], keep);
      this.#sequences.set(log, sequence);
      if (log === this.#switchLog?.log) this.#switched(row, this.#switchLog);
    });
    this.#writing = next.catch(() => undefined);
    return next;
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
