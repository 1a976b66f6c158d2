// The browser version of `@dlmskit/transport/node`: the clock, and a Fault for every function that needs a socket.
import { Fault } from "@dlmskit/core";

export { systemClock } from "./node/system-clock.ts";

/** Rejects with Fault `transport-failed`. */
export const none = (what: string) => (): Promise<never> =>
  Promise.reject(
    new Fault("transport-failed", `a browser has no ${what}`, {
      layer: "transport",
      hint: "use another Duplex, such as memoryPair() or your own over a WebSocket",
    }),
  );

/** Each rejects with Fault `transport-failed`. */
export const tcpConnect = none("TCP");
export const tcpListen = none("TCP");
export const tlsConnect = none("TLS sockets");
export const tlsListen = none("TLS sockets");
export const udpBind = none("UDP");
export const udpConnect = none("UDP");
export const udpListen = none("UDP");
/** The same host: a browser cannot listen. */
export const connectableHost = (host: string): string => host;
