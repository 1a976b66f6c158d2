import type { Link } from "@dlmskit/core";
import type { TlsConnectOptions } from "@dlmskit/transport/node";
import type { PushTransport } from "./push-options.ts";

// The user chooses the data link: `() => new WrapperServerLink()` of @dlmskit/wrapper, or `WrapperDatagramLink` for datagrams.

/** Pushes over TCP. */
export const pushTcp = (link: () => Link): PushTransport => ({
  link,
  async dial(host, port) {
    const { tcpConnect } = await import("@dlmskit/transport/node");
    return tcpConnect(host, port);
  },
});

/** Pushes over TLS. `options`: the trusted certificates and the own certificate. */
export const pushTls = (link: () => Link, options: TlsConnectOptions): PushTransport => ({
  link,
  async dial(host, port) {
    const { tlsConnect } = await import("@dlmskit/transport/node");
    return tlsConnect(host, port, options);
  },
});

/** Pushes over UDP. A message counts as sent when its datagram has left. */
export const pushUdp = (link: () => Link): PushTransport => ({
  link,
  async dial(host, port) {
    const { udpConnect } = await import("@dlmskit/transport/node");
    return udpConnect(host, port);
  },
});
