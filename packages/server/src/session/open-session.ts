import type { LinkAddress } from "@dlmskit/core";
import type { Connection } from "./connection.ts";
import { Session } from "./session.ts";

/** An association that is open now, or that a client is opening. */
export interface OpenSession {
  readonly remote: string;
  readonly address: LinkAddress;
  /** Name of the meter. */
  readonly meter: string;
  readonly meterId: string;
  /** Name of the association. */
  readonly association: string;
  /** The id of its row in `active_connections`; undefined: without a store, or not written yet. */
  readonly connectionId: number | undefined;
}

/** The associations that are open or being opened on connections. */
export function openSessions(
  connections: Iterable<Connection>,
): readonly { readonly session: Session; readonly open: OpenSession }[] {
  return [...connections].flatMap(({ remote, sessions }) =>
    [...sessions].flatMap((session) => {
      // A meter elsewhere has its associations to itself.
      if (!(session instanceof Session)) return [];
      const { address, meter, reached, opened, kept } = session;
      const association = (reached.device.association(address.client) ?? opened?.association)?.name;
      if (!kept || association === undefined) return [];
      const connectionId = opened?.connectionId;
      return [{ session, open: { remote, address, meter: meter.name, meterId: meter.id, association, connectionId } }];
    }),
  );
}
