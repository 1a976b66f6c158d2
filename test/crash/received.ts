import type { DuplexHandlers } from "@dlmskit/transport";

/** The same handlers with another `received`. They may be the object of a class, whose methods a spread does not copy. */
export function withReceived(handlers: DuplexHandlers, received: DuplexHandlers["received"]): DuplexHandlers {
  return {
    received,
    ...(handlers.ended === undefined ? {} : { ended: () => handlers.ended?.() }),
    ...(handlers.drained === undefined ? {} : { drained: () => handlers.drained?.() }),
    closed: (fault) => handlers.closed(fault),
  };
}
