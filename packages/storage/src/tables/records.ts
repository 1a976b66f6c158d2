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
    /** The A-XDR encoding of what was captured with it; may be empty. */
    encoded: octets(0, 0x10000),
  },
  { references: { meterId: "meters" }, createdAt: false },
);
export type EventRecord = RowOf<typeof EventRecord>;

/** A row that was captured into a profile buffer of logical device 1, beyond what the generator computes. `Keeping` is about all devices. */
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
  /** From this instant on, and up to that one, both included. */
  readonly from?: number;
  readonly to?: number;
  /** At most so many, the latest of them; 10 000 by default. */
  readonly limit?: number;
}

/** Rows in time. Equal instants keep the order in which they were appended. */
export interface RecordLog<R> {
  /** Appends, all or none. `keep`: how many rows each (meter, logical name) keeps, the oldest go; absent: all. */
  append(records: readonly R[], keep?: number): Promise<void>;
  /** The oldest first. */
  list(query: RecordQuery): Promise<readonly R[]>;
  count(meterId: string, instanceId: string): Promise<number>;
  /** Removes all rows of one log (method reset); gives how many. */
  clear(meterId: string, instanceId: string): Promise<number>;
}

export type EventRecords = RecordLog<EventRecord>;
export type CaptureRecords = RecordLog<CaptureRecord>;
