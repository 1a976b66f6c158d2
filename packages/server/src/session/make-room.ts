import type { Session } from "./session.ts";

/** Makes room for a session on a connection: closes the oldest one without an association or waiting requests. False: there is none. */
export function makeRoom(sessions: Map<string, Session>, most: number): boolean {
  if (sessions.size < most) return true;
  for (const [key, session] of sessions) {
    if (session.open || session.busy) continue;
    session.close();
    sessions.delete(key);
    return true;
  }
  return false;
}
