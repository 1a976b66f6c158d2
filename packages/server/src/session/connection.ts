import { type DisconnectReason, Fault, type Link, type LinkAddress, type Unasked } from "@dlmskit/core";
import { type Duplex, type Gate, LinkPump, type PumpHandlers, type PumpTimers } from "@dlmskit/transport";
import type { ServerEvent } from "../events.ts";
import type { Meter } from "../meter/meter.ts";
import type { KnownMeter } from "../meter/meter-identity.ts";
import type { FairShare, Share } from "../runtime/fair-share.ts";
import { AnswerCredit, withheld } from "./answer-credit.ts";
import { breakOff, noAssociation } from "./break-off.ts";
import { Conversations, type ConversationsPort, keyOf } from "./conversations.ts";
import { noRequest, unreachableAnswer } from "./gateway-answers.ts";
import { ignored } from "./ignored.ts";
import { connectionSettingsOf, hdlcSettingsOf, longerSilence, noConnectionLeft } from "./link-setup.ts";
import { linkTap } from "./link-tap.ts";
import { prefixed, prefixedUnasked, unprefixed } from "./prefixed.ts";
import { mayHave, type Route } from "./route.ts";
import type { SessionPort } from "./session-port.ts";
import { type Caller, loadFirst, WaitingRoom } from "./waiting-room.ts";

/** The data that all connections of a server share. */
export interface ConnectionPort
  extends Pick<SessionPort, "environment" | "limits" | "lockouts" | "pacer" | "tap" | "relays" | "tell"> {
  readonly shares: FairShare;
  /** Returns the number of TCP connections that use a meter. */
  users(meter: Meter): number;
  /** Called when a meter behind this gateway is no longer used by a client. */
  left(meter: Meter): void;
  closed(connection: Connection, fault: Fault | undefined): void;
}

// first: no association was opened yet. inactivity: the client sends nothing. sessions: the first deadline of a session.
const timers = ["first", "inactivity", "sessions"] as const;
type Timer = (typeof timers)[number];

/**
 * One transport connection and its sessions, with one timer for all of them. It is also the port of its sessions: a separate object
 * with one function for each member would take half a KiB more for each connection.
 */
export class Connection implements ConversationsPort {
  readonly #base: ConnectionPort;
  readonly #pump: LinkPump<Link, Timer>;
  readonly #side: PumpHandlers & Gate & PumpTimers<Timer>;
  readonly route: Route;
  readonly sessions: Conversations;
  /** The meters that this connection has used. There is usually one, for which a Set takes more memory. */
  meters: readonly Meter[] = [];
  readonly share: Share;
  /** Whether the source of a client can be forged, until the client has authenticated. */
  readonly forgeable: boolean;
  #ending = false;
  /** Maximum time without data from the client, ms; 0: no limit. */
  #silence: number;
  /** PDUs for meters that must be loaded first; undefined: no PDU had to wait. */
  #waiting: WaitingRoom | undefined;
  /** Limits the answers to a source that can be forged; undefined: no limit. */
  #credit: AnswerCredit | undefined;

