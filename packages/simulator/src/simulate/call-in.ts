import type { Link } from "@dlmskit/core";
import { type Meter, type Server, serveCalled } from "@dlmskit/server";
import type { Clock, Duplex } from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";

export interface CallInOptions {
  /** Where the meters call. */
  readonly host: string;
  readonly port: number;
  /** ms until a meter calls again, after a connection that ended or was not made; 2,000 unless told otherwise. */
  readonly redial?: number;
  /** Connections that are being opened at one time; 64 unless told otherwise. */
  readonly atOnce?: number;
}

export interface CallingIn extends AsyncDisposable {
  /** Meters that are connected now. */
  readonly connected: number;
  /** No meter calls any more, and those that are connected end. */
  close(): Promise<void>;
}

export interface CallingInPort {
  readonly server: Server;
  readonly clock: Clock;
  readonly meters: number;
  meter(index: number): Meter;
  dial(host: string, port: number): Promise<Duplex>;
  link?(): Link;
}

/** Each meter opens a connection of its own and is served on it, at the wPort of its logical device; again when it has ended. */
export function callIn(port: CallingInPort, { host, port: at, redial = 2000, atOnce = 64 }: CallInOptions): CallingIn {
  const { server, clock, meters, meter, dial, link = () => new WrapperServerLink() } = port;
  const open = new Set<Duplex>();
  const due = Array.from({ length: meters }, (_, index) => index);
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
      // Nobody answers: it is tried again.
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
