import type { Data } from "@dlmskit/apdu";
import type { LogicalName } from "@dlmskit/core";

/** A bit that tells of a condition, bit 0 first. */
export interface Sign {
  /**
   * A bit-string (an event status word) has the bit from the occurrence to the restoration; if the event has no restoration, it keeps it. A
   * number (an alarm register) keeps it until a client resets the register.
   */
  readonly object: LogicalName;
  readonly bit: number;
  /** Only bits that are set here are reported by a push. */
  readonly filter: LogicalName;
  /** A number that gets each bit that the filter allows, and keeps it until a client resets it. */
  readonly descriptor?: LogicalName;
}

/** What a meter notices by itself, apart from the supply: the entries of its log, and what else shows it. */
export interface Condition {
  readonly log: LogicalName;
  /** The number of the entry when it begins and, if there is one, when it ends. */
  readonly occurrence: number;
  readonly restoration?: number;
  readonly sign?: Sign;
  /** The object that counts the occurrences. */
  readonly counter?: LogicalName;
}

/** An entry of a log that tells of a condition. */
export interface NoticedEntry {
  readonly log: string;
  readonly code: number;
  /** ms since 1970 UTC. */
  readonly at: number;
}

/** The condition that an entry begins or ends. */
export const conditionOf = (
  conditions: readonly Condition[],
  { log, code }: Pick<NoticedEntry, "log" | "code">,
): Condition | undefined =>
  conditions.find((one) => one.log === log && (one.occurrence === code || one.restoration === code));

/** The conditions that are present at an instant, after these entries in their order. */
export function presentAt(
  conditions: readonly Condition[],
  entries: readonly NoticedEntry[],
  instant: number,
): ReadonlySet<Condition> {
  const present = new Set<Condition>();
  for (const entry of entries) {
    const condition = entry.at <= instant ? conditionOf(conditions, entry) : undefined;
    if (condition === undefined) continue;
    if (entry.code === condition.occurrence) present.add(condition);
    else present.delete(condition);
  }
  return present;
}

/** The number of occurrences up to an instant that an object counts. */
export const countedAt = (
  conditions: readonly Condition[],
  entries: readonly NoticedEntry[],
  instant: number,
  counter: string,
): number =>
  entries.filter((entry) => {
    const condition = entry.at <= instant ? conditionOf(conditions, entry) : undefined;
    return condition?.counter === counter && condition.occurrence === entry.code;
  }).length;

/** The count that a Data is; undefined: it is no number. */
export const countIn = (data: Data): number | undefined =>
  "value" in data && typeof data.value === "number" ? data.value : undefined;
