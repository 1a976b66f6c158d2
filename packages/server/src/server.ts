import { Fault, type Link, type LinkAddress } from "@dlmskit/core";
import type { responseProtection } from "@dlmskit/cosem-objects";
import { type CryptoProvider, noble, type Random } from "@dlmskit/security";
import type { Clock, Duplex, WallClock } from "@dlmskit/transport";
import { type Call, compose, type Interceptor } from "./access/call.ts";
import { perform } from "./access/perform.ts";
import { allTaps, type Tap } from "./access/taps.ts";
import { EventCounts, type ServerEvent } from "./events.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { defaultHeld, type Environment, type HeldPolicy } from "./meter/environment.ts";
import { Meter } from "./meter/meter.ts";
import type { KnownMeter } from "./meter/meter-identity.ts";
import { guarded, type Metrics } from "./metrics.ts";
import { platformRandom } from "./platform-random.ts";
import type { PushOptions } from "./push/push-options.ts";
import { Pushing } from "./push/pushing.ts";
import { Agenda, type Timed } from "./runtime/agenda.ts";
import { FairShare } from "./runtime/fair-share.ts";
import { HookLimit } from "./runtime/hook-limit.ts";
import { Pacer } from "./runtime/pacer.ts";
import { SimulatedTime } from "./runtime/simulated-time.ts";
import { StoreWatch } from "./runtime/store-watch.ts";
import { Connection, type ConnectionPort } from "./session/connection.ts";
import { FollowedStore } from "./session/followed-store.ts";
import { Lockouts } from "./session/lockouts.ts";
import { type OpenSession, openSessions } from "./session/open-session.ts";
import { RelayOffice, relayedFrom } from "./session/relay.ts";
import { type Handover, RelayLink } from "./session/relay-link.ts";
import { mayHave, type Route, routeOf } from "./session/route.ts";
import { RowWriter } from "./session/row-writer.ts";
import type { MeterStore } from "./store-port.ts";

export interface ServerOptions {
  /** The meter that gets the requests (its SAPs are the server addresses), or a function that selects it. */
  readonly meters: Meter | Route;
  /** The clock of the machine, for links and timeouts. */
  readonly clock: Clock & Partial<WallClock>;
  /** The time of day of the meters; that of `clock` by default (that of the machine if `clock` has no time of day). */
  readonly time?: SimulatedTime;
  /** The cryptographic provider: pure JavaScript (`noble`) by default; `@dlmskit/security/node` is faster on Node. */
  readonly provider?: CryptoProvider;
  /** The random generator; that of the platform by default. */
  readonly random?: Random;
  readonly store?: MeterStore;
  /** What happens to a client whose meter is served by another process; by default the client waits for 5 s. */
  readonly held?: Partial<HeldPolicy>;
  readonly interceptors?: readonly Interceptor[];
  /** Taps see the messages on connections and can change, drop or delay them. Each tap sees the messages that the previous one passes. */
  readonly taps?: readonly Tap[];
  /** Replaces the data link of each connection, for example with a line that loses octets or a trace. `route`: its route. */
  readonly alterLink?: (link: Link, route: Route) => Link;
  readonly limits?: Partial<Limits>;
  /** Sends the notifications of meters. Without this option they stay in the queue of the store; without a store they are lost. */
  readonly push?: PushOptions;
  readonly events?: (event: ServerEvent) => void;
  /** Counts what the server does: `prometheus()` of `@dlmskit/server/prometheus`, or your own implementation. */
  readonly metrics?: Metrics;
}

/** Serves meters on connections, with a session for each client and logical device. */
export class Server implements Disposable {
  readonly #options: ServerOptions;
  readonly #route: Route;
  readonly #counts = new EventCounts();
  readonly #connections = new Set<Connection>();
  readonly #residents = new Set<Meter>();
  readonly #used = new Set<Meter>();
  readonly limits: Limits;
  readonly #environment: Environment;
  readonly #base: ConnectionPort;
  /** For sessions that another process handed over: they are not handed over again. */
  readonly #last: ConnectionPort;
  readonly #watch: StoreWatch | undefined;
  readonly #pushing: Pushing | undefined;
  readonly #followed: FollowedStore | undefined;
  #closed = false;

