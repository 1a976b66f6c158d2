import type { Fault } from "@dlmskit/core";

/** Handlers of a transport. None is called after `closed`. */
export interface DuplexHandlers {
  /** Octets in the order they were sent, cut anywhere (a datagram transport: one datagram). They are the receiver's to keep. */
  received(octets: Uint8Array): void;
  /** The peer sends nothing more but may still read. Without this handler the transport ends its own side as well. */
  ended?(): void;
  /** All buffered octets have left: `bufferedOctets` is 0 again. Not called for a send that did not have to wait. */
  drained?(): void;
  /** The transport has closed; called once, without a Fault if both ends have ended or this end destroyed it. */
  closed(fault?: Fault): void;
}

/**
 * What the owner of a connection knows of its peer: 0 nothing, 1 that it speaks the protocol, 2 that it has shown who it is. When a
 * listener has no room for one more, the connection that gives way is one of rank 0, else one of rank 1, and none of rank 2.
 */
export type Rank = 0 | 1 | 2;

/** A connection that carries octets both ways: TCP, a serial line, a pair in memory. Every method returns at once and none throws. */
export interface Duplex {
  /** The remote end, for people and logs: `"127.0.0.1:4059"`. */
  readonly remote: string;
  /** Number of sent octets that have not left yet. It grows if the peer does not read. */
  readonly bufferedOctets: number;
  /** One `send` is one datagram, and one `received` too. Absent: a stream. */
  readonly datagrams?: true;
  /** Sends octets, which must not be changed afterwards. Ignored after `end`, `destroy` or `closed`. */
  send(octets: Uint8Array): void;
  /** Ends this side after all sent octets; the peer's octets still arrive until it ends too. */
  end(): void;
  /** Closes both directions now; octets that have not left are lost. `closed` follows later, without a Fault. */
  destroy(): void;
  /** Soon stops delivering octets until `resume`: the peer's octets wait at its end. Absent: the transport cannot wait. */
  pause?(): void;
  resume?(): void;
  /** Changes the baud rate of a line, for what is sent from now on and what comes after that. Absent: there is no line to change. */
  changeBaudRate?(baudRate: number): void;
  /** Sets the rank of this connection for its listener; 0 at first. Absent: the listener does not use it. */
  setRank?(rank: Rank): void;
  /** Starts the delivery, once; octets that arrived before are not lost. No handler is called before `start` has returned. */
  start(handlers: DuplexHandlers): void;
}

/** A listener for connections. */
export interface Listener extends AsyncDisposable {
  readonly host: string;
  /** The bound port, also if 0 was requested. */
  readonly port: number;
  /** Number of open connections. */
  readonly connections: number;
  /** Accepts no more, destroys the connections that are open, and resolves when all of them are closed. */
  close(): Promise<void>;
}
