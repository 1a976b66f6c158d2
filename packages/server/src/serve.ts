import type { Link, LinkAddress } from "@dlmskit/core";
import type { Duplex, Listener } from "@dlmskit/transport";
import type { Meter } from "./meter/meter.ts";
import { Server, type ServerOptions } from "./server.ts";
import { type Route, routeOf } from "./session/route.ts";

/** Makes the server's end of a data link for a connection; it should answer to the addresses that `knows` knows. */
export type LinkFactory = (knows: (address: LinkAddress) => boolean) => Link;

/** Where to listen, and what data link is spoken there. */
export interface ListenSpec {
  readonly link: LinkFactory;
  /** Who is reached there, if not whom the server has: a port for each meter, for example. */
  readonly meters?: Meter | Route;
  listen(accept: (duplex: Duplex) => void, maxConnections: number): Promise<Listener>;
}

export interface TcpOptions {
  readonly host?: string;
  readonly meters?: Meter | Route;
}

/** TCP on a port (0: any that is free), on 127.0.0.1 unless told otherwise: to be reached from other machines must be asked for. */
export function tcp(port: number, link: LinkFactory, { host, meters }: TcpOptions = {}): ListenSpec {
  return {
    link,
    ...(meters === undefined ? {} : { meters }),
    async listen(accept, maxConnections) {
      const { tcpListen } = await import("@dlmskit/transport/node");
      return tcpListen({ port, accept, maxConnections, ...(host === undefined ? {} : { host }) });
    },
  };
}

export interface ServeOptions extends Omit<ServerOptions, "meters" | "clock"> {
  /** By name, `wrapper` and `hdlc` for example. */
  readonly on: { readonly [name: string]: ListenSpec };
  /** The machine's unless given. */
  readonly clock?: ServerOptions["clock"];
}

export interface Listening extends AsyncDisposable {
  readonly server: Server;
  /** Where each listener is reached. */
  readonly addresses: { readonly [name: string]: { readonly host: string; readonly port: number } };
  close(): Promise<void>;
}

/** Serves a meter, or whatever a route leads to, until it is closed. Faults of the listeners (`address-in-use` …). */
export async function serve(meters: Meter | Route, options: ServeOptions): Promise<Listening> {
  const { on, clock = (await import("@dlmskit/transport/node")).systemClock, ...rest } = options;
  const provider = options.provider ?? (await import("@dlmskit/security/node")).node;
  const server = new Server({ ...rest, meters, clock, provider });
  const listeners: [string, Listener][] = [];
  const close = async (): Promise<void> => {
    server.close();
    await Promise.all(listeners.map(([, listener]) => listener.close()));
    await server.settled();
  };
  try {
    for (const [name, spec] of Object.entries(on)) {
      const route = routeOf(spec.meters ?? meters);
      const knows = (address: LinkAddress): boolean => route(address) !== undefined;
      const accept = (duplex: Duplex): void => server.accept(duplex, spec.link(knows), route);
      listeners.push([name, await spec.listen(accept, options.limits?.connections ?? 1024)]);
    }
  } catch (fault) {
    await close();
    throw fault;
  }
  const addresses = Object.fromEntries(listeners.map(([name, { host, port }]) => [name, { host, port }]));
  return { server, addresses, close, [Symbol.asyncDispose]: close };
}
