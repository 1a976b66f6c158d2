import type { LinkAddress } from "@dlmskit/core";

/** An association that is open now, or that a client is opening. */
export interface OpenSession {
  readonly remote: string;
  readonly address: LinkAddress;
  /** Name of the meter. */
  readonly meter: string;
  readonly meterId: string;
  /** Name of the association. */
  readonly association: string;
  /** The id of its row in `active_connections`; undefined: without a store, or not written yet. */
  readonly connectionId: number | undefined;
}
