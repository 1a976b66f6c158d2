import { type DisconnectReason, Fault, type Link, type LinkAddress, type Unasked } from "@dlmskit/core";
import { type Duplex, type Gate, LinkPump, type PumpHandlers, type PumpTimers } from "@dlmskit/transport";
import type { ServerEvent } from "../events.ts";
import type { Meter } from "../meter/meter.ts";
import type { KnownMeter } from "../meter/meter-identity.ts";
import type { FairShare, Share } from "../runtime/fair-share.ts";
import { AnswerCredit, withheld } from "./answer-credit.ts";
import { breakOff, noAssociation } from "./break-off.ts";
import { ignored } from "./ignored.ts";
import { connectionSettingsOf, hdlcSettingsOf, longerSilence, noConnectionLeft } from "./link-setup.ts";
import { linkTap } from "./link-tap.ts";
import { makeRoom } from "./make-room.ts";
import { guessedAt, hasMoved, mayHave, type Route, reachedAt } from "./route.ts";
import { Session } from "./session.ts";
import type { SessionPort } from "./session-port.ts";
import { type Caller, loadFirst, WaitingRoom } from "./waiting-room.ts";

/** What all connections of a server have alike. */
export interface ConnectionPort
  extends Pick<SessionPort, "environment" | "limits" | "lockouts" | "pacer" | "tap" | "relays" | "tell"> {
  readonly shares: FairShare;
  /** How many connections over TCP use a meter. */
  users(meter: Meter): number;
  closed(connection: Connection, fault: Fault | undefined): void;
}

const keyOf = ({ client, server, physical }: LinkAddress): string => `${client} ${server} ${physical ?? ""}`;

// first: no association was opened yet. inactivity: the client says nothing. sessions: the first deadline of a session.
const timers = ["first", "inactivity", "sessions"] as const;
type Timer = (typeof timers)[number];

/**
 * One transport connection and its sessions, with one timer for all of them. What a session needs it gets here, and not from an object
 * with a function each: that would take half a KiB more, for each connection.
 */
export class Connection implements SessionPort {
  readonly #base: ConnectionPort;
  readonly #pump: LinkPump<Link, Timer>;
  readonly #side: PumpHandlers & Gate & PumpTimers<Timer>;
  readonly #route: Route;
  readonly #sessions = new Map<string, Session>();
  /** The meters that were spoken to: mostly one, for which a Set takes more memory. */
  meters: readonly Meter[] = [];
  readonly share: Share;
  /** Where a client comes from can be forged, until it has authenticated. */
  readonly forgeable: boolean;
  #ending = false;
  /** ms for which the client may say nothing; 0: for ever. */
  #silence: number;
  /** PDUs for meters that are loaded first; undefined: none had to wait. */
  #waiting: WaitingRoom | undefined;
  /** What is answered to a source that can be forged; undefined: as much as there is to say. */
  #credit: AnswerCredit | undefined;

  constructor(duplex: Duplex, link: Link, base: ConnectionPort, route: Route) {
    const { limits, shares, tap } = base;
    const { clock } = base.environment;
    this.#base = base;
    this.forgeable = duplex.datagrams === true;
    if (this.forgeable && limits.datagramAnswer > 0) this.#credit = new AnswerCredit(limits.datagramAnswer);
    this.share = shares.share(this);
    this.#route = route;
    this.#side = new Connection.#PumpSide(this);
    this.#pump = new LinkPump<Link, Timer>({
      ...{ link, duplex, clock, gate: this.#side, timers: this.#side },
      ...(tap === undefined ? {} : { tap: linkTap(tap, duplex.remote) }),
    });
    const { timers: set } = this.#pump;
    if (limits.firstAssociation > 0) set.set("first", clock.now() + limits.firstAssociation);
    this.#silence = limits.inactivity;
    if (limits.inactivity > 0) set.set("inactivity", clock.now() + limits.inactivity);
    link.follow?.((address) => this.#settingsAt(address));
  }

  /** Begins to take what comes. It may have ended when this returns. */
  start(): void {
    this.#pump.start(this.#side);
    const { only } = this.#route;
    if (only !== undefined && connectionSettingsOf(only) !== undefined && only.hasLoaded) this.#meet(only);
  }

  /** What the pump is given: one object, since eight functions would take half a KiB of each connection. */
  static readonly #PumpSide = class PumpSide implements PumpHandlers, Gate, PumpTimers<Timer> {
    readonly #connection: Connection;
    readonly names = timers;

    constructor(connection: Connection) {
      this.#connection = connection;
    }

    received(pdu: Uint8Array, address: LinkAddress, broadcast: boolean): void {
      this.#connection.#received(pdu, address, broadcast);
    }

    disconnected(_: DisconnectReason, address?: LinkAddress): void {
      this.#connection.#disconnected(address);
    }

    dropped(why: string, _: Uint8Array, address?: LinkAddress): void {
      this.#connection.tell(ignored(this.#connection.remote, why, address));
    }