  /** Fault `bad-held-policy`: sessions are to be forwarded, but no option says how to reach another process. */
  constructor(options: ServerOptions) {
    this.#options = options;
    const { meters, clock, provider = noble, random = platformRandom, interceptors = [] } = options;
    const time = options.time ?? new SimulatedTime({ source: () => clock.instant?.() ?? Date.now() });
    this.#route = routeOf(meters);
    const recovered = (after: number): void => this.#tell({ type: "store-recovered", after });
    this.#watch = options.store && new StoreWatch({ store: options.store, clock, recovered });
    const store = this.#watch?.store;
    const limits = { ...defaultLimits, ...options.limits };
    this.limits = limits;
    this.#environment = {
      ...{ clock, time, provider, random, store, held: { ...defaultHeld, ...options.held }, taken: new Map() },
      connectionRows: store && new RowWriter({ store, clock, failed: (error) => this.#rowFailed(error) }),
      metrics: options.metrics && guarded(options.metrics),
      agenda: new Agenda(clock, time),
      hooks: new HookLimit(clock, limits.hook),
      reach: compose(interceptors, (call) => perform(call, canProtect)),
      failed: (meter, what, error) => this.#tell({ type: "hook-failed", meter: meter.name, what, error }),
      storeFailed: (meter, what, error) => this.#tell({ type: "store-failed", meter: meter.name, what, error }),
      notified: (meter, messages) => this.#pushing?.notified(meter, messages),
      associated: (meter, client) => this.#pushing?.associated(meter, client),
      powerChanged: (meter, on) => this.#powerChanged(meter, on),
      lost: (meter) => this.#lost(meter),
    };
    this.#last = {
      environment: this.#environment,
      limits,
      lockouts: new Lockouts(limits, random),
      pacer: new Pacer(clock),
      shares: new FairShare(clock),
      tap: allTaps(options.taps ?? []),
      relays: undefined,
      left: (meter) => this.#leaving(meter),
      users: (meter) => [...this.#connections].filter((one) => one.uses(meter)).length,
      closed: (connection, fault) => this.#closedOne(connection, fault),
      tell: (event) => this.#tell(event),
    };
    this.#base = { ...this.#last, relays: this.#relays() };
    if (store !== undefined) {
      const end = (id: number): void => void this.end(({ connectionId }) => connectionId === id);
      this.#followed = new FollowedStore(
        { ...store, ...onChangeOf(options.store) },
        {
          ...{ environment: this.#environment, end, tell: (event) => this.#tell(event) },
        },
      );
    }
    if (options.push !== undefined) this.#pushing = this.#newPushing(options.push);
    if (typeof meters !== "function") this.run(meters);
  }

  #newPushing(options: PushOptions): Pushing {
    const port = {
      environment: this.#environment,
      store: this.#environment.store,
      residents: this.#residents,
      adopt: (meter: Meter) => this.adopt(meter),
      tell: (event: ServerEvent) => this.#tell(event),
    };
    return new Pushing(port, options);
  }

