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

/** What a server says unasked. Where the link is lost before it can be said, neither function is called. */
export interface Unasked {
  /** The PDUs, in their order, asked for once, when they can leave: what protects them counts in the order in which the peer gets them. */
  pdus(): readonly Uint8Array[];
  /** All of them have left. */
  left(): void;
}

export type DisconnectReason = "disc" | "timeout" | "refused" | "closed" | "no-answer";

/** What a meter says of its end of a data link. What is left out stays as the link was made. */
export interface LinkSettings {
  /** Octets of an information field, 1 to 2030, and frames in a row, 1 to 7: the most that is negotiated (HDLC). */
  readonly maxInfoSend?: number;
  readonly maxInfoReceive?: number;
  readonly windowSend?: number;
  readonly windowReceive?: number;
  /** ms of silence after which an unfinished frame is given up (HDLC). */
  readonly interOctet?: number;
  /** ms without anything of the client after which the link ends; 0 for never. */
  readonly inactivity?: number;
}

/** What holds on a data link that begins at an address; `"later"`: it is not known yet. Undefined: nothing but what the link was made with. */
export type SettingsOf = (address: LinkAddress) => LinkSettings | "later" | undefined;

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
  /** A server's link asks this for what holds on a data link, whenever a client begins one (HDLC: SNRM). */
  follow?(settings: SettingsOf): void;
  /** A client that had to wait at that address (`"later"`) is answered now. */
  settled?(now: number, address: LinkAddress): void;
  /** Ends a server's link that has no data links to begin (wrapper) after so many ms of silence; 0 for never. */
  setInactivity?(inactivity: number): void;
  /** Sends what the peer did not ask for, as soon as the link lets this end speak. Without it: `send`, at once. */
  notify?(unasked: Unasked, now: number, address?: LinkAddress): void;
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
