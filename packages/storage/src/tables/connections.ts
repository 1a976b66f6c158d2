import { inRange } from "@dlmskit/core";
import { instant, integer, oneOf, optional, text } from "../fields.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/** A connection that is or was open. */
export const Connection = table(
  "active_connections",
  {
    /** The id of the row in client_associations; absent where the offer is not kept there. */
    associationId: optional(integer(1)),
    meterId: optional(text(100, 1)),
    clientId: optional(integer(0, 0xffff)),
    connectionTime: instant,
    lastActivity: instant,
    /** IPv4 or IPv6 address of the peer. */
    ipAddress: text(45, 1),
    port: integer(0, 0xffff),
    /** The server's name of the session, unique among the rows. */
    sessionId: text(50, 1),
    status: oneOf("ACTIVE", "IDLE", "DISCONNECTED"),
  },
  {
    references: { associationId: "client_associations", meterId: "meters" },
    details: { table: "connection_details", key: "connection_id", fields: ["meterId", "clientId"] },
  },
);
export type Connection = RowOf<typeof Connection>;
export type ConnectionStatus = Connection["status"];

const month = 30 * 86_400_000;

/** How long closed connections are kept, ms. Fault `out-of-range`. */
export function connectionsKeptFor({ connectionsKeptMs = month }: { readonly connectionsKeptMs?: number }): number {
  return inRange(connectionsKeptMs, 0, Number.MAX_SAFE_INTEGER);
}

/** How many connections are opened before those that are over are looked at; twice as many are forgotten then, at most. */
export const connectionsAtATime = 16;

/** Connections whose last activity was before this instant are forgotten when that one opens. */
export function forgottenBefore({ connectionTime }: Pick<Connection, "connectionTime">, keptFor: number): number {
  return Math.max(0, connectionTime - keptFor);
}

/**
 * Connections, kept across a restart. What a process left ACTIVE or IDLE when it died is DISCONNECTED as soon as another
 * opens the store; connections of other processes that live are left alone.
 */
export interface Connections {
  /** A new connection, ACTIVE since `connectionTime`; gives its id. */
  open(connection: Omit<Connection, "status" | "lastActivity">): Promise<number>;
  /** Sets the status and the last activity of connections. `at`: ms since 1970 UTC. */
  touch(ids: readonly number[], at: number, status?: "ACTIVE" | "IDLE"): Promise<void>;
  /** The connection was closed: it becomes DISCONNECTED, with its last activity `at`. */
  close(ids: readonly number[], at: number): Promise<void>;
  /** By id, those of these states (ACTIVE and IDLE by default), of one meter where one is named. */
  list(filter?: {
    readonly status?: readonly ConnectionStatus[];
    readonly meterId?: string;
  }): Promise<readonly Stored<Connection>[]>;
  /** Removes DISCONNECTED rows whose last activity was before `before`; gives how many. */
  forget(before: number): Promise<number>;
  /** Asks the process that has the connection to end it; false: there is no open connection of that id. */
  askEnd(id: number): Promise<boolean>;
  /** Calls `listener` with the id of each connection that somebody asks to end, until what it gives is called. */
  onEnd(listener: (id: number) => void): () => void;
}
