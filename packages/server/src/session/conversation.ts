import type { Fault, LinkAddress } from "@dlmskit/core";
import type { Meter } from "../meter/meter.ts";

/** What a connection keeps for one client and logical device: a session with a meter, or a meter behind this gateway. */
export interface Conversation {
  readonly address: LinkAddress;
  /** The meter of this process; undefined: the meter is behind a line of the gateway. */
  readonly meter: Meter | undefined;
  readonly closed: boolean;
  /** Whether its address no longer leads to it. */
  readonly moved: boolean;
  /** Whether an association is open. */
  readonly open: boolean;
  /** Whether the client has an association or is authenticating. */
  readonly kept: boolean;
  /** Whether there are received requests without an answer. */
  readonly busy: boolean;
  /** Whether requests of the client may still be answered. */
  readonly owes: boolean;
  /** A received request that still needs an answer; unconfirmed requests and broadcasts need none. */
  readonly unanswered: Uint8Array | undefined;
  /** Whether the maximum number of requests is waiting. */
  readonly full: boolean;
  /** Time of the last PDU of the client, ms on the machine's clock. */
  readonly lastActivity: number;
  /** When `expire` is due, ms on the machine's clock. */
  readonly deadline: number | undefined;
  receive(pdu: Uint8Array, broadcast: boolean): void;
  expire(now: number): void;
  /** The client sends nothing more. */
  ended(): void;
  close(): void;
  /** Reports to the operator that something from the client was refused. */
  refused(fault: Fault): void;
}
