import { closeSync, openSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { devNull } from "node:os";
import { Fault } from "@dlmskit/core";
import { addressText } from "../datagrams.ts";
import type { Duplex, DuplexHandlers, Listener, Rank } from "../duplex.ts";
import { type Placed, Places } from "../places.ts";
import { checkPort, socketFault } from "./socket-fault.ts";
import { systemClock } from "./system-clock.ts";

export interface TcpConnectOptions {
  /** How long to wait for the peer, in ms; 10000 by default. */
  readonly timeout?: number;
  /** The address of this machine to connect from. */
  readonly localAddress?: string;
  /** Aborts the attempt. */
  readonly signal?: AbortSignal;
}

/** All client sockets read into this memory: Node calls back at once, and the octets are copied. */
const readInto = new Uint8Array(1 << 16);

/** What a socket reads without a stream, which costs less than its event `data`. */
class Reads {
  received: (octets: Uint8Array) => void = () => undefined;
  readonly callback = (count: number, octets: Uint8Array): boolean => {
    this.received(octets.slice(0, count));
    return true;
  };
}

/**
 * Connects over TCP. Faults: `connection-refused`, `connect-timeout`, `unknown-host`, `unreachable`, `aborted`, and `transport-failed`
 * for any other error; each Fault has a hint.
 */
export function tcpConnect(host: string, port: number, options: TcpConnectOptions = {}): Promise<Duplex> {
  const { timeout = 10_000, localAddress, signal } = options;
  const tried = `connect to ${addressText(host, port)}`;
  return new Promise((resolve, reject) => {
    checkPort(port, 1);
    const reads = new Reads();
    const socket = connect({
      ...{ host, port, allowHalfOpen: true, noDelay: true, onread: { buffer: readInto, callback: reads.callback } },
      ...(localAddress && { localAddress }),
    });
    // Nothing is read before `start`.
    socket.pause();
    const settle = (): void => {
      settled();
      signal?.removeEventListener("abort", aborted);
      socket.off("connect", connected);
      socket.off("error", failed);
    };
    const failed = (error: unknown): void => {
      settle();
      // Errors after the attempt was cancelled are ignored.
      socket.on("error", () => undefined);
      socket.destroy();
      reject(error instanceof Fault ? error : socketFault(error, tried));
    };
    const connected = (): void => {
      settle();
      resolve(new TcpDuplex(socket, socketFault, reads));
    };
    const aborted = (): void => failed(new Fault("aborted", `${tried}: aborted`, { layer: "transport" }));
    const settled = systemClock.at(systemClock.now() + timeout, () => failed({ code: "ETIMEDOUT" }));
    socket.on("connect", connected);
    socket.on("error", failed);
    if (signal?.aborted) aborted();
    else signal?.addEventListener("abort", aborted);
  });
}

export interface TcpListenOptions {
  /** `127.0.0.1` by default, which other machines cannot reach. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Maximum number of connections at one time; further connections are closed at once. 1024 by default. */
  readonly maxConnections?: number;
  /** Whether a further connection replaces one whose peer is not authenticated (`Duplex.setRank`); false by default. */
  readonly giveWay?: boolean;
  /** Maximum number of connections from one remote host at one time; further ones are closed at once. 0 (no limit) by default. */
  readonly maxPerHost?: number;
  /** In a worker of `node:cluster`: the port is not shared with the other workers. False by default. */
  readonly exclusive?: boolean;
  /** Called for each connection; it must `start` it. An error that it throws is passed to `failed` and ends only this connection. */
  accept(duplex: Duplex): void;
  /** Called for errors of the listener, and for connections that were refused or replaced (`too-many-connections`). */
  failed?(fault: Fault): void;
}

/** Listens for TCP connections. Faults: `address-in-use`, `address-not-available`, `not-permitted`, `transport-failed`. */
export function tcpListen(options: TcpListenOptions): Promise<Listener> {
  const { accept, failed } = options;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // The connection was refused.
    if (socket.destroyed) return;
    acceptOrDestroy(new TcpDuplex(socket), accept, failed);
  });
  return listening(server, options);
}

type Failed = (fault: Fault) => void;

/** An error that `accept` throws ends only this connection. */
export function acceptOrDestroy<D extends Duplex>(duplex: D, accept: (duplex: D) => void, failed?: Failed): void {
  try {
    accept(duplex);
  } catch (cause) {
    duplex.destroy();
    const why = cause instanceof Error ? cause.message : String(cause);
    failed?.(new Fault("handler-failed", `accepting ${duplex.remote} failed: ${why}`, { layer: "transport", cause }));
  }
}

/** The place of a socket; with TLS, of the socket below it. */
const seats = new WeakMap<Socket, (rank: Rank) => void>();

/** The socket below a TLS socket. */
const below = (socket: Socket): Socket => (socket as { readonly _parent?: Socket })._parent ?? socket;

