import { Fault } from "@dlmskit/core";
import type { Listener } from "@dlmskit/transport";
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
  const accept = (duplex: Parameters<PushListener["accept"]>[0]): void => pushes.accept(duplex);
  const open = (): Promise<Listener> => {
    if (transport === "udp") return udpListen({ ...common, accept, maxRemotes: maxConnections });
    if (transport === "tcp") return tcpListen({ ...common, accept, maxConnections });
    if (tls === undefined) throw missingCertificate();
    return tlsListen({ ...common, ...tls, accept, maxConnections });
  };
  const listener = await open();
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
