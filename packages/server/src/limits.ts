/** Limits of one server, connection or meter. */
export interface Limits {
  /**
   * Connections at one time, of one listener. One more replaces one that has opened no association, else of one that
   * has opened only associations without authentication.
   */
  readonly connections: number;
  /**
   * Connections of one remote host at one time, of one listener; 0: any number. Not limited by default: all meters
   * of a gateway, and all clients of a head-end system, have one host.
   */
  readonly connectionsPerHost: number;
  /** A connection on which no association was opened in so many ms is closed; 0: never. */
  readonly firstAssociation: number;
  /** Client and device pairs on one connection. */
  readonly sessionsPerConnection: number;
  /**
   * Associations open in one meter at one time: those without authentication together, and those of each other client. For one
   * more, the one that has been idle longest is ended.
   */
  readonly associationsPerMeter: number;
  /** Requests of one session that may wait; what is more waits in the socket. */
  readonly outstandingRequests: number;
  /** A connection whose client says nothing for so long, in ms, is closed; 0: never. */
  readonly inactivity: number;
  /**
   * ms after which a hook, a task or an interceptor that has not come to its end is given up: its request is undone and answered
   * with temporary-failure. 0: never. When the server is closed, what is in progress has one second more.
   */
  readonly hook: number;
  /**
   * How many times as long as its datagrams the answers to a datagram source may be that has not authenticated: where a datagram
   * comes from can be forged. In associations without authentication such a source gets blocks of 64 octets. 0: no limit.
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
  associationsPerMeter: 8,
  outstandingRequests: 16,
  inactivity: 180_000,
  hook: 30_000,
  datagramAnswer: 5,
  failedAuthentications: 5,
  lockout: 1000,
  longestLockout: 60_000,
};
