import type { Fault, Link, LinkAddress } from "@dlmskit/core";
import { type CryptoProvider, noble, type Random } from "@dlmskit/security";
import { type Cancel, type Clock, type Duplex, LinkPump, type PumpHandlers } from "@dlmskit/transport";
import { dispatcher } from "./dispatch.ts";
import { EventCounts, type ServerEvent } from "./events.ts";
import type { Interceptor } from "./interceptor.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import type { Meter } from "./meter.ts";
import { platformRandom } from "./platform-random.ts";
import { Scheduler } from "./scheduler.ts";
import { Session, type SessionPort } from "./session.ts";
import type { MeterStore } from "./store-port.ts";

/** The meter and logical device (SAP) that an address of the link means; undefined: nobody, who does not answer. */
export type Route = (address: LinkAddress) => { readonly meter: Meter; readonly device: number } | undefined;

export interface ServerOptions {
  /** Where requests go: one meter (its SAPs are the server addresses), or what decides it. */
  readonly meters: Meter | Route;
  /** Machine time. */
  readonly clock: Clock;
  /** Time of day, ms since 1970 UTC; the machine's unless given. */
  readonly instant?: () => number;
  /** Pure (`noble`) unless told otherwise; `@dlmskit/security/node` is faster on Node. */
  readonly provider?: CryptoProvider;
  /** The platform's generator unless given. */
  readonly random?: Random;
  readonly store?: MeterStore;
  readonly interceptors?: readonly Interceptor[];
  readonly limits?: Partial<Limits>;
  readonly events?: (event: ServerEvent) => void;
}

/** The route to one meter: its logical devices are the server addresses, whatever the physical one. */
export const routeTo =
  (meter: Meter): Route =>
  ({ server }) =>
    meter.template.devices.has(server) ? { meter, device: server } : undefined;

/** The route that a meter, or a route, stands for. */
export const routeOf = (meters: Meter | Route): Route => (typeof meters === "function" ? meters : routeTo(meters));

/** Meters on links: takes connections, keeps a session for each client and device, and ends them. */
export class Server implements Disposable {
  readonly #options: ServerOptions;
  readonly #route: Route;
  readonly #limits: Limits;
  readonly #counts = new EventCounts();
  readonly #connections = new Set<LinkPump>();
  readonly #scheduler: Scheduler;
  readonly #known = new WeakSet<Meter>();
  readonly #base: BasePort;

  constructor(options: ServerOptions) {
    this.#options = options;
    const { meters, clock, provider = noble, random = platformRandom, store, interceptors = [] } = options;
    const instant = options.instant ?? Date.now;
    this.#route = routeOf(meters);
    this.#limits = { ...defaultLimits, ...options.limits };
    const failed = (meter: Meter, what: string, error: unknown): void =>
      this.#tell({ type: "hook-failed", meter: meter.name, what, error });
    this.#scheduler = new Scheduler(clock, failed);
    this.#base = {
      ...{ clock, provider, random, limits: this.#limits, store, instant },
      dispatcher: dispatcher(interceptors, failed),
      tell: (event) => this.#tell(event),
    };
    if (typeof meters !== "function") this.run(meters);
  }

  /** Whether a link should answer to that address at all. */
  knows(address: LinkAddress): boolean {
    return this.#route(address) !== undefined;
  }

