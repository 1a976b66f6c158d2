import type { Fault } from "./fault.ts";

/**
 * Who talks to whom on a data link: the client's service access point, the server's logical device (upper HDLC address,
 * server wPort) and, where HDLC names one, the physical device (lower HDLC address).
 */
export interface LinkAddress {
  readonly client: number;
  readonly server: number;
  readonly physical?: number;
}

/** What the octets meant, and what the owner of the link must do next. A link never sleeps, sends or logs. */
export type LinkOutput =
  | { readonly type: "transmit"; readonly octets: Uint8Array }
  | { readonly type: "connected"; readonly address: LinkAddress; readonly maxPdu?: number }
  /** A PDU for the layer above. `broadcast`: it must never be answered. */
  | { readonly type: "received"; readonly pdu: Uint8Array; readonly address: LinkAddress; readonly broadcast?: true }
  /** The data link of that address is gone, and with it every association on it. Without address: all of them. */
  | {
      readonly type: "disconnected";
      readonly why: DisconnectReason;
      readonly address?: LinkAddress;
      /** What was wrong, where there is more to say than `why`. */
      readonly fault?: Fault;
    }
  /** The line goes on at another baud rate, once what was transmitted before has left (IEC 62056-21). */
  | { readonly type: "baud-rate"; readonly baudRate: number }
  /** Octets that are ignored. `address`: whose they are, if they are for another station. */
  | { readonly type: "dropped"; readonly why: string; readonly octets: Uint8Array; readonly address?: LinkAddress }
  /** The octet stream cannot be understood any more: the transport must be closed. */
  | { readonly type: "broken"; readonly why: string };

export type DisconnectReason = "disc" | "timeout" | "refused" | "closed" | "no-answer";

/**
 * A data link as a machine: octets and time in, outputs out. Times are ms on the caller's clock.
 * `hdlc` and `wrapper` implement it, for both ends.
 */
export interface Link {
  /** When `expire` is next due; undefined when nothing is pending. */
  readonly deadline: number | undefined;
  receive(octets: Uint8Array, now: number): void;
  /** Sends a PDU; a server says to whom, a client has one address. */
  send(pdu: Uint8Array, now: number, address?: LinkAddress): void;
  /**
   * Nothing answers the last PDU of that address: a link on which the peer waits for its turn (HDLC) gives it back. Without
   * effect where no turn is held, or something was sent.
   */
  yield?(now: number, address?: LinkAddress): void;
  expire(now: number): void;
  /** Ends the link in the protocol's way (HDLC: DISC); outputs follow. */
  close(now: number): void;
  /** The next thing to do, in order; undefined when there is none. */
  poll(): LinkOutput | undefined;
}

/** The client's end of a link, which must be opened first (HDLC: SNRM); `connected` tells that it is. */
export interface ClientLink extends Link {
  connect(now: number): void;
}
