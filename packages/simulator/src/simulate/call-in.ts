import type { Link } from "@dlmskit/core";
import { type Meter, type Server, serveCalled } from "@dlmskit/server";
import {
  backoffDelay,
  type Cancel,
  type CircuitOptions,
  type Clock,
  type DialEvent,
  Dialler,
  type Duplex,
} from "@dlmskit/transport";
import { WrapperServerLink } from "@dlmskit/wrapper";
import type { Span } from "../fleet/addresses.ts";

export interface CallInOptions {
  /** The host that the meters call. */
  readonly host: string;
  readonly port: number;
  /**
   * ms until a meter calls again after a connection ended or could not be opened; 2,000 by default. A random part of it is left out, and
   * after each further failure of the meter it is twice as long.
   */
  readonly redial?: number;
  /** The longest time until a meter calls again, ms; 60,000 by default. */
  readonly longestRedial?: number;
  /**
   * After how many failed calls of all meters none is made for a while, except one as a trial. By default after 5 within a minute, for
   * `redial`, and up to `longestRedial` after trials that fail.
   */
  readonly circuit?: CircuitOptions;
  /** Maximum number of connections that are being opened at one time; 64 by default. */
  readonly atOnce?: number;
  /** Called for calls that fail, and when no more calls are made for a while. */
  events?(event: DialEvent): void;
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
export function callIn(port: CallingInPort, options: CallInOptions): CallingIn {
  const { host, port: at, redial = 2000, atOnce = 64, events } = options;
  const longestRedial = Math.max(redial, options.longestRedial ?? 60_000);
  const circuit = { openFor: redial, longest: longestRedial, ...options.circuit };
  const { server, clock, span, meter, dial, link = () => new WrapperServerLink() } = port;
  const open = new Set<Duplex>();
  const due = Array.from({ length: span.meters }, (_, place) => span.first + place);
  const destination = `${host.includes(":") ? `[${host}]` : host}:${at}`;
  const dialler = new Dialler({ clock, circuit, ...(events && { events: (event) => events(event) }) });
  /** Number of failures in a row of each meter that has any. */
  const failures = new Map<number, number>();
  let dialling = 0;
  let closed = false;
  let paused: Cancel | undefined;
  const waits = new Set<Cancel>();
  const stopped = new AbortController();
  const later = (index: number, failed: boolean): void => {
    if (closed) return;
    const inRow = failed ? (failures.get(index) ?? 0) + 1 : 0;
    if (failed) failures.set(index, inRow);
    else failures.delete(index);
    const wait = backoffDelay(Math.max(1, inRow), { first: redial, longest: longestRedial }, Math.random);
    const cancel = clock.at(clock.now() + wait, () => {
      waits.delete(cancel);
      due.push(index);
      next();
    });
    waits.add(cancel);
  };
  const call = async (index: number): Promise<void> => {
    try {
      const duplex = await dialler.open(destination, () => dial(host, at), { signal: stopped.signal });
      if (closed) {
        duplex.destroy();
        return;
      }
      open.add(duplex);
      const began = clock.now();
      const over = (): void => {
        open.delete(duplex);
        // A connection that ends at once is a failure, too.
        later(index, clock.now() - began < redial);
      };
      serveCalled(server, meter(index), { duplex, link: link(), over });
    } catch {
      // Nobody answers, so the meter calls again later.
      later(index, true);
    }
  };
  const next = (): void => {
    while (dialling < atOnce && due.length > 0 && !closed) {
      const wait = dialler.waitOf(destination);
      // The end of the trial goes on.
      if (wait === undefined) return;
      if (wait > 0) {
        const goOn = (): void => {
          paused = undefined;
          next();
        };
        paused ??= clock.at(clock.now() + wait, goOn);
        return;
      }
      const index = due.shift() as number;
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
    paused?.();
    stopped.abort();
    for (const cancel of waits) cancel();
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