  #relays(): RelayOffice | undefined {
    const { clock, held } = this.#environment;
    if (held.whenHeld !== "forward") return undefined;
    const { dial, heldFor } = held;
    if (dial === undefined) {
      throw new Fault("bad-held-policy", "sessions cannot be forwarded: `held.dial` is missing", {
        layer: "server",
        hint: "give `held.dial`, or use `serve`, which uses TCP",
      });
    }
    const forwarded = ({ address, meter, remote }: Handover, to: string): void =>
      this.#tell({ type: "forwarded", remote, address, meter, to });
    return new RelayOffice({ dial, clock, heldFor, forwarded });
  }

  /** Gives a meter the environment of this server. Every meter that a route selects gets it too. */
  adopt(meter: Meter): Meter {
    meter.runOn(this.#environment);
    return meter;
  }

  /** The time of day of the meters. */
  get time(): SimulatedTime {
    return this.#environment.time;
  }

  /** Whether a link should answer this address at all. `route`: the route of its requests, if it differs from that of the server. */
  knows(address: LinkAddress, route: Route = this.#route): boolean {
    // Meters behind a gateway may have any logical device.
    if (route.gateway?.accepts(address) === true) return true;
    const found = route(address);
    return found !== undefined && this.adopt(found.meter).powered && mayHave(found.meter, found.device);
  }

  /** What the listeners do when there are too many connections. */
  get listenLimits(): { readonly maxPerHost: number; readonly giveWay: boolean } {
    return { maxPerHost: this.limits.connectionsPerHost, giveWay: true };
  }

  /** Number of events of each kind. */
  get counts(): { readonly [name: string]: number } {
    return this.#counts.counts;
  }

  /** The associations that are open or being opened. */
  get sessions(): readonly OpenSession[] {
    return openSessions(this.#connections).map(({ open }) => open);
  }

  /**
   * Ends the associations for which `which` returns true, as if their clients had released them. Nothing is sent, and the connection
   * stays open for another AARQ. Returns how many associations ended.
   */
  end(which: (session: OpenSession) => boolean): number {
    const found = openSessions(this.#connections).filter(({ open }) => which(open));
    for (const { session } of found) session.giveWay();
    return found.length;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Runs the tasks of a meter and the timed actions of its objects. A single meter runs from the start. A `Timed` is something else
   * on the same agenda, such as the actions that are due for the idle meters of a fleet. A second call with the same argument says
   * that its first due time has changed.
   */
  run(meter: Meter | Timed): void {
    if (this.#closed) return;
    if (!(meter instanceof Meter)) {
      this.#environment.agenda.add(meter);
      this.#environment.agenda.changed(meter);
      return;
    }
    if (this.#residents.has(meter)) return;
    this.#residents.add(meter);
    this.#reside(meter);
  }

  #reside(meter: Meter): void {
    meter.runOn(this.#environment);
    meter.reside()?.catch((error: unknown) => {
      this.#environment.storeFailed(meter, "loading", error);
      meter.dismiss();
      // Another process has the meter, or the store cannot be reached: try again until this server has the meter.
      const { clock } = this.#environment;
      if (!this.#closed) clock.at(clock.now() + 1000, () => this.#residents.has(meter) && this.#reside(meter));
    });
  }

  #powerChanged(meter: KnownMeter, on: boolean): void {
    this.#tell({ type: on ? "power-restored" : "power-lost", meter: meter.name });
    if (on) return;
    for (const connection of [...this.#connections]) connection.powerLost(meter);
  }

  /** Another process has taken a meter that runs here: this server takes it again when it is free. */
  #lost(known: KnownMeter): void {
    if (!(known instanceof Meter) || !this.#residents.has(known)) return;
    known.dismiss();
    this.#reside(known);
  }

  /** The row can belong to any meter. */
  #rowFailed(error: unknown): void {
    this.#tell({ type: "store-failed", meter: "", what: "connections", error });
  }

  /** Counts an event from outside the server and passes it to `events`: changed rows, for example. */
  tell(event: ServerEvent): void {
    this.#tell(event);
  }

  #tell(event: ServerEvent): void {
    this.#counts.count(event);
    this.#environment.metrics?.event(event);
    try {
      this.#options.events?.(event);
    } catch {
      // Errors thrown by a listener are ignored.
    }
  }

  /** Reports to `events` that your own listener failed or rejected a connection. `serve` does this for its listeners. */
  listenerFailed(listener: string, fault: Fault): void {
    this.#tell({ type: "listener-failed", listener, fault });
  }

  /** Serves a connection through `link`, the server side of a data link. `route`: its route, if it differs from that of the server. */
  accept(duplex: Duplex, link: Link, route: Route = this.#route): void {
    this.#accept(duplex, link, route, this.#base);
  }

  /**
   * Takes a connection on which another process hands over a session of a client whose meter this one has (`held`). Its client
   * is authenticated here like any other client, but its remote address is trusted, so that only the other processes
   * may reach this listener.
   */
  acceptRelayed(duplex: Duplex): void {
    const link: RelayLink = new RelayLink({ has: (handover) => this.#holds(handover) !== undefined });
    const route: Route = () => link.handover && this.#holds(link.handover);
    this.#accept(relayedFrom(duplex, link), link, route, this.#last);
  }

  /** The meter of a session, if this process has the meter now. */
  #holds({ meter: id, device }: Handover): ReturnType<Route> {
    const { taken, held } = this.#environment;
    const meter = taken.get(id);
    const own = meter === undefined ? held.own?.(id) : undefined;
    if (own instanceof Meter && mayHave(own, device)) return { meter: this.adopt(own), device };
    if (!(meter instanceof Meter) || meter.live.lost || !mayHave(meter, device)) return undefined;
    return { meter, device };
  }

  #accept(duplex: Duplex, link: Link, route: Route, port: ConnectionPort): void {
    this.#tell({ type: "opened", remote: duplex.remote });
    if (route.only !== undefined) this.adopt(route.only);
    const connection = new Connection(duplex, this.#options.alterLink?.(link, route) ?? link, port, route);
    this.#connections.add(connection);
    connection.start();
  }

  #closedOne(connection: Connection, fault: Fault | undefined): void {
    this.#connections.delete(connection);
    for (const meter of connection.meters) this.#leaving(meter);
    this.#tell({ type: "closed", remote: connection.remote, ...(fault === undefined ? {} : { fault }) });
  }

  #leaving(meter: Meter): void {
    if (this.#environment.store === undefined || this.#used.has(meter)) return;
    this.#used.add(meter);
    Promise.resolve()
      .then(() => meter.settled())
      .then(
        () => this.#used.delete(meter),
        () => this.#used.delete(meter),
      );
  }

  /**
   * Ends every connection and the timed actions of all meters. `settled` resolves when everything is kept. Hooks that are in progress
   * get one more second.
   */
  close(): void {
    this.#closed = true;
    this.#pushing?.close();
    this.#watch?.close();
    this.#followed?.close();
    this.#environment.agenda.close();
    this.#environment.hooks.close();
    for (const connection of this.#connections) connection.destroy();
    for (const meter of this.#residents) {
      meter.dismiss();
      this.#leaving(meter);
    }
    this.#residents.clear();
  }

  /** Resolves when all work in progress is kept and meters without users are released. */
  async settled(): Promise<void> {
    if (this.#pushing !== undefined) await this.#pushing.settled();
    while (this.#used.size > 0) await Promise.all([...this.#used].map((meter) => meter.settled()));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Whether this association can protect its answers in the required way. */
function canProtect(call: Call, { authenticated, encrypted, signed }: ReturnType<typeof responseProtection>): boolean {
  const { association, meter } = call;
  if ((authenticated || encrypted || signed) && association?.security.ciphered !== true) return false;
  if (!signed) return true;
  return (
    association !== undefined &&
    meter instanceof Meter &&
    meter.state(association).credentials.privateKeys.digitalSignature !== undefined
  );
}

const onChangeOf = (store: MeterStore | undefined): Pick<MeterStore, "onChange"> => {
  const onChange = store?.onChange;
  return onChange === undefined ? {} : { onChange: (listener) => onChange.call(store, listener) };
};
