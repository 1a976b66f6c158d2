import { Fault } from "@dlmskit/core";
import { instant, text } from "../fields.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/** The state of the meters of one template at one instant. */
export const Snapshot = table(
  "snapshots",
  {
    template: text(200, 1),
    /** When it was taken, ms since 1970 UTC of the machine. */
    takenAt: instant,
    /** What the program keeps with it, for example the simulated time of day. The store does not read it. */
    state: text(1_000_000),
  },
  { createdAt: false },
);
export type Snapshot = RowOf<typeof Snapshot>;

/**
 * Snapshots of meters: written attributes, captured rows, event logs, keys, secrets, certificates, clock offsets, progress and waiting
 * messages. Not in a snapshot: identities of meters, connections, and all counters. Invocation counters and used keys never go back.
 */
export interface Snapshots {
  /** Takes a snapshot of all meters of a template, as of one instant, without a stop of their work. */
  take(snapshot: Snapshot): Promise<Stored<Snapshot>>;
  /** The snapshots of a template, the oldest first. */
  list(template: string): Promise<readonly Stored<Snapshot>[]>;
  /**
   * Puts the meters of its template back to their state in the snapshot, in one transaction. A meter that was not written at that time has
   * no values of its own afterwards. Each meter gets a new epoch: processes that have one lose it, and their later commits are refused
   * (`lease-lost`). Fault `no-snapshot`.
   */
  restore(id: number): Promise<Stored<Snapshot>>;
  /** Returns whether there was such a snapshot. */
  remove(id: number): Promise<boolean>;
}

/** The Fault if there is no snapshot with that id. */
export function noSnapshot(id: number): Fault {
  return new Fault("no-snapshot", `there is no snapshot ${id}`, {
    layer: "storage",
    hint: "list the snapshots; they are removed when keys are encrypted for the first time",
  });
}
