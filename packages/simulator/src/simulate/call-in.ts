import type { Link } from "@dlmskit/core";
import { type Meter, type Server, serveCalled } from "@dlmskit/server";
import type { Clock, Duplex } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import type { Span } from "../fleet/addresses.ts";

export interface CallInOptions {
  /** The host that the meters call. */
  readonly host: string;
  readonly port: number;
  /** ms until a meter calls again after a connection ended or could not be opened; 2,000 by default. */
  readonly redial?: number;
  /** Maximum number of connections that are being opened at one time; 64 by default. */
  readonly atOnce?: number;
}

export interface CallingIn extends AsyncDisposable {
  /** Number of meters that are connected now. */
  readonly connected: number;
  /** Stops all calls, and closes the connections of the meters. */
  close(): Promise<void>;
}

export interface CallingInPort {
  readonly server: Server;
  readonly clock: Clock;
  /** The meters that call. */
  readonly span: Span;
  meter(index: number): Meter;
  dial(host: string, port: number): Promise<Duplex>;
  link?(): Link;
}

/**
 * Each meter opens its own connection and is served on it, at the wPort of its logical device. When the connection has ended, the meter
 * calls again.
 */
export function callIn(port: CallingInPort, { host, port: at, redial = 2000, atOnce = 64 }: CallInOptions): CallingIn {
  const { server, clock, span, meter, dial, link = () => new WrapperServerLink() } = port;
  const open = new Set<Duplex>();
  const due = Array.from({ length: span.meters }, (_, at) => span.first + at);
  let dialling = 0;
  let closed = false;
  const later = (index: number): void => {
    clock.at(clock.now() + redial, () => {
      if (closed) return;
      due.push(index);
      next();
    });
  };
  const call = async (index: number): Promise<void> => {
    try {
      const duplex = await dial(host, at);
      if (closed) {
        duplex.destroy();
        return;
      }
      open.add(duplex);
      const over = (): void => {
        open.delete(duplex);
        later(index);
      };
      serveCalled(server, meter(index), { duplex, link: link(), over });
    } catch {
      // Nobody answers, so the meter calls again later.
      later(index);
    }
  };
  const next = (): void => {
    while (dialling < atOnce && !closed) {
      const index = due.shift();
      if (index === undefined) return;
      dialling++;
      void call(index).then(() => {
        dialling--;
        next();
      });
    }
  };
  next();
  const close = async (): Promise<void> => {
    closed = true;
    for (const duplex of open) duplex.destroy();
  };
  return {
    get connected() {
      return open.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
