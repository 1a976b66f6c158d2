import type { Duplex, DuplexHandlers } from "./duplex.ts";

/** The same connection; `over` is called once after the connection has closed and its handlers were called. */
export function watched(duplex: Duplex, over: () => void): Duplex {
  return {
    get remote() {
      return duplex.remote;
    },
    get bufferedOctets() {
      return duplex.bufferedOctets;
    },
    ...(duplex.datagrams && { datagrams: duplex.datagrams }),
    send: (octets) => duplex.send(octets),
    pause: () => duplex.pause?.(),
    resume: () => duplex.resume?.(),
    end: () => duplex.end(),
    destroy: () => duplex.destroy(),
    start: (handlers: DuplexHandlers) =>
      duplex.start({
        received: (octets) => handlers.received(octets),
        ...(handlers.ended && { ended: () => handlers.ended?.() }),
        ...(handlers.drained && { drained: () => handlers.drained?.() }),
        closed: (fault) => {
          handlers.closed(fault);
          over();
        },
      }),
  };
}
