import type { LinkAddress } from "@dlmskit/core";
import type { Meter } from "../meter/meter.ts";
import type { KnownMeter } from "../meter/meter-identity.ts";
import type { Conversation } from "./conversation.ts";
import { sooner } from "./deadline.ts";
import { Forwarded } from "./forwarded.ts";
import { ignored } from "./ignored.ts";
import { guessedAt, type Route, reachedAt } from "./route.ts";
import { Session } from "./session.ts";
import type { SessionPort } from "./session-port.ts";
import { UnprovenPlaces } from "./unproven.ts";
import type { Caller } from "./waiting-room.ts";

// ms until a conversation is looked at again that is idle for too long but waits for an answer.
const lookAgain = 1000;

const linkOf = ({ client, server, physical }: LinkAddress): string => `${client} ${server} ${physical ?? ""}`;

export const keyOf = (address: LinkAddress): string => {
  const { gateway } = address;
  const link = linkOf(address);
  if (gateway === undefined) return link;
  // Called for each APDU: a text of one character for each octet is made faster than hex.
  return `${link} ${gateway.networkId} ${String.fromCharCode(...gateway.physicalDeviceAddress)}`;
};

/** Whether both addresses are on the same data link. */
const sharesLink = (one: LinkAddress, other: LinkAddress): boolean =>
  one.client === other.client && one.server === other.server && one.physical === other.physical;

export interface ConversationsPort extends SessionPort {
  readonly route: Route;
  /** Returns the meter at an address, if it has power and may have the logical device. */
  found(address: LinkAddress): ReturnType<Route>;
  /** Whether a PDU waits until its meter is loaded, because its logical device is not known before. */
  waits(meter: Meter, caller: Caller): boolean;
  /** Starts to use a meter on this connection; false: the meter has its maximum number of connections. */
  meet(meter: Meter): boolean;
  /** Nobody answers a request. */
  nobody(caller: Caller): void;
  /** A meter behind this gateway is no longer used by a client. */
  left(meter: Meter): void;
}

/** The conversations of one connection, by their addresses. */
export class Conversations {
  readonly #port: ConversationsPort;
  readonly #all = new Map<string, Conversation>();
  /** The conversation of the last PDU. */
  #last: Conversation | undefined;

  constructor(port: ConversationsPort) {
    this.#port = port;
  }

  [Symbol.iterator](): Iterator<Conversation> {
    return this.#all.values();
  }

  get size(): number {
    return this.#all.size;
  }

  at(address: LinkAddress): Conversation | undefined {
    return this.#all.get(keyOf(address));
  }

  /**
   * The conversation of a caller, a new one if necessary; undefined: nobody answers, or the request waits. `guess`: the process that
   * has the meter will determine the logical device.
   */
  with(caller: Caller, guess: boolean): Conversation | undefined {
    const last = this.#last;
    // Most connections have one client, and its link gives the same object again.
    if (last?.address === caller.address && !last.closed && !last.moved) return last;
    const key = keyOf(caller.address);
    const there = this.#all.get(key);
    this.#last = there;
    if (there !== undefined && !there.closed && !there.moved) return there;
    this.#remove(key);
    const begun = this.#begun(caller, guess);
    if (begun !== undefined) this.#all.set(key, begun);
    return begun;
  }

  #begun(caller: Caller, guess: boolean): Conversation | undefined {
    const { address, broadcast } = caller;
    const port = this.#port;
    const { gateway } = port.route;
    const upstream = gateway?.upstream(address);
    if (gateway !== undefined && upstream !== undefined) {
      const unproven = port.forgeable ? UnprovenPlaces.of(gateway) : undefined;
      const { silent } = gateway;
      if (this.#makeRoom(address)) return new Forwarded(port, { address, upstream, silent, unproven });
      port.nobody(caller);
      return undefined;
    }
    // A broadcast to all stations goes to the management logical device of the meter, which does not answer.
    const found = port.found(address) ?? (broadcast ? port.found({ ...address, server: 1 }) : undefined);
    if (found !== undefined && !guess && port.waits(found.meter, caller)) return undefined;
    const reached = found && (guess ? guessedAt : reachedAt)(found.meter, found.device, address.client);
    // No meter has this address. Do not answer: on a shared line it would collide with another meter's frame.
    if (reached === undefined) port.tell(ignored(port.remote, "address", address));
    if (reached === undefined || !this.#makeRoom(address)) {
      port.nobody(caller);
      return undefined;
    }
    // The gateway has the connection, not the meter behind it.
    if (address.gateway === undefined && !port.meet(reached.meter)) return undefined;
    return new Session(port, address, reached);
  }

