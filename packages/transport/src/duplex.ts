import type { Fault } from "@dlmskit/core";

/** What a transport tells. After `closed` it tells nothing more. */
export interface DuplexHandlers {
  /** Octets in the order they were sent, cut anywhere (a datagram transport: one datagram). They are the receiver's to keep. */
  received(octets: Uint8Array): void;
  /** The peer sends nothing more but may still read. Without this handler the transport ends its own side as well. */
  ended?(): void;
  /** What had piled up has left: `bufferedOctets` is 0 again. Not told for a send that never had to wait. */
  drained?(): void;
  /** The transport is gone, told once: without Fault when both ends ended or this end destroyed it. */
  closed(fault?: Fault): void;
}

/**
 * What the owner of a connection knows of its peer: 0 nothing, 1 that it speaks the protocol, 2 that it has shown who it is. When a
 * listener has no room for one more, the connection that gives way is one of rank 0, else one of rank 1, and none of rank 2.
 */
export type Rank = 0 | 1 | 2;

/** A connection that carries octets both ways: TCP, a serial line, a pair in memory. Every method returns at once and none throws. */
export interface Duplex {
  /** Who is at the other end, for people and logs: `"127.0.0.1:4059"`. */
  readonly remote: string;
  /** Octets that were sent and have not left yet: what a peer that does not read piles up. */
  readonly bufferedOctets: number;
  /** One `send` is one datagram, and one `received` too. Absent: a stream. */
  readonly datagrams?: true;
  /** Sends octets, which must not be changed afterwards. Ignored after `end`, `destroy` or `closed`. */
  send(octets: Uint8Array): void;
  /** Ends this side once what was sent is out; the peer's octets still arrive until it ends too. */
  end(): void;
  /** Closes both ways now; what has not left is lost. `closed` follows, later and without Fault. */
  destroy(): void;
  /** Delivers no more octets until `resume`, soon: what the peer sends waits at its end. Absent: the transport cannot wait. */
  pause?(): void;
  resume?(): void;
  /** Changes the baud rate of a line, for what is sent from now on and what comes after that. Absent: there is no line to change. */
  changeBaudRate?(baudRate: number): void;
  /** Tells a listener how much this connection is worth to its owner; 0 until told. Absent: nobody asks. */
  setRank?(rank: Rank): void;
  /** Begins to deliver, once; nothing that arrived before is lost. No handler is called before `start` returned. */
  start(handlers: DuplexHandlers): void;
}

/** What accepts connections. */
export interface Listener extends AsyncDisposable {
  readonly host: string;
  /** The port bound, also where 0 was asked for. */
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** Accepts no more, destroys the connections that are open, and resolves when all of them are closed. */
  close(): Promise<void>;
}
