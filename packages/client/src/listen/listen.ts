import { Fault } from "@dlmskit/core";
import type { Duplex, Listener } from "@dlmskit/transport";
import type { TlsIdentity } from "@dlmskit/transport/node";
import { PushListener, type PushListenerOptions } from "./push-listener.ts";

export interface ListenOptions extends Omit<PushListenerOptions, "clock"> {
  /** `"tcp"` by default. `"udp"` receives datagrams; its link handles each datagram alone (`WrapperDatagramLink`). */
  readonly transport?: "tcp" | "udp" | "tls";
  /** `127.0.0.1` by default: other machines can connect only if another host is set. */
  readonly host?: string;
  /** 0 uses any free port. */
  readonly port: number;
  /** This end's own certificate and the trusted authorities, for `"tls"`. */
  readonly tls?: TlsIdentity;
  /** Maximum number of connections, or sources of datagrams, at one time; 1024 by default. */
  readonly maxConnections?: number;
  readonly clock?: PushListenerOptions["clock"];
  /**
   * Called for each connection, with the address that this end listens on. Pushes are received on the connection that it returns: the same
   * one, or one that also records the octets (`observed` of `@dlmskit/transport`). Over TLS the octets are the decrypted ones.
   */
  accepted?(duplex: Duplex, at: Pick<ListeningForPushes, "host" | "port">): Duplex;
  /** Called if the listener failed or refused a connection; it continues to listen. */
  failed?(fault: Fault): void;
}

export interface ListeningForPushes extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Listens for pushes over TCP, UDP or TLS until it is closed. Faults of the listeners (`address-in-use` …). */
export async function listen(options: ListenOptions): Promise<ListeningForPushes> {
  const { systemClock, tcpListen, tlsListen, udpListen } = await import("@dlmskit/transport/node");
  const provider = options.provider ?? (await import("@dlmskit/security/node")).node;
  const pushes = new PushListener({ clock: systemClock, ...options, provider });
  const { transport = "tcp", host, port, maxConnections = 1024, tls } = options;
  const failed = (fault: Fault): void => options.failed?.(fault);
  const common = { port, failed, ...(host === undefined ? {} : { host }) };
  let at = { host: host ?? "", port };
  const accept = (duplex: Duplex): void => pushes.accept(options.accepted?.(duplex, at) ?? duplex);
  const open = (): Promise<Listener> => {
    if (transport === "udp") return udpListen({ ...common, accept, maxRemotes: maxConnections });
    if (transport === "tcp") return tcpListen({ ...common, accept, maxConnections });
    if (tls === undefined) throw missingCertificate();
    return tlsListen({ ...common, ...tls, accept, maxConnections });
  };
  const listener = await open();
  at = { host: listener.host, port: listener.port };
  const close = async (): Promise<void> => {
    pushes.close();
    await listener.close();
  };
  return { host: listener.host, port: listener.port, close, [Symbol.asyncDispose]: close };
}

function missingCertificate(): Fault {
  return new Fault("missing-parameter", "a listener over TLS needs a certificate and its key", {
    layer: "client",
    hint: "give `tls`",
  });
}