  /** Makes room for one more: ends the oldest without an association or waiting requests. False: there is none. */
  #makeRoom({ gateway }: LinkAddress): boolean {
    const { sessionsPerConnection, sessionsPerGateway } = this.#port.limits;
    // Meters behind the gateway take no places of the gateway's own meter.
    const isAlike = (one: Conversation): boolean => (one.address.gateway === undefined) === (gateway === undefined);
    const most = gateway === undefined ? sessionsPerConnection : sessionsPerGateway;
    if (this.#all.size < most || [...this.#all.values()].filter(isAlike).length < most) return true;
    for (const [key, one] of this.#all) {
      if (!isAlike(one) || one.open || one.busy) continue;
      this.#remove(key);
      return true;
    }
    return false;
  }

  #remove(key: string): void {
    const one = this.#all.get(key);
    if (one === undefined) return;
    one.close();
    this.#all.delete(key);
    if (this.#last === one) this.#last = undefined;
    if (one.address.gateway !== undefined && one.meter !== undefined) this.#port.left(one.meter);
  }

  /** Ends those of a data link, with all meters behind a gateway there. Undefined: all. */
  endAt(address: LinkAddress | undefined): void {
    if (address?.gateway !== undefined) this.#remove(keyOf(address));
    else {
      for (const [key, one] of [...this.#all]) {
        if (address === undefined || sharesLink(one.address, address)) this.#remove(key);
      }
    }
  }

  endOf(meter: KnownMeter): void {
    for (const [key, one] of [...this.#all]) if (one.meter === meter) this.#remove(key);
  }

  /** Whether an answer on the data link of an address is still to come. Meters behind a gateway share one data link. */
  owesAt(address: LinkAddress): boolean {
    for (const one of this.#all.values()) if (one.owes && sharesLink(one.address, address)) return true;
    return false;
  }

  /** The data links on which no answer is to come, each by one address. */
  get quietLinks(): readonly LinkAddress[] {
    const quiet = new Map<string, LinkAddress>();
    const owing = new Set<string>();
    for (const { address, owes } of this.#all.values()) {
      const link = linkOf(address);
      if (owes) owing.add(link);
      else quiet.set(link, address);
    }
    return [...quiet].filter(([link]) => !owing.has(link)).map(([, address]) => address);
  }

  get anyFull(): boolean {
    for (const { full } of this.#all.values()) if (full) return true;
    return false;
  }

  get anyBusy(): boolean {
    for (const { busy } of this.#all.values()) if (busy) return true;
    return false;
  }

  /** Whether a client has an association, or waits for an answer. */
  get anyUsed(): boolean {
    for (const { kept, owes } of this.#all.values()) if (kept || owes) return true;
    return false;
  }

  /** Time of the last PDU of any client, ms; 0: there was none. */
  get lastActivity(): number {
    let last = 0;
    for (const { lastActivity } of this.#all.values()) last = Math.max(last, lastActivity);
    return last;
  }

  /** Does what is due. Returns when something is due next, ms. */
  expire(now: number): number | undefined {
    let next: number | undefined;
    for (const [key, one] of [...this.#all]) {
      one.expire(now);
      if (this.#idleAt(one, now)) this.#remove(key);
      else next = sooner(next, sooner(one.deadline, this.#lookAt(one, now)));
    }
    return next;
  }

  /** When to look whether a conversation is idle, ms: one that still waits for an answer is looked at again later. */
  #lookAt(one: Conversation, now: number): number | undefined {
    const at = this.idleAt(one);
    return at === undefined || at > now ? at : now + lookAgain;
  }

  #idleAt(one: Conversation, now: number): boolean {
    const at = this.idleAt(one);
    return at !== undefined && at <= now && !one.owes;
  }

  /** When a meter behind a gateway was silent for too long, ms: it has no data link that could end. Undefined: it may be silent. */
  idleAt({ address, lastActivity }: Conversation): number | undefined {
    const { inactivity } = this.#port.limits;
    return address.gateway === undefined || inactivity === 0 ? undefined : lastActivity + inactivity;
  }
}
