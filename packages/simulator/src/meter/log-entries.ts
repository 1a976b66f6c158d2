import type { LogicalName } from "@dlmskit/core";
import { after, type Context, type MaybePromise } from "@dlmskit/cosem-objects";
import type { HistoryKind } from "./event-history.ts";
import type { JournalEntry } from "./journal.ts";
import { simulated } from "./simulated-meter.ts";

/** The latest entries of an event log, oldest first. */
export type Latest = (context: Context) => MaybePromise<readonly JournalEntry[]>;

/** The entries that follow from the model. */
export function fromHistory(kinds: readonly HistoryKind[], limit: number): Latest {
  return (context) => {
    const history = simulated(context).history(kinds);
    const now = Math.floor(context.now);
    const count = history.countAt(now);
    const first = Math.max(0, count - limit);
    return history
      .at(now)
      .slice(first, count)
      .map(({ at, code }, index) => ({ at, code, sequence: first + index + 1 }));
  };
}

/** The entries that were written because of operations. */
export const fromJournal =
  (log: LogicalName, limit: number): Latest =>
  (context) =>
    simulated(context).journal.list(log, { limit });

/** The entries that follow from the model and those that were written, in the order of their times. */
export function fromBoth(kinds: readonly HistoryKind[], log: LogicalName, limit: number): Latest {
  const history = fromHistory(kinds, limit);
  const journal = fromJournal(log, limit);
  return (context) => {
    const meter = simulated(context);
    return after(meter.journal.sequence(log), (written) => {
      if (written === 0) return history(context);
      const total = written + meter.history(kinds).countAt(Math.floor(context.now));
      return after(history(context), (computed) =>
        after(journal(context), (own) => {
          const all = [...computed, ...own].sort((one, other) => one.at - other.at).slice(-limit);
          return all.map((entry, index) => ({ ...entry, sequence: total - all.length + index + 1 }));
        }),
      );
    });
  };
}

/** A value of the last entry; 0 if there is no entry. */
export const ofLast = (latest: Latest, context: Context, of: (entry: JournalEntry) => number): MaybePromise<number> =>
  after(latest(context), (entries) => {
    const entry = entries.at(-1);
    return entry === undefined ? 0 : of(entry);
  });
