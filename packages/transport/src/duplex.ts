import type { Fault } from "@dlmskit/core";

/** Handlers of a transport. None is called after `closed`. */
export interface DuplexHandlers {
  /** Octets in the order in which they were sent, split anywhere (a datagram transport: one datagram). The receiver may keep them. */
  received(octets: Uint8Array): void;
  /** The peer sends nothing more but may still read. Without this handler the transport also ends its own side. */
  ended?(): void;
  /** All buffered octets have left: `bufferedOctets` is 0 again. It is not called for a send that did not have to wait. */
  drained?(): void;
  /** The transport has closed. Called once; without a Fault if both ends have ended or this end destroyed it. */
  closed(fault?: Fault): void;
}

/**
 * What the owner of a connection knows of its peer: 0 nothing, 1 the peer uses the protocol, 2 the peer is authenticated. When a
 * listener has no room for a new connection, it closes a connection of rank 0, or else one of rank 1, but none of rank 2.
 */
export type Rank = 0 | 1 | 2;

/** A connection that carries octets in both directions: TCP, a serial line, a pair in memory. Methods return at once and do not throw. */
export interface Duplex {
  /** The address of the remote end, for display and logs: `"127.0.0.1:4059"`. */
  readonly remote: string;
  /** Number of sent octets that have not left yet. It grows if the peer does not read. */
  readonly bufferedOctets: number;
  /** True: each `send` and each `received` is one datagram. Absent: a stream. */
  readonly datagrams?: true;
  /** Sends octets, which must not be changed afterwards. Ignored after `end`, `destroy` or `closed`. */
  send(octets: Uint8Array): void;
  /** Ends this side after all sent octets; octets of the peer are still received until it ends too. */
  end(): void;
  /** Closes both directions now; octets that have not left are lost. `closed` follows later, without a Fault. */
  destroy(): void;
  /** Soon stops the delivery of octets until `resume`: the peer's octets wait at its end. Absent: the transport cannot wait. */
  pause?(): void;
  resume?(): void;
  /**
   * Changes the baud rate of a line for octets that are sent after this call, and for octets received after them. Absent: there is no
   * line.
   */
  changeBaudRate?(baudRate: number): void;
  /** Sets the rank of this connection for its listener; 0 at first. Absent: the listener does not use it. */
  setRank?(rank: Rank): void;
  /** Starts the delivery, once; octets that arrived earlier are not lost. No handler is called before `start` has returned. */
  start(handlers: DuplexHandlers): void;
}

/** A listener for incoming connections. */
export interface Listener extends AsyncDisposable {
  readonly host: string;
  /** The bound port, also if port 0 was requested. */
  readonly port: number;
  /** Number of open connections. */
  readonly connections: number;
  /** Accepts no more connections, destroys the open ones, and resolves when all of them are closed. */
  close(): Promise<void>;
}
