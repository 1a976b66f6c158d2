import type { DisconnectReason, Fault, Link, LinkAddress, Tracer } from "@dlmskit/core";
import type { Clock } from "./clock.ts";
import type { Duplex } from "./duplex.ts";
import type { Gate } from "./intake.ts";
import type { LinkTap } from "./link-tap.ts";

/** The names of a pump's own deadlines. */
export const ownTimers = ["link", "linger", "receive", "transmit"] as const;
export type OwnTimer = (typeof ownTimers)[number];

/** Handlers of a pump's owner. They are called synchronously, during a delivery of the transport, a timer or a call of the pump. */
export interface PumpHandlers {
  /** A PDU for the layer above. A `broadcast` must never be answered. */
  received(pdu: Uint8Array, address: LinkAddress, broadcast: boolean): void;
  connected?(address: LinkAddress, maxPdu?: number): void;
  /** The data link of that address is gone, without address all of them; the transport may still be open. The Fault says more than `why`, where there is more. */
  disconnected?(why: DisconnectReason, address?: LinkAddress, fault?: Fault): void;
  /** The link ignored octets. `address`: whose they are, if they are for another station. */
  dropped?(why: string, octets: Uint8Array, address?: LinkAddress): void;
  /** The peer sends nothing more but still reads: call `end` after the last answer. Without this handler the pump ends at once. */
  ended?(): void;
  /** All sent octets have left. */
  drained?(): void;
  /**
   * Nothing comes or goes any more; told once. Fault codes: those of the transport, `link-broken` (the octets cannot be
   * understood any more), `peer-does-not-read`, `handler-failed` (a handler threw: see `cause`).
   */
  closed(fault?: Fault): void;
}

/** Deadlines of a pump's owner, kept beside the pump's own on the same timer. */
export interface PumpTimers<T extends string> {
  /** Their names, none of "link", "linger", "receive", "transmit"; best one list for all pumps. */
  readonly names: readonly (T extends OwnTimer ? never : T)[];
  /** Called when a deadline of `pump.timers` has come. What it throws ends the connection (`handler-failed`). */
  due(name: T, now: number): void;
}

export interface LinkPumpOptions<L extends Link = Link, T extends string = never> {
  readonly link: L;
  readonly duplex: Duplex;
  readonly clock: Clock;
  /** A peer with more unread octets than this is cut off; 1 MiB by default. */
  readonly maxBufferedOctets?: number;
  /** How long a peer may take to close after this end did, in ms; 5000 by default. */
  readonly linger?: number;
  readonly trace?: Tracer;
  /** Sees, alters, drops or delays the octets of the link, both ways. */
  readonly tap?: LinkTap;
  readonly timers?: PumpTimers<T>;
  /** Decides when what has arrived is taken; at once unless given. */
  readonly gate?: Gate;
}
