import type { Duplex, DuplexHandlers } from "./duplex.ts";

/** What an observer is told about a connection. */
export interface DuplexObserver {
  /** Octets that are given to the transport to send. */
  sent?(octets: Uint8Array): void;
  /** Octets that have arrived, before the handler gets them. */
  received?(octets: Uint8Array): void;
  /** Called once after the connection has closed and its handlers were called. */
  over?(): void;
}

/** The same connection, with an observer. */
export function observed(duplex: Duplex, observer: DuplexObserver): Duplex {
  const { changeBaudRate, setRank, pause, resume } = duplex;
  return {
    get remote() {
      return duplex.remote;
    },
    get bufferedOctets() {
      return duplex.bufferedOctets;
    },
    ...(duplex.datagrams && { datagrams: duplex.datagrams }),
    ...(pause && { pause: pause.bind(duplex) }),
    ...(resume && { resume: resume.bind(duplex) }),
    ...(changeBaudRate && { changeBaudRate: changeBaudRate.bind(duplex) }),
    ...(setRank && { setRank: setRank.bind(duplex) }),
    send(octets) {
      observer.sent?.(octets);
      duplex.send(octets);
    },
    end: () => duplex.end(),
    destroy: () => duplex.destroy(),
    start: (handlers: DuplexHandlers) =>
      duplex.start({
        received(octets) {
          observer.received?.(octets);
          handlers.received(octets);
        },
        ...(handlers.ended && { ended: () => handlers.ended?.() }),
        ...(handlers.drained && { drained: () => handlers.drained?.() }),
        closed(fault) {
          handlers.closed(fault);
          observer.over?.();
        },
      }),
  };
}

/** The same connection; `over` is called once after the connection has closed and its handlers were called. */
export const watched = (duplex: Duplex, over: () => void): Duplex => observed(duplex, { over });