  constructor(duplex: Duplex, link: Link, base: ConnectionPort, route: Route) {
    const { limits, shares, tap } = base;
    const { clock } = base.environment;
    this.#base = base;
    this.forgeable = duplex.datagrams === true;
    if (this.forgeable && limits.datagramAnswer > 0) this.#credit = new AnswerCredit(limits.datagramAnswer);
    this.share = shares.share(this);
    this.route = route;
    this.sessions = new Conversations(this);
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

  /** Starts to receive. The connection may already have ended when this returns. */
  start(): void {
    this.#pump.start(this.#side);
    const { only } = this.route;
    if (only !== undefined && connectionSettingsOf(only) !== undefined && only.hasLoaded) this.meet(only);
  }

  /** The interface for the pump: one object, because eight functions would take half a KiB for each connection. */
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

    enter(first: boolean, now: number): boolean {
      return this.#connection.#hasRoom && this.#connection.share.enter(first, now);
    }

    took(ms: number, now: number): void {
      this.#connection.share.took(ms, now);
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
    if (address?.gateway !== undefined) {
      const unanswered = this.sessions.at(address)?.unanswered ?? noRequest;
      this.#disconnected(address);
      this.#cannotReach(address, unanswered);
      return;
    }
    if (fault.code === "port-locked" && address !== undefined) {
      this.#disconnected(address);
      // Other sessions on the line continue; an open data link is still polled.
      if (this.sessions.size > 0) {
        this.#pump.yield(address);
        return;
      }
    }
    this.#pump.destroy(fault);
  }

  /** There is room again for received PDUs. */
  roomy(): void {
    this.#pump.goOn(true);
  }

  wake(deadline: number): void {
    const { timers: set } = this.#pump;
    if (deadline < (set.get("sessions") ?? Number.POSITIVE_INFINITY)) set.set("sessions", deadline);
  }

  /** Called when it is the turn of this connection. */
  goOn(): void {
    this.#pump.goOn();
  }

  /** Whether PDUs can be received: no client has reached its limit of waiting requests. */
  get #hasRoom(): boolean {
    if ((this.#waiting?.size ?? 0) >= Math.max(1, this.limits.outstandingRequests)) return false;
    return !this.sessions.anyFull;
  }

  opened(authenticated: boolean): void {
    this.#pump.timers.clear("first");
    this.#pump.duplex.setRank?.(authenticated ? 2 : 1);
    // A forged source cannot answer a challenge.
    if (authenticated) this.#credit = undefined;
  }

  send(pdu: Uint8Array, address: LinkAddress): void {
    if (this.#credit?.spend(pdu) !== false) {
      this.environment.metrics?.sent(pdu);
      this.#pump.send(prefixed(pdu, address), address);
      return;
    }
    this.sessions.at(address)?.refused(withheld(pdu));
  }

  notify(unasked: Unasked, address: LinkAddress): void {
    this.#pump.notify(prefixedUnasked(unasked, address), address);
  }

  /** There is no answer at an address: a client that waits for its turn on the data link gets it, unless another meter answers there. */
  #yield(address: LinkAddress): void {
    if (this.#pump.link.yield !== undefined && !this.sessions.owesAt(address)) this.#pump.yield(address);
  }

  #yieldQuiet(): void {
    if (this.#pump.link.yield === undefined) return;
    for (const address of this.sessions.quietLinks) this.#pump.yield(address);
  }

  #cannotReach(address: LinkAddress, request: Uint8Array): void {
    const answer = unreachableAnswer(request);
    const silent = address.gateway === undefined || this.route.gateway?.silent !== false;
    if (silent || answer === undefined) this.#yield(address);
    else this.send(answer, address);
  }

  /** Removes a datagram source without an open association, because anybody can forge any number of sources. */
  #endUnused(): void {
    if (this.forgeable && !this.#isAwaited && !this.sessions.anyUsed) this.#pump.destroy();
  }

  found(address: LinkAddress): ReturnType<Route> {
    const found = this.route(address);
    found?.meter.runOn(this.environment);
    // A meter without power is treated as not present.
    return found?.meter.powered === true && mayHave(found.meter, found.device) ? found : undefined;
  }

  #received(pdu: Uint8Array, address: LinkAddress, broadcast: boolean): void {
    this.#credit?.earn(pdu);
    this.environment.metrics?.received(pdu);
    const caller = unprefixed(this.route, { pdu, address, broadcast });
    if (this.#waiting?.join(keyOf(caller.address), caller) !== true) this.#called(caller);
  }

  #called(caller: Caller, guess = false): void {
    const { pdu, address, broadcast } = caller;
    const session = this.sessions.with(caller, guess);
    if (session === undefined) return;
    session.receive(pdu, broadcast);
    const idleAt = this.sessions.idleAt(session);
    if (idleAt !== undefined) this.wake(idleAt);
    if (!session.owes) this.#yield(address);
  }