    ended(): void {
      this.#connection.#ended();
    }

    closed(fault?: Fault): void {
      const connection = this.#connection;
      connection.#disconnected(undefined);
      connection.#waiting?.clear();
      connection.share.close();
      connection.#base.closed(connection, fault);
    }

    enter(first: boolean): boolean {
      return this.#connection.#hasRoom && this.#connection.share.enter(first);
    }

    took(ms: number): void {
      this.#connection.share.took(ms);
      this.#connection.#endUnused();
    }

    due(name: Timer, now: number): void {
      this.#connection.#due(name, now);
    }
  };

  get remote(): string {
    return this.#pump.remote;
  }

  get environment() {
    return this.#base.environment;
  }

  get limits() {
    return this.#base.limits;
  }

  get lockouts() {
    return this.#base.lockouts;
  }

  get pacer() {
    return this.#base.pacer;
  }

  get relays() {
    return this.#base.relays;
  }

  get tap() {
    return this.#base.tap;
  }

  tell(event: ServerEvent): void {
    this.#base.tell(event);
  }

  destroy(): void {
    this.#pump.destroy();
  }

  broken(fault: Fault, address?: LinkAddress): void {
    if (fault.code === "port-locked" && address !== undefined) {
      this.#disconnected(address);
      // Others on the line go on; a data link that is open is polled all the same.
      if (this.#sessions.size > 0) {
        this.#pump.yield(address);
        return;
      }
    }
    this.#pump.destroy(fault);
  }

  /** There is room again for what has arrived. */
  roomy(): void {
    this.#pump.goOn(true);
  }

  wake(deadline: number): void {
    const { timers: set } = this.#pump;
    if (deadline < (set.get("sessions") ?? Number.POSITIVE_INFINITY)) set.set("sessions", deadline);
  }

  /** Its turn has come. */
  goOn(): void {
    this.#pump.goOn();
  }

  /** Whether what arrives can be taken: no client has as much waiting as it may. */
  get #hasRoom(): boolean {
    if ((this.#waiting?.size ?? 0) >= Math.max(1, this.limits.outstandingRequests)) return false;
    for (const session of this.#sessions.values()) if (session.full) return false;
    return true;
  }

  opened(authenticated: boolean): void {
    this.#pump.timers.clear("first");
    this.#pump.duplex.setRank?.(authenticated ? 2 : 1);
    // The answer to a challenge cannot come from a source that is forged.
    if (authenticated) this.#credit = undefined;
  }

  send(pdu: Uint8Array, address: LinkAddress): void {
    if (this.#credit?.spend(pdu) !== false) {
      this.environment.metrics?.sent(pdu);
      this.#pump.send(pdu, address);
      return;
    }
    this.#sessions.get(keyOf(address))?.refused(withheld(pdu));
  }

  notify(unasked: Unasked, address: LinkAddress): void {
    this.#pump.notify(unasked, address);
  }

  /** A datagram source with which nothing is open is forgotten: anybody can make up any number of them. */
  #endUnused(): void {
    if (!this.forgeable || this.#isAwaited) return;
    for (const { kept, owes } of this.#sessions.values()) if (kept || owes) return;
    this.#pump.destroy();
  }

  #found(address: LinkAddress): ReturnType<Route> {
    const found = this.#route(address);
    found?.meter.runOn(this.environment);
    // A meter without power is as good as not there.
    return found?.meter.powered === true && mayHave(found.meter, found.device) ? found : undefined;
  }

  #received(pdu: Uint8Array, address: LinkAddress, broadcast: boolean): void {
    this.#credit?.earn(pdu);
    this.environment.metrics?.received(pdu);
    const caller = { pdu, address, broadcast };
    if (this.#waiting?.join(keyOf(address), caller) !== true) this.#called(caller);
  }

  /** `guess`: the process that has the meter will know which of its logical devices is asked. */
  #called(caller: Caller, guess = false): void {
    const { pdu, address, broadcast } = caller;
    const key = keyOf(address);
    let session = this.#sessions.get(key);
    if (session === undefined || session.closed || hasMoved(session.reached)) {
      session?.close();
      this.#sessions.delete(key);
      // To all stations: the management logical device speaks for the meter, and does not answer.
      const found = this.#found(address) ?? (broadcast ? this.#found({ ...address, server: 1 }) : undefined);
      if (found !== undefined && !guess && this.#waits(found.meter, caller)) return;
      const reached = found && (guess ? guessedAt : reachedAt)(found.meter, found.device, address.client);
      // No meter has this address. Do not answer: on a shared line it would collide with another meter's frame.
      if (reached === undefined) this.tell(ignored(this.remote, "address", address));
      if (reached === undefined || !makeRoom(this.#sessions, this.limits.sessionsPerConnection)) {
        // A data link that is open is polled all the same.
        this.#pump.yield(address);
        return;
      }
      if (!this.#meet(reached.meter)) return;
      session = new Session(this, address, reached);
      this.#sessions.set(key, session);
    }
    session.receive(pdu, broadcast);
    if (!session.owes) this.#pump.yield(address);
  }

  /** Whether it takes a place among the connections that a meter may have. */
  uses(meter: Meter): boolean {
    return this.#overTcp && this.meters.includes(meter);
  }

  get #overTcp(): boolean {
    return !this.forgeable && this.#pump.link.setInactivity !== undefined;
  }

  /** The connection begins to use a meter, as its TCP-UDP setup says now; false: the meter has as many connections as it may. */
  #meet(meter: Meter): boolean {
    if (this.meters.includes(meter)) return true;
    const settings = this.forgeable || this.#overTcp ? connectionSettingsOf(meter) : undefined;
    if (settings !== undefined && this.#overTcp && this.#base.users(meter) >= settings.most) {
      this.#pump.destroy(noConnectionLeft(meter, settings.most));
      return false;
    }
    const first = this.meters.length === 0;
    this.meters = this.meters.concat(meter);
    if (settings === undefined) return true;
    this.#allowSilence(first ? settings.inactivity : longerSilence(this.#silence, settings.inactivity));
    this.#pump.setInactivity(this.#silence);
    return true;
  }

  #allowSilence(ms: number): void {
    this.#silence = ms;
    const { timers: set } = this.#pump;
    if (ms === 0) set.clear("inactivity");
    else set.set("inactivity", this.environment.clock.now() + ms);
  }

  /** What holds on a data link that begins at an address. */
  #settingsAt(address: LinkAddress) {
    const meter = this.#found(address)?.meter;
    if (meter === undefined) return undefined;
    // A meter that cannot be loaded does not answer: the client tries again.
    const failed = (error: unknown): void => this.environment.storeFailed(meter, "loading", error);
    if (loadFirst(meter, () => this.#pump.settled(address), failed)) return "later";
    const settings = hdlcSettingsOf(meter);
    if (settings !== undefined) this.#allowSilence(longerSilence(this.#silence, settings.inactivity));
    return settings;
  }

  /** Whether a PDU waits until its meter is loaded, as only then it is known where it goes. */
  #waits(meter: Meter, caller: Caller): boolean {
    const key = keyOf(caller.address);
    const goOn = (guess: boolean): void => {
      for (const one of this.#waiting?.leave(key) ?? []) this.#called(one, guess);
      this.#pump.goOn(true);
      this.quiet();
    };
    const failed = (error: unknown): void => {
      if (this.relays !== undefined && error instanceof Fault && error.code === "meter-held") goOn(true);
      else if (this.#waiting?.leave(key).length !== 0)
        breakOff(this, { meter, address: caller.address }, "loading", error);
    };
    if (!loadFirst(meter, () => goOn(false), failed)) return false;
    this.#waiting ??= new WaitingRoom();
    this.#waiting.open(key, caller);
    return true;
  }

  get #isAwaited(): boolean {
    return (this.#waiting?.size ?? 0) > 0;
  }

  /** Nothing waits any more: a client whose request was not answered gets the turn of its link back. */
  quiet(): void {
    for (const session of this.#sessions.values()) if (!session.owes) this.#pump.yield(session.address);
    this.#endWhenQuiet();
    this.#endUnused();
  }

  #disconnected(address: LinkAddress | undefined): void {
    const keys = address === undefined ? [...this.#sessions.keys()] : [keyOf(address)];
    for (const key of keys) {
      this.#sessions.get(key)?.close();
      this.#sessions.delete(key);
    }
  }

  get sessions(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** A meter that was spoken to has no power any more: its sessions end, and the connection where it has no others. */
  powerLost(meter: KnownMeter): void {
    for (const [key, session] of this.#sessions) {
      if (session.meter !== meter) continue;
      session.close();
      this.#sessions.delete(key);
    }
    if (this.meters.includes(meter as Meter) && this.#sessions.size === 0) this.#pump.destroy();
  }

  /** The client sends nothing more: what it asked is answered, then this side ends too. */
  #ended(): void {
    this.#ending = true;
    for (const session of this.#sessions.values()) session.ended();
    this.#endWhenQuiet();
  }

  #endWhenQuiet(): void {
    if (!this.#ending || this.#isAwaited || [...this.#sessions.values()].some(({ busy }) => busy)) return;
    this.#ending = false;
    this.#pump.end();
  }

  #due(name: Timer, now: number): void {
    if (name === "first") {
      this.#pump.destroy(noAssociation(this));
      return;
    }
    if (name === "inactivity") {
      const last = Math.max(0, ...[...this.#sessions.values()].map((session) => session.lastActivity));
      const due = last + this.#silence;
      if (this.#sessions.size > 0 && due > now) this.#pump.timers.set("inactivity", due);
      else this.#pump.close();
      return;
    }
    for (const session of this.#sessions.values()) {
      session.expire(now);
      if (!session.owes) this.#pump.yield(session.address);
    }
    for (const { deadline } of this.#sessions.values()) if (deadline !== undefined) this.wake(deadline);
  }
}
