import type { Session } from "./session.ts";

/** Makes room for one more session of a connection: the oldest one without an association or waiting requests is closed. False: there is none. */
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
