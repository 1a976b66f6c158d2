import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Fault } from "@dlmskit/core";
import type { Clock } from "../clock.ts";
import { addressText, type Datagrams, type Remote, Remotes } from "../datagrams.ts";
import type { Duplex, DuplexHandlers, Listener } from "../duplex.ts";
import { checkPort, socketFault } from "./socket-fault.ts";
import { systemClock } from "./system-clock.ts";

/** A view with the type Uint8Array: `slice` of a Buffer shares its memory instead of copying it. */
function plain(message: Uint8Array): Uint8Array {
  return new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
}

/** Binds a socket for datagrams; host `127.0.0.1` by default, port 0 for any free port. Faults as for `tcpListen`. */
export function udpBind({ host = "127.0.0.1", port }: { host?: string; port: number }): Promise<Datagrams> {
  return new Promise((resolve, reject) => {
    checkPort(port, 0);
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    const tried = `bind ${addressText(host, port)}`;
    const refused = (error: unknown): void => reject(socketFault(error, tried));
    socket.once("error", refused);
    socket.bind({ address: host, port }, () => {
      socket.off("error", refused);
      resolve(new UdpDatagrams(socket));
    });
  });
}

class UdpDatagrams implements Datagrams {
  readonly host: string;
  readonly port: number;
  readonly #socket: Socket;
  #failed: ((fault: Fault) => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(socket: Socket) {
    const { address, port } = socket.address();
    this.host = address;
    this.port = port;
    this.#socket = socket;
    socket.on("error", (error) => this.#failed?.(socketFault(error, addressText(address, port))));
  }

  get bufferedOctets(): number {
    return this.#closed === undefined ? this.#socket.getSendQueueSize() : 0;
  }

  send(octets: Uint8Array, remote: Remote): void {
    if (this.#closed !== undefined) return;
    this.#socket.send(octets, remote.port, remote.host, (error) => {
      if (error) this.#failed?.(socketFault(error, `send to ${addressText(remote.host, remote.port)}`));
    });
  }

  start(handlers: { received(octets: Uint8Array, remote: Remote): void; failed?(fault: Fault): void }): void {
    this.#failed = handlers.failed;
    this.#socket.on("message", (message, from) =>
      handlers.received(plain(message), { host: from.address, port: from.port }),
    );
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => this.#socket.close(resolve));
    return this.#closed;
  }
}

export interface UdpListenOptions {
  /** `127.0.0.1` by default. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The clock for `idle`; that of the machine by default. */
  readonly clock?: Clock;
  /** Maximum number of remotes at one time; 1024 by default. */
  readonly maxRemotes?: number;
  /** A remote that sends nothing for this time is closed, ms; 180,000 by default. */
  readonly idle?: number;
  accept(duplex: Duplex): void;
  failed?(fault: Fault): void;
}

/** Listens for datagrams: one duplex for each remote, one datagram for each `send`. Faults as for `tcpListen`. */
export async function udpListen(options: UdpListenOptions): Promise<Listener> {
  const datagrams = await udpBind(options);
  const remotes = new Remotes(datagrams, { ...options, clock: options.clock ?? systemClock });
  const close = (): Promise<void> => {
    remotes.clear();
    return datagrams.close();
  };
  return {
    host: datagrams.host,
    port: datagrams.port,
    get connections() {
      return remotes.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * A duplex of datagrams to one remote; only its datagrams are received. An absent remote is detected at the first answer, or not at
 * all.
 */
export function udpConnect(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    checkPort(port, 1);
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    const tried = `connect to ${addressText(host, port)}`;
    const refused = (error: unknown): void => {
      socket.close();
      reject(socketFault(error, tried));
    };
    socket.once("error", refused);
    // @types/node omits this parameter: it is the error of the name look-up.
    socket.connect(port, host, (error?: unknown) => {
      socket.off("error", refused);
      if (error) refused(error);
      else resolve(new UdpDuplex(socket, addressText(host, port)));
    });
  });
}

class UdpDuplex implements Duplex {
  readonly remote: string;
  readonly datagrams = true;
  readonly #socket: Socket;
  readonly #early: Uint8Array[] = [];
  #handlers: DuplexHandlers | undefined;
  #sending = 0;
  #ended = false;
  #closed = false;
  #fault: Fault | undefined;

  constructor(socket: Socket, remote: string) {
    this.#socket = socket;
    this.remote = remote;
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => {
      this.#closed = true;
      this.#tellClosed();
    });
    socket.on("message", (message) => {
      if (this.#handlers === undefined) this.#early.push(plain(message));
      else if (!this.#ended) this.#handlers.received(plain(message));
    });
  }

  get bufferedOctets(): number {
    return this.#closed ? 0 : this.#socket.getSendQueueSize();
  }

  send(octets: Uint8Array): void {
    if (this.#ended) return;
    this.#sending++;
    this.#socket.send(octets, (error) => {
      this.#sending--;
      if (error) this.#fail(error);
      else if (this.#ended && this.#sending === 0) this.#close();
    });
  }

  /** A datagram transport cannot send an end: it closes. */
  end(): void {
    this.#ended = true;
    if (this.#sending === 0) this.#close();
  }

  destroy(): void {
    this.#ended = true;
    this.#close();
  }

  start(handlers: DuplexHandlers): void {
    queueMicrotask(() => {
      this.#handlers = handlers;
      for (const octets of this.#early.splice(0)) if (!this.#ended) handlers.received(octets);
      if (this.#closed) this.#tellClosed();
    });
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#fault = socketFault(error, this.remote);
    this.destroy();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  #tellClosed(): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.closed(this.#fault);
  }
}
