import type { NoticedEntry } from "./conditions.ts";
import type { Span } from "./event-history.ts";

/** What happened to a meter that does not follow from the model. */
export interface Past {
  /** When the load switch was open, and when the power was cut, in order. The last span may have no end yet. */
  readonly switchedOff: readonly Span[];
  readonly outages: readonly Span[];
  /** The entries of conditions, in the order in which they were written. */
  readonly noticed: readonly NoticedEntry[];
  /** The occurrences whose entries the logs do not keep any more, by the object that counts them. They were before all of `noticed`. */
  readonly dropped: ReadonlyMap<string, number>;
}

export const noPast: Past = { switchedOff: [], outages: [], noticed: [], dropped: new Map() };