  /** How often each kind of event happened. */
  get counts(): { readonly [name: string]: number } {
    return this.#counts.counts;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Runs what a meter does by itself: its tasks, and the captures of its profiles. A meter on its own is run from the start. */
  run(meter: Meter): void {
    this.#environment(meter);
    const loading = meter.load(this.#base.store);
    if (loading === undefined) this.#scheduler.add(meter);
    else {
      loading.then(
        () => this.#scheduler.add(meter),
        (error: unknown) => this.#tell({ type: "store-failed", meter: meter.name, what: "loading", error }),
      );
    }
  }

  #environment(meter: Meter): void {
    if (this.#known.has(meter)) return;
    this.#known.add(meter);
    const { instant, provider, random } = this.#base;
    meter.runOn({ instant, provider, random });
  }

  #tell(event: ServerEvent): void {
    this.#counts.count(event);
    try {
      this.#options.events?.(event);
    } catch {
      // Whoever listens badly hurts nobody else.
    }
  }

  /** Takes a connection: octets through `link`, the server's end of a data link. `route`: where its requests go, if not where all do. */
  accept(duplex: Duplex, link: Link, route: Route = this.#route): void {
    const pump = new LinkPump({ link, duplex, clock: this.#options.clock });
    const connection = new Connection(pump, this.#base, this.#limits, (address) => {
      const found = route(address);
      if (found !== undefined) this.#environment(found.meter);
      return found;
    });
    this.#connections.add(pump);
    this.#tell({ type: "opened", remote: pump.remote });
    pump.start({
      received: (pdu, address, broadcast) => connection.received(pdu, address, broadcast),
      disconnected: (_, address) => connection.disconnected(address),
      ended: () => connection.ended(),
      closed: (fault) => {
        this.#connections.delete(pump);
        connection.closed();
        this.#tell({ type: "closed", remote: pump.remote, ...(fault === undefined ? {} : { fault }) });
      },
    } satisfies PumpHandlers);
  }

  /** Ends every connection and all that meters do by themselves. */
  close(): void {
    this.#scheduler.close();
    for (const pump of this.#connections) pump.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

type BasePort = Omit<SessionPort, "remote" | "send" | "quiet" | "broken">;

const keyOf = ({ client, server, physical }: LinkAddress): string => `${client} ${server} ${physical ?? ""}`;

/** One transport connection and its sessions. */
class Connection {
  readonly #pump: LinkPump;
  readonly #port: SessionPort;
  readonly #limits: Limits;
  readonly #route: Route;
  readonly #sessions = new Map<string, Session>();
  #cancel: Cancel | undefined;
  #ending = false;

  constructor(pump: LinkPump, base: BasePort, limits: Limits, route: Route) {
    this.#pump = pump;
    this.#limits = limits;
    this.#route = route;
    this.#port = {
      ...base,
      remote: pump.remote,
      send: (pdu, address) => pump.send(pdu, address),
      quiet: () => this.#endWhenQuiet(),
      broken: (fault: Fault) => pump.destroy(fault),
    };
    this.#watch(base.clock.now() + limits.inactivity);
  }

  received(pdu: Uint8Array, address: LinkAddress, broadcast: boolean): void {
    const key = keyOf(address);
    let session = this.#sessions.get(key);
    if (session === undefined) {
      // To all stations: the management logical device speaks for the meter, or rather it keeps silent.
      const found = this.#route(address) ?? (broadcast ? this.#route({ ...address, server: 1 }) : undefined);
      const device = found?.meter.template.devices.get(found.device);
      // Nobody of that address here: on a shared line any answer would disturb another's.
      if (found === undefined || device === undefined || this.#sessions.size >= this.#limits.sessionsPerConnection)
        return;
      session = new Session(this.#port, address, found.meter, device);
      this.#sessions.set(key, session);
    }
    session.receive(pdu, broadcast);
  }

  disconnected(address: LinkAddress | undefined): void {
    const keys = address === undefined ? [...this.#sessions.keys()] : [keyOf(address)];
    for (const key of keys) {
      this.#sessions.get(key)?.close();
      this.#sessions.delete(key);
    }
  }

  /** The client sends nothing more: what it asked is answered, then this side ends too. */
  ended(): void {
    this.#ending = true;
    this.#endWhenQuiet();
  }

  #endWhenQuiet(): void {
    if (!this.#ending || [...this.#sessions.values()].some(({ busy }) => busy)) return;
    this.#ending = false;
    this.#pump.end();
  }

  closed(): void {
    this.#cancel?.();
    this.disconnected(undefined);
  }

  #watch(at: number): void {
    if (this.#limits.inactivity <= 0) return;
    const { clock } = this.#port;
    this.#cancel = clock.at(at, () => {
      const last = Math.max(0, ...[...this.#sessions.values()].map((session) => session.lastActivity));
      const due = last + this.#limits.inactivity;
      if (this.#sessions.size > 0 && due > clock.now()) this.#watch(due);
      else this.#pump.close();
    });
  }
}
