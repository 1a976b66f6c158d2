import { instant } from "../fields.ts";
import { checkRow, type Stored } from "../shape.ts";
import { Connection, type Connections, connectionsAtATime, forgottenBefore } from "../tables/connections.ts";
import { copied, duplicate, knownMeter, type MemoryContext, unknownReference } from "./state.ts";

/** The connections of one store among those of the state. Call `closeAll` when the store is closed. */
export function memoryConnections(context: MemoryContext, keptFor: number): Connections & { closeAll(): void } {
  const owner = {};
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
      if (state.connections.hasSession(sessionId)) throw duplicate(`a session ${sessionId}`);
      const id = state.connections.add({ ...checked, owner }, context.instant());
      state.connections.forget(forgottenBefore(connection, keptFor), 2 * connectionsAtATime);
      return id;
    },
    async touch(ids, at, status = "ACTIVE") {
      const { connections } = context.use();
      const to = { lastActivity: instant.check(at), status: Connection.fields.status.check(status) };
      for (const id of ids) connections.change(id, to);
    },
    async close(ids, at) {
      const { connections } = context.use();
      const to = { lastActivity: instant.check(at), status: "DISCONNECTED" } as const;
      for (const id of ids) connections.change(id, to);
    },
    async list(filter) {
      const rows = context.use().connections.list(filter);
      return rows.map(({ owner: _, ...row }): Stored<Connection> => copied(row));
    },
    async forget(before) {
      return context.use().connections.forget(before);
    },
    async askEnd(id) {
      const { connections, ends } = context.use();
      if (connections.list({ id }).length === 0) return false;
      for (const listener of [...ends]) listener(id);
      return true;
    },
    onEnd(listener) {
      const { ends } = context.state;
      ends.add(listener);
      return () => ends.delete(listener);
    },
    closeAll() {
      const { connections } = context.state;
      for (const id of connections.openOf(owner)) connections.change(id, { status: "DISCONNECTED" });
    },
  };
}
