import type { Fault } from "./fault.ts";

/** The address of a meter behind a gateway, in the prefix of an APDU (tags E6 and E7). */
export interface GatewayAddress {
  /** The network behind the gateway, 0 to 255; 0 if there is only one. */
  readonly networkId: number;
  /** 0 to 255 octets, as agreed with the gateway: often a serial number in ASCII, or an HDLC address. */
  readonly physicalDeviceAddress: Uint8Array;
}

/**
 * The addresses of the two ends of a data link: the client's service access point, the server's logical device (upper HDLC address,
 * server wPort, SAP) and optionally the physical device: the lower HDLC address, or the primary address on M-Bus.
 */
export interface LinkAddress {
  readonly client: number;
  readonly server: number;
  readonly physical?: number;
  /** The kind of line to which `physical` belongs; absent: HDLC. */
  readonly line?: "mbus";
  /** The meter behind the gateway at the other end of the link, if APDUs have the prefix of a gateway. */
  readonly gateway?: GatewayAddress;
}

/** What was received, and what the owner of the link must do next. A link never waits, sends or logs. */
export type LinkOutput =
  | { readonly type: "transmit"; readonly octets: Uint8Array }
  | { readonly type: "connected"; readonly address: LinkAddress; readonly maxPdu?: number }
  /** A PDU for the layer above. If `broadcast` is true, the PDU must never be answered. */
  | { readonly type: "received"; readonly pdu: Uint8Array; readonly address: LinkAddress; readonly broadcast?: true }
  /** The data link of this address has ended, and every association on it. Without an address: all data links have ended. */
  | {
      readonly type: "disconnected";
      readonly why: DisconnectReason;
      readonly address?: LinkAddress;
      /** What was wrong, if there is more to say than in `why`. */
      readonly fault?: Fault;
    }
  /** The line changes to another baud rate after all earlier octets were transmitted (IEC 62056-21). */
  | { readonly type: "baud-rate"; readonly baudRate: number }
  /** Ignored octets. `address`: the address of the station that they are for, if they are for another station. */
  | { readonly type: "dropped"; readonly why: string; readonly octets: Uint8Array; readonly address?: LinkAddress }
  /** The octet stream cannot be decoded any more. The owner must close the transport. */
  | { readonly type: "broken"; readonly why: string };

/** Unsolicited PDUs of a server. If the link is lost before they can be sent, neither function is called. */
export interface Unasked {
  /**
   * The PDUs, in order. Called once, when they can be sent: invocation counters must be used in the order in which the peer receives
   * the PDUs.
   */
  pdus(): readonly Uint8Array[];
  /** All PDUs were sent. */
  left(): void;
}

export type DisconnectReason = "disc" | "timeout" | "refused" | "closed" | "no-answer";

/** The settings of a meter's end of a data link. A setting that is left out keeps the value that the link was created with. */
export interface LinkSettings {
  /**
   * Maximum octets of an information field, 1 to 2030, and maximum number of frames in a window, 1 to 7: the limits for negotiation
   * (HDLC).
   */
  readonly maxInfoSend?: number;
  readonly maxInfoReceive?: number;
  readonly windowSend?: number;
  readonly windowReceive?: number;
  /** Timeout in ms after which an incomplete frame is discarded (HDLC). */
  readonly interOctet?: number;
  /** Timeout in ms without octets from the client, after which the link ends. 0: no timeout. */
  readonly inactivity?: number;
}

/**
 * The settings of a data link that begins at an address. `"later"`: they are not known yet. Undefined: only the settings that the
 * link was created with.
 */
export type SettingsOf = (address: LinkAddress) => LinkSettings | "later" | undefined;

/**
 * A data link as a state machine. Octets and times go in, outputs come out. Times are ms on the caller's clock. `hdlc` and `wrapper`
 * implement it, for both ends.
 */
export interface Link {
  /** The time of the next `expire`. Undefined when nothing is pending. */
  readonly deadline: number | undefined;
  receive(octets: Uint8Array, now: number): void;
  /** Sends a PDU. A server gives the address. A client has only one address. */
  send(pdu: Uint8Array, now: number, address?: LinkAddress): void;
  /**
   * There is no answer to the last PDU of this address. A link on which the peer waits for its turn to send (HDLC) passes the turn
   * to the peer. No effect if this end does not have the turn, or if something was sent. A client's link no longer polls for an answer.
   */
  yield?(now: number, address?: LinkAddress): void;
  /** Sets the function that gives a server's link its settings. The link calls it when a client begins a data link (HDLC: SNRM). */
  follow?(settings: SettingsOf): void;
  /** Answers a client that had to wait at this address (`"later"`). */
  settled?(now: number, address: LinkAddress): void;
  /** Sets the inactivity timeout in ms of a server's link that has no data link setup (wrapper). After it the link ends. 0: no timeout. */
  setInactivity?(inactivity: number): void;
  /** Sends unsolicited PDUs as soon as this end may send on the link. If the method is missing, use `send`, which sends at once. */
  notify?(unasked: Unasked, now: number, address?: LinkAddress): void;
  expire(now: number): void;
  /** Ends the link as the protocol requires (HDLC: DISC). Outputs follow. */
  close(now: number): void;
  /** The next output, in order. Undefined when there is none. */
  poll(): LinkOutput | undefined;
}

/** The client's end of a link. It must be opened first (HDLC: SNRM). `connected` tells whether it is open. */
export interface ClientLink extends Link {
  connect(now: number): void;
}
