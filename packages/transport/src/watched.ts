import type { Duplex, DuplexHandlers } from "./duplex.ts";

/** The same connection with handlers around those of its user. Everything else passes through, a baud rate and a rank too. */
export function withHandlers(duplex: Duplex, around: (handlers: DuplexHandlers) => DuplexHandlers): Duplex {
  return {
    get remote() {
      return duplex.remote;
    },
    get bufferedOctets() {
      return duplex.bufferedOctets;
    },
    ...(duplex.datagrams && { datagrams: duplex.datagrams }),
    ...(duplex.pause && { pause: () => duplex.pause?.() }),
    ...(duplex.resume && { resume: () => duplex.resume?.() }),
    ...(duplex.changeBaudRate && { changeBaudRate: (baudRate) => duplex.changeBaudRate?.(baudRate) }),
    ...(duplex.setRank && { setRank: (rank) => duplex.setRank?.(rank) }),
    send: (octets) => duplex.send(octets),
    end: () => duplex.end(),
    destroy: () => duplex.destroy(),
    start: (handlers) =>
      duplex.start(
        around({
          received: (octets) => handlers.received(octets),
          ...(handlers.ended && { ended: () => handlers.ended?.() }),
          ...(handlers.drained && { drained: () => handlers.drained?.() }),
          closed: (fault) => handlers.closed(fault),
        }),
      ),
  };
}

/** The same connection; `over` is called once after the connection has closed and its handlers were called. */
export function watched(duplex: Duplex, over: () => void): Duplex {
  return withHandlers(duplex, (handlers) => ({
    ...handlers,
    closed: (fault) => {
      handlers.closed(fault);
      over();
    },
  }));
}
