import type { Fault, LinkAddress } from "@dlmskit/core";
import type { Cancel, LinkPump } from "@dlmskit/transport";
import type { Limits } from "../limits.ts";
import type { Meter } from "../meter/meter.ts";
import type { Route } from "./route.ts";
import { Session, type SessionPort } from "./session.ts";

/** What all connections of a server have alike. */
export type ConnectionPort = Omit<SessionPort, "remote" | "send" | "quiet" | "broken">;

const keyOf = ({ client, server, physical }: LinkAddress): string => `${client} ${server} ${physical ?? ""}`;

/** One transport connection and its sessions. */
export class Connection {
  readonly #pump: LinkPump;
  readonly #port: SessionPort;
  readonly #limits: Limits;
  readonly #route: Route;
  readonly #sessions = new Map<string, Session>();
  readonly #meters = new Set<Meter>();
  #cancel: Cancel | undefined;
  #ending = false;

  constructor(pump: LinkPump, base: ConnectionPort, route: Route) {
    this.#pump = pump;
    this.#limits = base.limits;
    this.#route = route;
    this.#port = {
      ...base,
      // A connection that another process handed over tells later whose it is.
      get remote() {
        return pump.remote;
      },
      send: (pdu, address) => pump.send(pdu, address),
      quiet: () => this.#endWhenQuiet(),
      broken: (fault: Fault) => pump.destroy(fault),
    };
    this.#watch(base.environment.clock.now() + base.limits.inactivity);
  }

  received(pdu: Uint8Array, address: LinkAddress, broadcast: boolean): void {
    const key = keyOf(address);
    let session = this.#sessions.get(key);
    if (session === undefined) {
      // To all stations: the management logical device speaks for the meter, or rather it keeps silent.
      const found = this.#route(address) ?? (broadcast ? this.#route({ ...address, server: 1 }) : undefined);
      const device = found?.meter.template.devices.get(found.device);
      // No meter has this address. Do not answer: on a shared line it would collide with another meter's frame.
      if (found === undefined || device === undefined || this.#sessions.size >= this.#limits.sessionsPerConnection)
        return;
      session = new Session(this.#port, address, found.meter, device);
      this.#sessions.set(key, session);
      this.#meters.add(found.meter);
    }
    session.receive(pdu, broadcast);
  }

  /** The meters that were spoken to. */
  get meters(): Iterable<Meter> {
    return this.#meters;
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
    for (const session of this.#sessions.values()) session.ended();
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
    const { clock } = this.#port.environment;
    this.#cancel = clock.at(at, () => {
      const last = Math.max(0, ...[...this.#sessions.values()].map((session) => session.lastActivity));
      const due = last + this.#limits.inactivity;
      if (this.#sessions.size > 0 && due > clock.now()) this.#watch(due);
      else this.#pump.close();
    });
  }
}
