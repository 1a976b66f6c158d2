/** Limits of one server, connection or meter. */
export interface Limits {
  /**
   * Maximum number of connections of one listener. A new connection closes one that has opened no association, or else one that
   * has opened only associations without authentication.
   */
  readonly connections: number;
  /**
   * Maximum number of connections from one remote host, of one listener. 0 (no limit) by default, since all meters of a gateway
   * and all clients of a head-end system have one host.
   */
  readonly connectionsPerHost: number;
  /** ms after which a connection without an association is closed; 0: never. */
  readonly firstAssociation: number;
  /** Maximum number of pairs of a client and a logical device on one connection. */
  readonly sessionsPerConnection: number;
  /** The same on a connection to a gateway: maximum number of clients and logical devices of all meters behind it. */
  readonly sessionsPerGateway: number;
  /**
   * Maximum number of open associations of one meter: all without authentication together, and those of each other client by
   * itself. A new association ends the one that was idle longest. Also the maximum number of associations that sources of datagrams have
   * with one meter behind a line of a gateway.
   */
  readonly associationsPerMeter: number;
  /** Maximum number of waiting requests of one session; more requests stay in the socket. */
  readonly outstandingRequests: number;
  /**
   * ms without a request after which a connection is closed, and with it its associations. The associations of a meter behind a
   * gateway end after the same time, because its client has no connection to it. 0: never.
   */
  readonly inactivity: number;
  /**
   * ms after which a hook, a task or an interceptor that has not ended is abandoned: its request is undone and answered with
   * temporary-failure. 0: never. When the server is closed, running ones get one more second.
   */
  readonly hook: number;
  /**
   * Maximum length of the answers to a datagram source that has not authenticated, as a multiple of the length of its datagrams:
   * the source of a datagram can be forged. Without authentication such a source gets blocks of 64 octets. 0: no limit.
   */
  readonly datagramAnswer: number;
  /** Failed authentications in a row after which a client is locked out of a meter. */
  readonly failedAuthentications: number;
  /** ms of the first lock-out; each further failure doubles it. */
  readonly lockout: number;
  readonly longestLockout: number;
}

export const defaultLimits: Limits = {
  connections: 1024,
  connectionsPerHost: 0,
  firstAssociation: 60_000,
  sessionsPerConnection: 16,
  sessionsPerGateway: 1024,
  associationsPerMeter: 8,
  outstandingRequests: 16,
  inactivity: 180_000,
  hook: 30_000,
  datagramAnswer: 5,
  failedAuthentications: 5,
  lockout: 1000,
  longestLockout: 60_000,
};
