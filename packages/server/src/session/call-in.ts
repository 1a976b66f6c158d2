import { Fault, type Link } from "@dlmskit/core";
import { type ConnectPort, type Context, connectionEnded } from "@dlmskit/cosem-objects";
import { type Clock, type Duplex, watched } from "@dlmskit/transport";
import type { Meter } from "../meter/meter.ts";
import type { Server } from "../server.ts";
import { routeTo } from "./route.ts";

/** Serves a meter on a connection that the meter has opened, as on a connection from a client. `over` is called at its end. */
export function serveCalled(
  server: Server,
  meter: Meter,
  { duplex, link, over }: { readonly duplex: Duplex; readonly link: Link; over(): void },
): void {
  server.accept(watched(duplex, over), link, routeTo(meter));
}

export interface CallInOptions {
  readonly clock: Clock;
  /** Creates the server side of the data link on such a connection. */
  link(): Link;
  /** Opens a connection to a destination, given as the text in the object; TCP to `host:port` by default. */
  dial?(destination: string): Promise<Duplex>;
  /** Delay after the end of a connection until the object is informed and may connect again, ms; 5,000 by default. */
  readonly redial?: number;
}

async function dialTcp(destination: string): Promise<Duplex> {
  const [, bracketed, plain, port] = /^(?:tcp:\/\/)?(?:\[([^\]]+)\]|([^:/]+)):(\d{1,5})$/.exec(destination) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 0xffff) {
    throw new Fault("bad-value", `"${destination}" is no destination to call`, {
      layer: "server",
      hint: "write host:port to destination_list",
    });
  }
  const { tcpConnect } = await import("@dlmskit/transport/node");
  return tcpConnect(host, Number(port));
}

/**
 * Lets meters with an Auto connect object open connections: the `port` of `autoConnect`. It connects to the destination of the object
 * and serves the meter there as if the other end had opened the connection. Faults of the transport are failed attempts of the object.
 */
export class CallIn implements ConnectPort {
  readonly #options: CallInOptions;
  readonly #open = new Map<string, Duplex>();
  #serving: { readonly server: Server; readonly meters: Meter | ((name: string) => Meter | undefined) } | undefined;

  constructor(options: CallInOptions) {
    this.#options = options;
  }

  /** Starts to serve the meters that call in, with `server`. `meters`: the meter with the object, or a function from name to meter. */
  serve(server: Server, meters: Meter | ((name: string) => Meter | undefined)): void {
    this.#serving = { server, meters };
  }

  async connect(destination: Uint8Array, context: Context): Promise<boolean> {
    const { server, meters } = this.#serving ?? {};
    const { device, object } = context;
    const meter = typeof meters === "function" ? meters(device.name) : meters;
    if (server === undefined || meter === undefined) return false;
    const { dial = dialTcp, link, clock, redial = 5000 } = this.#options;
    const duplex = await dial(String.fromCharCode(...destination));
    const key = keyOf(context);
    this.#open.get(key)?.destroy();
    this.#open.set(key, duplex);
    const told = (): void => {
      // Another connection has replaced this one, or the object has ended it.
      if (this.#open.get(key) !== duplex) return;
      this.#open.delete(key);
      const { sap } = device;
      const ended = async (): Promise<void> => meter.change((view) => connectionEnded(object as never, view), sap);
      ended().catch(() => undefined);
    };
    const over = (): void => void clock.at(clock.now() + redial, told);
    serveCalled(server, meter, { duplex, link: link(), over });
    return true;
  }

  disconnect(context: Context): void {
    const key = keyOf(context);
    const duplex = this.#open.get(key);
    this.#open.delete(key);
    duplex?.end();
  }
}

const keyOf = ({ device, object }: Context): string => `${device.name} ${object.instance}`;
