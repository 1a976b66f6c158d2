import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  createServer,
  type PeerCertificate,
  type SecureContextOptions,
  type TLSSocket,
} from "node:tls";
import { Fault, toHex } from "@dlmskit/core";
import { addressText } from "../datagrams.ts";
import type { Duplex, Listener } from "../duplex.ts";
import { checkPort } from "./socket-fault.ts";
import { systemClock } from "./system-clock.ts";
import { acceptOrDestroy, listening, type TcpConnectOptions, TcpDuplex, type TcpListenOptions } from "./tcp.ts";
import { tlsFault } from "./tls-fault.ts";

/** The certificate of one end and the roots that it trusts. All in PEM. */
export interface TlsIdentity {
  /** This end's own certificate for TLS, followed by the certificates of the authorities between it and the root. */
  readonly certificate: string;
  /** The private key, PKCS #8. */
  readonly privateKey: string;
  /** The trusted roots for the peer's certificate. Only these roots are used, not those of the operating system. */
  readonly authorities: string | readonly string[];
  /** Revocation lists. If there is any, a list of every authority is needed. */
  readonly revocationLists?: readonly string[];
  /** `"tls-without-extended-key-usage"`: accepts a peer's certificate without the extended key usage for TLS. */
  readonly quirks?: readonly "tls-without-extended-key-usage"[];
}

/** The identity of the peer, from the certificate whose key it has proved to have. */
export interface TlsPeer {
  /** The certificate in DER. */
  readonly certificate: Uint8Array;
  /** The common name of the subject. For a meter or a client: its system title in 16 hexadecimal digits. */
  readonly commonName: string | undefined;
}

/** A Duplex with the identity of its peer. */
export interface TlsDuplex extends Duplex {
  readonly peer: TlsPeer;
}

export interface TlsConnectOptions extends TcpConnectOptions, TlsIdentity {
  /** The system title (8 octets) in the server's certificate, or `"any"` for any certificate of the authorities. */
  readonly peerSystemTitle: Uint8Array | "any";
}

export interface TlsListenOptions extends Omit<TcpListenOptions, "accept">, TlsIdentity {
  /** Called for each connection after its handshake; it must `start` it. */
  accept(duplex: TlsDuplex): void;
  /** How long a handshake may take, in ms; 10000 by default. */
  readonly handshakeTimeout?: number;
}

class SocketTlsDuplex extends TcpDuplex implements TlsDuplex {
  readonly peer: TlsPeer;

  constructor(socket: TLSSocket, peer: TlsPeer) {
    super(socket, tlsFault);
    this.peer = peer;
  }
}

function peerOf(certificate: PeerCertificate): TlsPeer {
  const name: unknown = certificate.subject.CN;
  return { certificate: new Uint8Array(certificate.raw), commonName: typeof name === "string" ? name : undefined };
}

const purposes = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

/**
 * Fault `wrong-usage`. The library checks an extended key usage only if it is present, and accepts a certificate for key agreement
 * without extended key usage as one for TLS.
 */
function checkUsage(certificate: PeerCertificate, role: keyof typeof purposes, identity: TlsIdentity): void {
  if (identity.quirks?.includes("tls-without-extended-key-usage")) return;
  if (certificate.ext_key_usage?.includes(purposes[role])) return;
  throw tlsFault({ code: "INVALID_PURPOSE" }, "TLS");
}

/** Fault `wrong-subject`. */
function checkPeer(peer: TlsPeer, wanted: Uint8Array | "any", tried: string): void {
  if (wanted === "any" || peer.commonName?.toLowerCase() === toHex(wanted)) return;
  throw new Fault("wrong-subject", `${tried}: the certificate is for ${peer.commonName ?? "no common name"}`, {
    layer: "transport",
    hint: "another meter may have that address, or the meter has another system title",
  });
}

function secured(identity: TlsIdentity): SecureContextOptions {
  const { certificate, privateKey, authorities, revocationLists } = identity;
  // The library ignores empty values and continues without them.
  if (certificate === "" || privateKey === "" || authorities.length === 0) throw new Error("absent");
  return {
    cert: certificate,
    key: privateKey,
    ca: [authorities].flat(),
    ...(revocationLists && { crl: [...revocationLists] }),
    minVersion: "TLSv1.2",
  };
}

