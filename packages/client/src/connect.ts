import { type ClientLink, Fault } from "@dlmskit/core";
import { type Duplex, LinkPump } from "@dlmskit/transport";
import { Connection } from "./connection.ts";
import { countersOfStep, DurableCounters, raiseCounters } from "./counters.ts";
import { withLikelyCauses } from "./likely-causes.ts";
import { type ConnectOptions, defaultTimeout, initiatorOptions } from "./options.ts";
import { Session } from "./session.ts";

/** The line to the meter: a pump that is not started yet, or a transport and its link (HDLC `Primary`, `WrapperClientLink`). */
export type Line = LinkPump<ClientLink> | { readonly duplex: Duplex; readonly link: ClientLink };

/** How long a peer may take to close after this end has closed, ms. */
const linger = 1000;

/**
 * Opens link and association. Faults: `timeout`, `link-lost`, `association-refused`, `authentication-failed` and the others of the
 * association; those of the transport. The hint lists the likely causes, one per line. If it rejects, the line is being closed. After
 * `invocation-counter-error`, a `DurableCounters` continues with the counter that the meter expects, so connect again; Fault
 * `counter-jump` if the increase is too large.
 */
export async function connect(line: Line, options: ConnectOptions): Promise<Session> {
  const pump =
    line instanceof LinkPump
      ? line
      : new LinkPump<ClientLink>({ link: line.link, duplex: line.duplex, clock: options.clock, linger });
  let connection: Connection;
  try {
    const counters = options.security?.counters;
    if (counters instanceof DurableCounters) await counters.ready(countersOfStep);
    connection = new Connection(pump, options);
  } catch (caught) {
    pump.destroy();
    throw caught;
  }
  try {
    return new Session(connection, options, await connection.open());
  } catch (caught) {
    if (!(caught instanceof Fault)) throw caught;
    await raiseCounters({ ...options, counters: options.security?.counters }, caught);
    throw withLikelyCauses(caught, {
      asked: initiatorOptions(options),
      timeout: options.timeout ?? defaultTimeout,
      text: options.causeText,
      gateway: options.gateway !== undefined,
    });
  }
}
