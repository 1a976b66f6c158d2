import { instant } from "../fields.ts";
import { checkRow, type Stored } from "../shape.ts";
import { Connection, type Connections, forgottenBefore } from "../tables/connections.ts";
import { copied, duplicate, knownMeter, type MemoryContext, unknownReference } from "./state.ts";

/** Connections of one store among those of the state; `closeAll` at its end. */
export function memoryConnections(context: MemoryContext, keptFor: number): Connections & { closeAll(): void } {
  const owner = {};

  /** Forgets those that are over for long; it stops at the first that is not. */
  function forgetOver(before: number): number {
    const { connections, connectionsOver, sessions } = context.use();
    const sizeBefore = connections.rows.size;
    for (const id of connectionsOver) {
      const row = connections.rows.get(id);
      if (row?.status === "DISCONNECTED") {
        if (row.lastActivity >= before) break;
        connections.rows.delete(id);
        sessions.delete(row.sessionId);
      }
      connectionsOver.delete(id);
    }
    return sizeBefore - connections.rows.size;
  }

  function change(ids: readonly number[], to: Pick<Connection, "lastActivity" | "status">): void {
    const { connections } = context.use();
    for (const id of ids) {
      const row = connections.rows.get(id);
      if (row !== undefined) connections.rows.set(id, { ...row, ...to });
    }
  }

  return {
    async open(connection) {
      const state = context.use();
      const row = { ...connection, lastActivity: connection.connectionTime, status: "ACTIVE" };
      const checked = checkRow(Connection, row);
      const { associationId, meterId, sessionId } = checked;
      if (associationId !== undefined && !state.clientAssociations.rows.has(associationId)) {
        throw unknownReference(`client_associations row ${associationId}`);
      }
      if (meterId !== undefined) knownMeter(state, meterId);
      if (state.sessions.has(sessionId)) throw duplicate(`a session ${sessionId}`);
      const id = state.connections.add({ ...checked, owner }, context.instant());
      state.sessions.set(sessionId, id);
      forgetOver(forgottenBefore(connection, keptFor));
      return id;
    },
    async touch(ids, at, status = "ACTIVE") {
      change(ids, { lastActivity: instant.check(at), status });
    },
    async close(ids, at) {
      change(ids, { lastActivity: instant.check(at), status: "DISCONNECTED" });
      for (const id of ids) context.use().connectionsOver.add(id);
    },
    async list(filter = {}) {
      const { status = ["ACTIVE", "IDLE"], meterId } = filter;
      return context
        .use()
        .connections.filter((row) => status.includes(row.status) && (meterId === undefined || row.meterId === meterId))
        .map(({ owner: _, ...row }): Stored<Connection> => copied(row));
    },
    async forget(before) {
      const { connections, sessions } = context.use();
      const gone = connections.filter((row) => row.status === "DISCONNECTED" && row.lastActivity < before);
      for (const { id, sessionId } of gone) {
        connections.rows.delete(id);
        sessions.delete(sessionId);
      }
      return gone.length;
    },
    closeAll() {
      const { connections, connectionsOver } = context.state;
      for (const row of connections.filter((each) => each.owner === owner)) {
        connections.rows.set(row.id, { ...row, status: "DISCONNECTED" });
        connectionsOver.add(row.id);
      }
    },
  };
}
