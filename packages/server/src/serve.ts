import { Fault, type Link, type LinkAddress } from "@dlmskit/core";
import type { Duplex, Listener } from "@dlmskit/transport";
import type { Meter } from "./meter/meter.ts";
import { Server, type ServerOptions } from "./server.ts";
import { type GatewayOptions, gateway } from "./session/gateway.ts";
import { type Route, routeOf } from "./session/route.ts";

/** Creates the server side of a data link for a connection. The link should answer the addresses for which `knows` returns true. */
export type LinkFactory = (knows: (address: LinkAddress) => boolean) => Link;

/** A listener and its data link. */
export interface ListenSpec {
  readonly link: LinkFactory;
  /** The meters of this listener, if they differ from those of the server: for example, one port for each meter. */
  readonly meters?: Meter | Route;
  /** `more`: what the listener does with connections beyond `maxConnections`, if it supports that, and a callback for its failures. */
  listen(accept: (duplex: Duplex) => void, maxConnections: number, more: ListenLimits): Promise<Listener>;
}

/** What a listener does when there are too many connections. */
export interface ListenLimits {
  /** Maximum number of connections from one remote host; 0: no limit. */
  readonly maxPerHost: number;
  /** Whether a connection without an association is closed when a new connection needs its place. */
  readonly giveWay: boolean;
  /** Called with each failure of the listener while it listens. */
  readonly failed: (fault: Fault) => void;
}

/** The listener on which other processes hand over sessions that belong to meters of this process. */
export interface RelaySpec {
  readonly relay: true;
  listen: ListenSpec["listen"];
}

export interface TcpOptions {
  readonly host?: string;
  readonly meters?: Meter | Route;
}

/** Listens for TCP on a port (0: any free port). The host is 127.0.0.1 by default, which other machines cannot reach. */
export function tcp(port: number, link: LinkFactory, { host, meters }: TcpOptions = {}): ListenSpec {
  return {
    link,
    ...(meters === undefined ? {} : { meters }),
    listen: listenOn(port, host),
  };
}

/**
 * A listener for the other processes on the same database, for `held: { whenHeld: "forward" }`. Open the store of this process
 * with the listener's address (`StoreOptions.address`, `"10.0.0.5:4100"`). The host is 127.0.0.1 by default. Only the other
 * processes should be able to reach it, because the server believes the client address that they give.
 */
export function relay(port: number, { host }: Pick<TcpOptions, "host"> = {}): RelaySpec {
  return { relay: true, listen: listenOn(port, host) };
}

const listenOn =
  (port: number, host: string | undefined): ListenSpec["listen"] =>
  async (accept, maxConnections, more) => {
    const { tcpListen } = await import("@dlmskit/transport/node");
    return tcpListen({ port, accept, maxConnections, ...more, ...(host === undefined ? {} : { host }) });
  };

/**
 * Listens for UDP on a port, like `tcp`. Each remote address and port is one connection. The link handles each datagram separately
 * (`WrapperDatagramLink`). The source of a datagram can be forged: see `limits.datagramAnswer`.
 */
export function udp(port: number, link: LinkFactory, { host, meters }: TcpOptions = {}): ListenSpec {
  return {
    link,
    ...(meters === undefined ? {} : { meters }),
    async listen(accept, maxRemotes, { failed }) {
      const { udpListen } = await import("@dlmskit/transport/node");
      return udpListen({ port, accept, maxRemotes, failed, ...(host === undefined ? {} : { host }) });
    },
  };
}

/** Opens a TCP connection to the relay listener of another process, `host:port`. Fault `bad-address` for any other text. */
export async function dialRelay(address: string): Promise<Duplex> {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(address) ?? [];
  if (host === undefined) {
    throw new Fault("bad-address", `"${address}" is not host:port`, {
      layer: "server",
      hint: "open the store of each process with the address of its relay listener",
    });
  }
  const { tcpConnect } = await import("@dlmskit/transport/node");
  return tcpConnect(host, Number(port));
}

export interface ServeOptions extends Omit<ServerOptions, "meters" | "clock"> {
  /** The listeners by name, for example `wrapper` and `hdlc`. */
  readonly on: { readonly [name: string]: ListenSpec | RelaySpec };
  /** The clock of the machine by default. */
  readonly clock?: ServerOptions["clock"];
  /** The meters are those of a gateway, and other meters are behind it: see `gateway`. */
  readonly gateway?: Omit<GatewayOptions, "own">;
}

export interface Listening extends AsyncDisposable {
  readonly server: Server;
  /** The address of each listener. */
  readonly addresses: { readonly [name: string]: { readonly host: string; readonly port: number } };
  close(): Promise<void>;
}

/** Serves a meter, or the meters that a route selects, until it is closed. Faults of the listeners (`address-in-use` …). */
export async function serve(served: Meter | Route, options: ServeOptions): Promise<Listening> {
  const { on, clock = (await import("@dlmskit/transport/node")).systemClock, gateway: through, ...rest } = options;
  const meters = through === undefined ? served : gateway({ ...through, own: served });
  const provider = options.provider ?? (await import("@dlmskit/security/node")).node;
  const server = new Server({ ...rest, meters, clock, provider, held: { dial: dialRelay, ...rest.held } });
  const listeners: [string, Listener][] = [];
  const close = async (): Promise<void> => {
    server.close();
    await Promise.all(listeners.map(([, listener]) => listener.close()));
    await server.settled();
  };
  try {
    for (const [name, spec] of Object.entries(on)) {
      const { connections } = server.limits;
      const failed = (fault: Fault): void => server.listenerFailed(name, fault);
      const listener =
        "relay" in spec
          ? spec.listen((duplex) => server.acceptRelayed(duplex), connections, {
              maxPerHost: 0,
              giveWay: false,
              failed,
            })
          : spec.listen(accepting(server, spec, meters), connections, { ...server.listenLimits, failed });
      listeners.push([name, await listener]);
    }
  } catch (fault) {
    await close();
    throw fault;
  }
  const addresses = Object.fromEntries(listeners.map(([name, { host, port }]) => [name, { host, port }]));
  return { server, addresses, close, [Symbol.asyncDispose]: close };
}

function accepting(server: Server, spec: ListenSpec, meters: Meter | Route): (duplex: Duplex) => void {
  const route = routeOf(spec.meters ?? meters);
  const knows = (address: LinkAddress): boolean => server.knows(address, route);
  return (duplex) => server.accept(duplex, spec.link(knows), route);
}
