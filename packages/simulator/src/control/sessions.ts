import { Fault } from "@dlmskit/core";
import type { Connection, Stored } from "@dlmskit/storage";
import type { Simulator } from "../simulate/options.ts";

/** A connection of a client to a meter, as `active_connections` has it. */
export interface ListedSession {
  readonly id: number;
  readonly status: Connection["status"];
  readonly serial?: string;
  readonly meterId?: string;
  readonly clientId?: number;
  readonly ipAddress: string;
  readonly port: number;
  readonly sessionId: string;
  /** ISO 8601. */
  readonly connectionTime: string;
  readonly lastActivity: string;
}

const open = ["ACTIVE", "IDLE"] as const;
const every = ["ACTIVE", "IDLE", "DISCONNECTED"] as const;
/** How long the end of a session may take, ms. */
const patience = 5000;
const askAgain = 20;

function listed({ fleet }: Simulator, row: Stored<Connection>): ListedSession {
  const { id, status, meterId, clientId, ipAddress, port, sessionId, connectionTime, lastActivity } = row;
  const index = meterId === undefined ? undefined : fleet.indexOfMeterId(meterId);
  return {
    ...{ id, status, ipAddress, port, sessionId },
    ...(index === undefined ? {} : { serial: fleet.serial(index) }),
    ...(meterId === undefined ? {} : { meterId }),
    ...(clientId === undefined ? {} : { clientId }),
    connectionTime: new Date(connectionTime).toISOString(),
    lastActivity: new Date(lastActivity).toISOString(),
  };
}

export interface SessionsOptions {
  /** Also those that are over. */
  readonly all?: boolean;
  readonly meterId?: string;
  /** The latest ones, 1000 by default. */
  readonly count?: number;
  /** Only those with a lower id, for the page before. */
  readonly before?: number;
}

/** The sessions of the meters, the latest last. */
export async function listSessions(
  simulator: Simulator,
  { all = false, meterId, count = 1000, before }: SessionsOptions,
): Promise<readonly ListedSession[]> {
  const rows = await simulator.store.connections.list({
    status: all ? every : open,
    latest: count,
    ...(meterId === undefined ? {} : { meterId }),
    ...(before === undefined ? {} : { before }),
  });
  return rows.map((row) => listed(simulator, row));
}

/** Ends an open session. Faults `no-session`, `session-not-ended`. */
export async function endSession({ store }: Simulator, id: number): Promise<void> {
  if (!(await store.connections.askEnd(id))) {
    throw new Fault("no-session", `there is no open session ${id}`, {
      layer: "simulator",
      hint: "GET /sessions lists them",
    });
  }
  for (let waited = 0; waited < patience; waited += askAgain) {
    if ((await store.connections.list({ id })).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, askAgain));
  }
  throw new Fault("session-not-ended", `session ${id} is still open: its process did not answer`, {
    layer: "simulator",
    hint: "look whether the process that serves the meter still runs, and try again",
  });
}
