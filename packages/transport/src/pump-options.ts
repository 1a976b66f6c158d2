import type { DisconnectReason, Fault, Link, LinkAddress, Tracer } from "@dlmskit/core";
import type { Clock } from "./clock.ts";
import type { Duplex } from "./duplex.ts";
import type { Gate } from "./intake.ts";
import type { LinkTap } from "./link-tap.ts";

/** The names of a pump's own deadlines. */
const ownTimers = ["link", "linger", "receive", "transmit"] as const;
export type OwnTimer = (typeof ownTimers)[number];

/** One list for all pumps whose owners use the same list. */
const namesWith = new WeakMap<readonly string[], readonly string[]>();

export function timerNames(owners: readonly string[] | undefined): readonly string[] {
  if (owners === undefined) return ownTimers;
  const known = namesWith.get(owners);
  if (known !== undefined) return known;
  const names = [...ownTimers, ...owners];
  namesWith.set(owners, names);
  return names;
}

/** Handlers of a pump's owner. They are called synchronously, from a delivery of the transport, a timer or a call of the pump. */
export interface PumpHandlers {
  /** A PDU for the layer above. A `broadcast` must never be answered. */
  received(pdu: Uint8Array, address: LinkAddress, broadcast: boolean): void;
  connected?(address: LinkAddress, maxPdu?: number): void;
  /**
   * The data link of this address has ended, or all data links if there is no address; the transport may still be open. The Fault, if
   * present, gives more details than `why`.
   */
  disconnected?(why: DisconnectReason, address?: LinkAddress, fault?: Fault): void;
  /** The link ignored octets. `address`: their destination, if they are for another station. */
  dropped?(why: string, octets: Uint8Array, address?: LinkAddress): void;
  /** The peer sends nothing more but still reads: call `end` after the last answer. Without this handler the pump ends at once. */
  ended?(): void;
  /** All sent octets have left. */
  drained?(): void;
  /**
   * The connection has closed; called once. Fault codes: those of the transport, `link-broken` (the octets cannot be decoded any
   * more), `peer-does-not-read`, `handler-failed` (a handler threw: see `cause`).
   */
  closed(fault?: Fault): void;
}

/** Deadlines of a pump's owner. They share the timer of the pump. */
export interface PumpTimers<T extends string> {
  /** Their names, other than "link", "linger", "receive" and "transmit". Use one list for all pumps to save memory. */
  readonly names: readonly (T extends OwnTimer ? never : T)[];
  /** Called when a deadline of `pump.timers` was reached. If it throws, the connection ends (`handler-failed`). */
  due(name: T, now: number): void;
}

export interface LinkPumpOptions<L extends Link = Link, T extends string = never> {
  readonly link: L;
  readonly duplex: Duplex;
  readonly clock: Clock;
  /** The connection is closed if the peer has more unread octets than this; 1 MiB by default. */
  readonly maxBufferedOctets?: number;
  /** How long a peer may take to close after this end has closed, ms; 5000 by default. */
  readonly linger?: number;
  readonly trace?: Tracer;
  /** Sees, alters, drops or delays the octets of the link in both directions. */
  readonly tap?: LinkTap;
  readonly timers?: PumpTimers<T>;
  /** Decides when received octets are processed; by default at once. */
  readonly gate?: Gate;
}