/** Calls `make`, which reads certificates and keys. Faults `bad-certificate`, `bad-private-key`. */
function readable<T>(make: () => T): T {
  try {
    return make();
  } catch (caught) {
    if ((caught as { readonly code?: unknown } | null)?.code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH") {
      throw tlsFault(caught, "TLS");
    }
    // The error is not used as the cause: the library may quote the text that it could not read, which may be a key.
    throw new Fault("bad-certificate", "TLS: a certificate or key cannot be read", {
      layer: "transport",
      hint: "give PEM: a certificate with its chain, a PKCS #8 key, the roots",
    });
  }
}

/**
 * Connects over TLS 1.2 or 1.3; both ends have a certificate. Faults: those of `tcpConnect`, `bad-certificate`, `bad-private-key`,
 * `unknown-issuer`, `expired`, `not-yet-valid`, `revoked`, `revocation-unknown`, `wrong-usage`, `wrong-subject`, `not-tls`,
 * `tls-version`, `no-shared-cipher`, `certificate-missing`, `certificate-refused`, `tls-failed`. A server may refuse this end's
 * certificate after this call has resolved: then it closes the connection, usually without a reason.
 */
export function tlsConnect(host: string, port: number, options: TlsConnectOptions): Promise<TlsDuplex> {
  const { timeout = 10_000, localAddress, signal, peerSystemTitle } = options;
  const tried = `connect to ${addressText(host, port)} by TLS`;
  return new Promise((resolve, reject) => {
    checkPort(port, 1);
    const given: ConnectionOptions & { readonly allowHalfOpen: true } = {
      host,
      port,
      allowHalfOpen: true,
      secureContext: readable(() => createSecureContext(secured(options))),
      // A meter has no host name: its certificate is checked for the system title instead.
      checkServerIdentity: () => undefined,
      ...(localAddress && { localAddress }),
    };
    const socket = connect(given);
    socket.setNoDelay(true);
    const settle = (): void => {
      settled();
      signal?.removeEventListener("abort", aborted);
      socket.off("secureConnect", connected);
      socket.off("error", failed);
      socket.off("close", cut);
    };
    const failed = (error: unknown): void => {
      settle();
      socket.on("error", () => undefined);
      socket.destroy();
      reject(tlsFault(error, tried));
    };
    const connected = (): void => {
      try {
        const certificate = socket.getPeerCertificate();
        checkUsage(certificate, "server", options);
        const peer = peerOf(certificate);
        checkPeer(peer, peerSystemTitle, tried);
        settle();
        resolve(new SocketTlsDuplex(socket, peer));
      } catch (caught) {
        failed(caught);
      }
    };
    const cut = (): void => failed({ code: "ECONNRESET" });
    const aborted = (): void => failed(new Fault("aborted", `${tried}: aborted`, { layer: "transport" }));
    const settled = systemClock.at(systemClock.now() + timeout, () => failed({ code: "ETIMEDOUT" }));
    socket.on("secureConnect", connected);
    socket.on("error", failed);
    socket.on("close", cut);
    if (signal?.aborted) aborted();
    else signal?.addEventListener("abort", aborted);
  });
}

/**
 * Listens for TLS connections from clients with a certificate. Faults: those of `tcpListen`, `bad-certificate`, `bad-private-key`.
 * `failed` is called for failed handshakes, with the Faults of `tlsConnect`.
 */
export async function tlsListen(options: TlsListenOptions): Promise<Listener> {
  const { port, handshakeTimeout = 10_000, accept, failed } = options;
  const server = readable(() =>
    createServer({
      ...secured(options),
      allowHalfOpen: true,
      noDelay: true,
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout,
    }),
  );
  server.on("secureConnection", (socket) => {
    const certificate = socket.getPeerCertificate();
    const duplex = new SocketTlsDuplex(socket, peerOf(certificate));
    try {
      checkUsage(certificate, "client", options);
    } catch (caught) {
      duplex.destroy();
      failed?.(tlsFault(caught, duplex.remote));
      return;
    }
    acceptOrDestroy(duplex, accept, failed);
  });
  server.on("tlsClientError", (error, socket) => {
    // For a refused certificate the error is that of a closed connection; the reason is in `authorizationError`.
    const code: unknown = socket.authorizationError;
    const why = typeof code === "string" ? { code } : error;
    failed?.(tlsFault(why, `a client at port ${port}`));
    // With half-open sockets the server does not destroy it.
    socket.destroy();
  });
  return listening(server, options);
}
