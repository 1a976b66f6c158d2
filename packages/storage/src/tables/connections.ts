import { inRange } from "@dlmskit/core";
import { instant, integer, oneOf, optional, text } from "../fields.ts";
import { type RowOf, type Stored, table } from "../shape.ts";

/** A connection that is open or was open. */
export const Connection = table(
  "active_connections",
  {
    /** The id of the row in client_associations. Absent if the association is not stored there. */
    associationId: optional(integer(1)),
    meterId: optional(text(100, 1)),
    clientId: optional(integer(0, 0xffff)),
    connectionTime: instant,
    lastActivity: instant,
    /** IPv4 or IPv6 address of the peer. */
    ipAddress: text(45, 1),
    port: integer(0, 0xffff),
    /** The server's name for the session, unique among the rows. */
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

/** The time for which closed connections are kept, ms. Fault `out-of-range`. */
export function connectionsKeptFor({ connectionsKeptMs = month }: { readonly connectionsKeptMs?: number }): number {
  return inRange(connectionsKeptMs, 0, Number.MAX_SAFE_INTEGER);
}

/** After this number of new connections, closed connections are checked. At most twice this number of them is removed then. */
export const connectionsAtATime = 16;

/** Connections with a last activity before this instant are removed when this connection is opened. */
export function forgottenBefore({ connectionTime }: Pick<Connection, "connectionTime">, keptFor: number): number {
  return Math.max(0, connectionTime - keptFor);
}

/** Which connections to list. */
export interface ConnectionFilter {
  /** ACTIVE and IDLE by default. */
  readonly status?: readonly ConnectionStatus[];
  /** Only connections of this meter. */
  readonly meterId?: string;
  /** Only the connection with this id. */
  readonly id?: number;
  /** Only connections with a lower id. With `latest`, this reads page by page from the newest to the oldest. */
  readonly before?: number;
  /** At most this number of connections: those with the highest ids. */
  readonly latest?: number;
}

/**
 * Connections. They are kept across a restart. If a process dies, its ACTIVE and IDLE connections become DISCONNECTED when another
 * process opens the store. Connections of other living processes are not changed.
 */
export interface Connections {
  /** Adds a connection, ACTIVE since `connectionTime`. Returns its id. */
  open(connection: Omit<Connection, "status" | "lastActivity">): Promise<number>;
  /** Sets the status and the last activity of connections. `at`: ms since 1970 UTC. */
  touch(ids: readonly number[], at: number, status?: "ACTIVE" | "IDLE"): Promise<void>;
  /** The connections were closed: they become DISCONNECTED, with their last activity `at`. */
  close(ids: readonly number[], at: number): Promise<void>;
  /** The connections of a filter, ordered by id. There may be millions of closed ones: give `latest` where they are asked for. */
  list(filter?: ConnectionFilter): Promise<readonly Stored<Connection>[]>;
  /** Removes DISCONNECTED rows with a last activity before `before`. Returns the number removed. */
  forget(before: number): Promise<number>;
  /** Asks the process that has the connection to end it. False: there is no open connection with that id. */
  askEnd(id: number): Promise<boolean>;
  /** Calls `listener` with the id of each connection that a caller asks to end, until the returned function is called. */
  onEnd(listener: (id: number) => void): () => void;
}