/**
 * Whether this process cannot open more files. Node then closes each new connection without an error, so this is checked after each
 * accepted connection.
 */
function noFileLeft(): boolean {
  try {
    closeSync(openSync(devNull, "r"));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EMFILE";
  }
}

/** Makes a server listen, limits its connections, and closes it with all its connections. */
export function listening(
  server: Server,
  options: Pick<
    TcpListenOptions,
    "host" | "port" | "maxConnections" | "maxPerHost" | "giveWay" | "exclusive" | "failed"
  >,
): Promise<Listener> {
  const {
    host = "127.0.0.1",
    port,
    maxConnections = 1024,
    maxPerHost,
    giveWay = false,
    exclusive = false,
    failed,
  } = options;
  const tried = `listen on ${addressText(host, port)}`;
  const open = new Set<Socket>();
  const places = new Places<Placed>({ most: maxConnections, mostPerHost: maxPerHost, giveWay });
  const tooMany = (what: string, hint: string): void =>
    failed?.(new Fault("too-many-connections", what, { layer: "transport", hint }));
  // For a TLS server this is the socket below, before the handshake. This listener runs before the server's own listener.
  server.prependListener("connection", (socket) => {
    const remote = addressText(socket.remoteAddress, socket.remotePort);
    const placed: Placed = {
      host: socket.remoteAddress ?? "unknown",
      giveWay: () => {
        tooMany(
          `${remote} was closed to accept another connection: ${maxConnections} are open`,
          "raise maxConnections",
        );
        socket.destroy();
      },
    };
    const full = places.take(placed);
    if (full !== undefined) {
      const [of, name] =
        full === "host" ? [`${maxPerHost} from its host`, "maxPerHost"] : [`${maxConnections}`, "maxConnections"];
      tooMany(`${remote} was refused: ${of} connections are open`, `raise ${name}`);
      socket.destroy();
      return;
    }
    if (failed !== undefined && noFileLeft()) failed(socketFault({ code: "EMFILE" }, tried));
    seats.set(socket, (rank) => places.setRank(placed, rank));
    open.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      places.leave(placed);
    });
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
  return new Promise((resolve, reject) => {
    checkPort(port, 0);
    const refused = (error: unknown): void => reject(socketFault(error, tried));
    server.once("error", refused);
    server.listen({ host, port, exclusive }, () => {
      server.off("error", refused);
      server.on("error", (error) => failed?.(socketFault(error, tried)));
      const bound = server.address() as { readonly address: string; readonly port: number };
      resolve({
        host: bound.address,
        port: bound.port,
        get connections() {
          return open.size;
        },
        close,
        [Symbol.asyncDispose]: close,
      });
    });
  });
}

const shortOctets = 1024;

/** A view with the type Uint8Array: `slice` of a Buffer shares its memory instead of copying it. */
const asOctets = (chunk: Uint8Array): Uint8Array => new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);

/** A connected socket as a Duplex, plain or with TLS. */
export class TcpDuplex implements Duplex {
  readonly remote: string;
  readonly #socket: Socket;
  readonly #reads: Reads | undefined;
  #handlers: DuplexHandlers | undefined;
  #paused = false;
  #ended = false;
  #fault: Fault | undefined;
  #closed = false;

  constructor(socket: Socket, faultOf: (error: unknown, tried: string) => Fault = socketFault, reads?: Reads) {
    this.#socket = socket;
    this.#reads = reads;
    this.remote = addressText(socket.remoteAddress, socket.remotePort);
    socket.on("error", (error) => {
      this.#fault ??= faultOf(error, this.remote);
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#tellClosed();
    });
  }

  get bufferedOctets(): number {
    return this.#socket.writableLength;
  }

  send(octets: Uint8Array): void {
    if (this.#ended) return;
    // Node makes a Buffer of each Uint8Array, and takes memory outside of its heap for it; a copy of a short one costs less.
    this.#socket.write(octets.length <= shortOctets ? Buffer.from(octets) : octets);
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    // Nothing is read before `start`.
    if (this.#handlers !== undefined) this.#socket.resume();
  }

  setRank(rank: Rank): void {
    seats.get(below(this.#socket))?.(rank);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.end();
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  start(handlers: DuplexHandlers): void {
    const socket = this.#socket;
    this.#handlers = handlers;
    if (this.#closed) {
      queueMicrotask(() => this.#tellClosed());
      return;
    }
    socket.on("end", () => (handlers.ended === undefined ? this.end() : handlers.ended()));
    socket.on("drain", () => handlers.drained?.());
    if (this.#reads !== undefined) {
      this.#reads.received = (octets) => handlers.received(octets);
      if (this.#paused) return;
      socket.resume();
      // Reading begins now: begun later, it would go on after a pause.
      socket.read(0);
      return;
    }
    socket.on("data", (chunk: Uint8Array) => handlers.received(asOctets(chunk)));
  }

  #tellClosed(): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    this.#ended = true;
    handlers?.closed(this.#fault);
  }
}
