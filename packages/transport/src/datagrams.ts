import { Fault } from "@dlmskit/core";
import type { Cancel, Clock } from "./clock.ts";
import type { Duplex, DuplexHandlers, Rank } from "./duplex.ts";
import { type Placed, Places } from "./places.ts";

/** An address on a network. */
export interface Remote {
  readonly host: string;
  readonly port: number;
}

/** A socket that sends datagrams to any address and receives them from any address. */
export interface Datagrams {
  readonly host: string;
  readonly port: number;
  /** Number of octets of sent datagrams that have not left yet. */
  readonly bufferedOctets: number;
  /** Sends one datagram. If it cannot be sent, it is lost, and `failed` is called. */
  send(octets: Uint8Array, remote: Remote): void;
  /** Starts the delivery, once. */
  start(handlers: { received(octets: Uint8Array, remote: Remote): void; failed?(fault: Fault): void }): void;
  close(): Promise<void>;
}

export interface RemotesOptions {
  readonly clock: Clock;
  /**
   * Maximum number of remotes at one time, 1024 by default. A further remote replaces the oldest remote that has not authenticated
   * itself (`Duplex.setRank`); if all have, the datagrams of the further remote are dropped.
   */
  readonly maxRemotes?: number;
  /** A remote that sends nothing for this time is closed, ms; 180,000 by default. */
  readonly idle?: number;
  /** Called for the first datagram of a remote; it must `start` the duplex. An error that it throws is passed to `failed`. */
  accept(duplex: Duplex): void;
  failed?(fault: Fault): void;
}

/**
 * One duplex for each remote that sends datagrams to a socket. A datagram transport has no end of its own: a remote ends when its
 * duplex is closed here, when another remote replaces it, or after `idle`. Faults reported: `too-many-connections`, `handler-failed`.
 */
export class Remotes {
  readonly #datagrams: Datagrams;
  readonly #options: RemotesOptions;
  readonly #open = new Map<string, RemoteDuplex>();
  readonly #places: Places<RemoteDuplex>;

  constructor(datagrams: Datagrams, options: RemotesOptions) {
    this.#datagrams = datagrams;
    this.#options = options;
    this.#places = new Places({ most: options.maxRemotes ?? 1024, giveWay: true });
    datagrams.start({
      received: (octets, remote) => this.#received(octets, remote),
      failed: (fault) => options.failed?.(fault),
    });
  }

  /** Current number of remotes. */
  get size(): number {
    return this.#open.size;
  }

  /** Closes every remote. */
  clear(): void {
    for (const duplex of [...this.#open.values()]) duplex.destroy();
  }

  #received(octets: Uint8Array, remote: Remote): void {
    const name = addressText(remote.host, remote.port);
    let duplex = this.#open.get(name);
    if (duplex === undefined) {
      const { maxRemotes = 1024, accept, failed } = this.#options;
      duplex = new RemoteDuplex(name, remote, this.#datagrams, this.#options, this.#portOf(name));
      if (this.#places.take(duplex) !== undefined) {
        duplex.destroy();
        const message = `a datagram from ${name} was dropped: ${maxRemotes} remotes are served already`;
        failed?.(new Fault("too-many-connections", message, { layer: "transport", hint: "raise maxRemotes" }));
        return;
      }
      this.#open.set(name, duplex);
      try {
        accept(duplex);
      } catch (cause) {
        duplex.destroy();
        const why = cause instanceof Error ? cause.message : String(cause);
        failed?.(new Fault("handler-failed", `accepting ${name} failed: ${why}`, { layer: "transport", cause }));
        return;
      }
    }
    duplex.arrive(octets);
  }

  #portOf(name: string): RemotePort {
    return {
      ranked: (duplex, rank) => this.#places.setRank(duplex, rank),
      gone: (duplex) => {
        this.#places.leave(duplex);
        if (this.#open.get(name) === duplex) this.#open.delete(name);
      },
    };
  }
}

interface RemotePort {
  ranked(duplex: RemoteDuplex, rank: Rank): void;
  gone(duplex: RemoteDuplex): void;
}

// Maximum number of datagrams of a remote before it is started: if `accept` does not start it, datagrams must not accumulate.
const waitingAtMost = 16;

class RemoteDuplex implements Duplex, Placed {
  // The source address of a datagram can be forged, so connections are not counted per host.
  readonly host = "";
  readonly remote: string;
  readonly datagrams = true;
  readonly #to: Remote;
  readonly #socket: Datagrams;
  readonly #clock: Clock;
  readonly #idle: number;
  readonly #port: RemotePort;
  readonly #waiting: Uint8Array[] = [];
  #handlers: DuplexHandlers | undefined;
  #heard: number;
  #cancel: Cancel;
  #closed = false;

  constructor(name: string, to: Remote, socket: Datagrams, options: RemotesOptions, port: RemotePort) {
    this.remote = name;
    this.#to = to;
    this.#socket = socket;
    this.#clock = options.clock;
    this.#idle = options.idle ?? 180_000;
    this.#port = port;
    this.#heard = this.#clock.now();
    this.#cancel = this.#clock.at(this.#heard + this.#idle, () => this.#quiet());
  }

  get bufferedOctets(): number {
    return this.#socket.bufferedOctets;
  }

  send(octets: Uint8Array): void {
    if (!this.#closed) this.#socket.send(octets, this.#to);
  }

  end(): void {
    this.destroy();
  }

  giveWay(): void {
    this.destroy();
  }

  setRank(rank: Rank): void {
    this.#port.ranked(this, rank);
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel();
    this.#port.gone(this);
    if (this.#handlers !== undefined) queueMicrotask(() => this.#tellClosed());
  }

  start(handlers: DuplexHandlers): void {
    this.#handlers = handlers;
    queueMicrotask(() => {
      for (const octets of this.#waiting.splice(0)) if (!this.#closed) handlers.received(octets);
      if (this.#closed) this.#tellClosed();
    });
  }

  arrive(octets: Uint8Array): void {
    this.#heard = this.#clock.now();
    if (this.#handlers !== undefined && this.#waiting.length === 0) this.#handlers.received(octets);
    else if (this.#waiting.length < waitingAtMost) this.#waiting.push(octets);
  }

  #quiet(): void {
    const due = this.#heard + this.#idle;
    if (due <= this.#clock.now()) this.destroy();
    else this.#cancel = this.#clock.at(due, () => this.#quiet());
  }

  #tellClosed(): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.closed();
  }
}

/** `"127.0.0.1:4059"`, `"[::1]:4059"`; `"unknown"` without a host. */
export function addressText(host: string | undefined, port: number | undefined): string {
  if (host === undefined || port === undefined) return "unknown";
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
