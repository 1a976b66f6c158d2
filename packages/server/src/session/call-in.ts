import { Fault, type Link } from "@dlmskit/core";
import { type ConnectPort, type Context, connectionEnded } from "@dlmskit/cosem-objects";
import { type Clock, type Duplex, watched } from "@dlmskit/transport";
import type { Meter } from "../meter/meter.ts";
import type { Server } from "../server.ts";
import { routeTo } from "./route.ts";

/** Serves a meter on a connection that the meter has opened, as on one that a client opens; `over` when it has ended. */
export function serveCalled(
  server: Server,
  meter: Meter,
  { duplex, link, over }: { readonly duplex: Duplex; readonly link: Link; over(): void },
): void {
  server.accept(watched(duplex, over), link, routeTo(meter));
}

export interface CallInOptions {
  readonly clock: Clock;
  /** The server's end of the data link on such a connection. */
  link(): Link;
  /** Opens a connection to a destination, text as the object has it; TCP to `host:port` unless given. */
  dial?(destination: string): Promise<Duplex>;
  /** How long after the end of a connection the object hears of it, and may connect again, ms; 5,000 unless told otherwise. */
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
 * How meters with an Auto connect object call in: the `port` of `autoConnect`. What the object connects to is dialled, and the meter is served
 * on the connection as if the other end had opened it. Faults of the transport are failed attempts of the object.
 */
export class CallIn implements ConnectPort {
  readonly #options: CallInOptions;
  readonly #open = new Map<string, Duplex>();
  #serving: { readonly server: Server; readonly meters: Meter | ((name: string) => Meter | undefined) } | undefined;

  constructor(options: CallInOptions) {
    this.#options = options;
  }

  /** From now on meters call in, to be served by `server`. `meters`: the one that has the object, or that of a name. */
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
      // Another connection has taken its place, or the object has ended it.
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
