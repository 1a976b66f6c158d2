/** What one server, connection or meter may be made to bear. */
export interface Limits {
  /** Connections at one time, of one listener. */
  readonly connections: number;
  /** Client and device pairs on one connection. */
  readonly sessionsPerConnection: number;
  /** Associations open in one meter at one time. */
  readonly associationsPerMeter: number;
  /** Requests of one session that may wait. */
  readonly outstandingRequests: number;
  /** A connection whose client says nothing for so long, in ms, is closed; 0: never. */
  readonly inactivity: number;
  /** Failed authentications in a row after which a client is locked out of a meter. */
  readonly failedAuthentications: number;
  /** ms of the first lock-out; each further failure doubles it. */
  readonly lockout: number;
  readonly longestLockout: number;
}

export const defaultLimits: Limits = {
  connections: 1024,
  sessionsPerConnection: 16,
  associationsPerMeter: 8,
  outstandingRequests: 16,
  inactivity: 180_000,
  failedAuthentications: 5,
  lockout: 1000,
  longestLockout: 60_000,
};
