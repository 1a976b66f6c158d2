import { instant, integer, logicalNameText, octets, text } from "../fields.ts";
import { type RowOf, table } from "../shape.ts";

/** A row of an event log. */
export const EventRecord = table(
  "event_records",
  {
    meterId: text(100, 1),
    /** Logical name of the event log. */
    instanceId: logicalNameText,
    /** ms since 1970 UTC. */
    at: instant,
    code: integer(0, 0xffff),
    /** The A-XDR encoding of the data captured with the event. May be empty. */
    encoded: octets(0, 0x10000),
  },
  { references: { meterId: "meters" }, createdAt: false },
);
export type EventRecord = RowOf<typeof EventRecord>;

/**
 * A row that was captured into a profile buffer of logical device 1, in addition to the rows that the generator computes. `Keeping`
 * covers all logical devices.
 */
export const CaptureRecord = table(
  "capture_records",
  {
    meterId: text(100, 1),
    /** Logical name of the Profile generic. */
    instanceId: logicalNameText,
    at: instant,
    /** The A-XDR encoding of the row, a structure. */
    encoded: octets(1, 0x10000),
  },
  { references: { meterId: "meters" }, createdAt: false },
);
export type CaptureRecord = RowOf<typeof CaptureRecord>;

export interface RecordQuery {
  readonly meterId: string;
  readonly instanceId: string;
  /** From this instant to the instant `to`, both inclusive. */
  readonly from?: number;
  readonly to?: number;
  /** The maximum number of rows. The latest rows are returned. 10 000 by default. */
  readonly limit?: number;
}

/** Rows ordered by time. Rows with equal instants keep the order in which they were appended. */
export interface RecordLog<R> {
  /**
   * Appends all rows or none. `keep`: the maximum number of rows for each (meter, logical name); the oldest rows are removed.
   * Absent: all rows are kept.
   */
  append(records: readonly R[], keep?: number): Promise<void>;
  /** Oldest first. */
  list(query: RecordQuery): Promise<readonly R[]>;
  count(meterId: string, instanceId: string): Promise<number>;
  /** Removes all rows of one log (method reset). Returns the number removed. */
  clear(meterId: string, instanceId: string): Promise<number>;
}

export type EventRecords = RecordLog<EventRecord>;
export type CaptureRecords = RecordLog<CaptureRecord>;
