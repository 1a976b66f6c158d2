import type { Link } from "@dlmskit/core";
import type { TlsConnectOptions } from "@dlmskit/transport/node";
import type { PushTransport } from "./push-options.ts";

// The data link is the user's choice: `() => new WrapperServerLink()` of @dlmskit/wrapper, for datagrams `WrapperDatagramLink`.

/** Pushes over TCP. */
export const pushTcp = (link: () => Link): PushTransport => ({
  link,
  async dial(host, port) {
    const { tcpConnect } = await import("@dlmskit/transport/node");
    return tcpConnect(host, port);
  },
});

/** Pushes over TLS; `options`: whom to trust, and this end's own certificate. */
export const pushTls = (link: () => Link, options: TlsConnectOptions): PushTransport => ({
  link,
  async dial(host, port) {
    const { tlsConnect } = await import("@dlmskit/transport/node");
    return tlsConnect(host, port, options);
  },
});

/** Pushes over UDP: a datagram that left is sent. */
export const pushUdp = (link: () => Link): PushTransport => ({
  link,
  async dial(host, port) {
    const { udpConnect } = await import("@dlmskit/transport/node");
    return udpConnect(host, port);
  },
});