  nobody({ address, pdu, broadcast }: Caller): void {
    if (broadcast) this.#yield(address);
    else this.#cannotReach(address, pdu);
  }

  left(meter: Meter): void {
    this.#base.left(meter);
  }

  /** Whether this connection counts towards the maximum number of connections of a meter. */
  uses(meter: Meter): boolean {
    return this.#overTcp && this.meters.includes(meter);
  }

  get #overTcp(): boolean {
    return !this.forgeable && this.#pump.link.setInactivity !== undefined;
  }

  /** Starts to use a meter, by the current values of its TCP-UDP setup; false: the meter has its maximum number of connections. */
  meet(meter: Meter): boolean {
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

  /** The settings of a data link that is opened at an address. */
  #settingsAt(address: LinkAddress) {
    const meter = this.found(address)?.meter;
    if (meter === undefined) return undefined;
    // A meter that cannot be loaded does not answer, so the client tries again.
    const failed = (error: unknown): void => this.environment.storeFailed(meter, "loading", error);
    if (loadFirst(meter, () => this.#pump.settled(address), failed)) return "later";
    const settings = hdlcSettingsOf(meter);
    if (settings !== undefined) this.#allowSilence(longerSilence(this.#silence, settings.inactivity));
    return settings;
  }

  waits(meter: Meter, caller: Caller): boolean {
    const key = keyOf(caller.address);
    const goOn = (guess: boolean): void => {
      const callers = this.#waiting?.leave(key) ?? [];
      // An empty waiting room would take a fifth of a KiB of each connection.
      if (this.#waiting?.size === 0) this.#waiting = undefined;
      for (const one of callers) this.#called(one, guess);
      this.#pump.goOn(true);
      this.quiet();
    };
    const failed = (error: unknown): void => {
      if (this.relays !== undefined && error instanceof Fault && error.code === "meter-held") goOn(true);
      else {
        const callers = this.#waiting?.leave(key) ?? [];
        if (caller.address.gateway !== undefined) for (const one of callers) this.nobody(one);
        if (callers.length > 0) breakOff(this, { meter, address: caller.address }, "loading", error);
      }
    };
    if (!loadFirst(meter, () => goOn(false), failed)) return false;
    this.#waiting ??= new WaitingRoom();
    this.#waiting.open(key, caller);
    return true;
  }

  get #isAwaited(): boolean {
    return (this.#waiting?.size ?? 0) > 0;
  }

  /** No request waits any more: a client without an answer may send on its link again. */
  quiet(): void {
    this.#yieldQuiet();
    this.#endWhenQuiet();
    this.#endUnused();
  }

  #disconnected(address: LinkAddress | undefined): void {
    this.sessions.endAt(address);
  }

  /** A used meter has lost its power: its sessions end, and the connection too if it has no other sessions. */
  powerLost(meter: KnownMeter): void {
    this.sessions.endOf(meter);
    if (this.meters.includes(meter as Meter) && this.sessions.size === 0) this.#pump.destroy();
  }

  /** The client sends nothing more: its requests are answered, then this side also ends. */
  #ended(): void {
    this.#ending = true;
    for (const session of this.sessions) session.ended();
    this.#endWhenQuiet();
  }

  #endWhenQuiet(): void {
    if (!this.#ending || this.#isAwaited || this.sessions.anyBusy) return;
    this.#ending = false;
    this.#pump.end();
  }

  #due(name: Timer, now: number): void {
    if (name === "first") {
      this.#pump.destroy(noAssociation(this));
      return;
    }
    if (name === "inactivity") {
      const due = this.sessions.lastActivity + this.#silence;
      if (this.sessions.size > 0 && due > now) this.#pump.timers.set("inactivity", due);
      else this.#pump.close();
      return;
    }
    const next = this.sessions.expire(now);
    this.#yieldQuiet();
    if (next !== undefined) this.wake(next);
  }
}
