import { Fault, type Link, type LinkAddress } from "@dlmskit/core";
import type { Duplex, Listener } from "@dlmskit/transport";
import type { Meter } from "./meter/meter.ts";
import { Server, type ServerOptions } from "./server.ts";
import { type Route, routeOf } from "./session/route.ts";

/** Creates the server's end of a data link for a connection. It should answer to the addresses for which `knows` is true. */
export type LinkFactory = (knows: (address: LinkAddress) => boolean) => Link;

/** A listener and its data link. */
export interface ListenSpec {
  readonly link: LinkFactory;
  /** Who is reached there, if not whom the server has: a port for each meter, for example. */
  readonly meters?: Meter | Route;
  /** `more`: what a listener does beyond `maxConnections`, for one that can, and who hears of what goes wrong while it listens. */
  listen(accept: (duplex: Duplex) => void, maxConnections: number, more: ListenLimits): Promise<Listener>;
}

/** What a listener does with connections that are too many. */
export interface ListenLimits {
  /** Connections of one remote host; 0: any number. */
  readonly maxPerHost: number;
  /** Whether a connection that has opened no association gives way to a new one. */
  readonly giveWay: boolean;
  /** Hears what goes wrong while it listens. */
  readonly failed: (fault: Fault) => void;
}

/** The listener on which other processes hand over sessions with meters of this process. */
export interface RelaySpec {
  readonly relay: true;
  listen: ListenSpec["listen"];
}

export interface TcpOptions {
  readonly host?: string;
  readonly meters?: Meter | Route;
}

/** TCP on a port (0: any that is free), on 127.0.0.1 by default, which other machines cannot reach. */
export function tcp(port: number, link: LinkFactory, { host, meters }: TcpOptions = {}): ListenSpec {
  return {
    link,
    ...(meters === undefined ? {} : { meters }),
    listen: listenOn(port, host),
  };
}

/**
 * A listener for the other processes on the same database, for `held: { whenHeld: "forward" }`. Its address is what the store of
 * this process is opened with (`StoreOptions.address`, `"10.0.0.5:4100"`). On 127.0.0.1 by default. Only the other
 * processes should reach it: they tell where a client is connected from.
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
 * UDP on a port, as `tcp`: each remote address and port is a connection. Its link takes each datagram alone
 * (`WrapperDatagramLink`). Where a datagram comes from can be forged: see `limits.datagramAnswer`.
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

/** TCP to `host:port`. Fault `bad-address` for any other text. */
async function dialTcp(address: string): Promise<Duplex> {
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
  /** By name, `wrapper` and `hdlc` for example. */
  readonly on: { readonly [name: string]: ListenSpec | RelaySpec };
  /** The machine's unless given. */
  readonly clock?: ServerOptions["clock"];
}

export interface Listening extends AsyncDisposable {
  readonly server: Server;
  /** The address of each listener. */
  readonly addresses: { readonly [name: string]: { readonly host: string; readonly port: number } };
  close(): Promise<void>;
}

/** Serves a meter, or whatever a route leads to, until it is closed. Faults of the listeners (`address-in-use` …). */
export async function serve(meters: Meter | Route, options: ServeOptions): Promise<Listening> {
  const { on, clock = (await import("@dlmskit/transport/node")).systemClock, ...rest } = options;
  const provider = options.provider ?? (await import("@dlmskit/security/node")).node;
  const server = new Server({ ...rest, meters, clock, provider, held: { dial: dialTcp, ...rest.held } });
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
