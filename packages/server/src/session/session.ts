import { type Incoming, type Negotiated, type Offer, Responder, type ResultsOf } from "@dlmskit/association";
import { Fault, type LinkAddress } from "@dlmskit/core";
import { type AssociationInformation, isLater } from "@dlmskit/cosem-objects";
import { dispatch, requiredProtection } from "../access/dispatch.ts";
import type { Tap } from "../access/taps.ts";
import type { ServerEvent } from "../events.ts";
import type { Limits } from "../limits.ts";
import type { Association } from "../meter/association-spec.ts";
import type { Environment } from "../meter/environment.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import type { Meter } from "../meter/meter.ts";
import type { Device } from "../meter/meter-template.ts";
import type { Pacer } from "../runtime/pacer.ts";
import { offerOf } from "../security/offer.ts";
import { serviceNamed } from "../services/table.ts";
import { ConnectionRow } from "./connection-row.ts";
import { HandedOver } from "./handed-over.ts";
import type { Lockouts } from "./lockouts.ts";
import type { RelayOffice } from "./relay.ts";
import { SessionTaps } from "./session-taps.ts";
import { type Arrived, Turns } from "./turns.ts";

/** What a session needs of the server and of its connection. */
export interface SessionPort {
  readonly environment: Environment;
  readonly limits: Limits;
  readonly lockouts: Lockouts;
  readonly pacer: Pacer;
  readonly tap: Tap | undefined;
  /** Where the client is; a connection that another process handed over tells it later. */
  remote(): string;
  /** Hands sessions over to the process that has their meter; undefined: they wait or are refused. */
  readonly relays: RelayOffice | undefined;
  tell(event: ServerEvent): void;
  send(pdu: Uint8Array, address: LinkAddress): void;
  /** Nothing waits any more. */
  quiet(): void;
  /** The connection cannot go on. */
  broken(fault: Fault): void;
  /** `expire` is to be called at that instant, ms of the machine's clock. */
  wake(deadline: number): void;
}

// These mechanisms have secrets that can be guessed; keys of mechanisms 5 and 7 cannot be.
const guessable = (mechanism: number): boolean => mechanism >= 1 && mechanism !== 5 && mechanism !== 7;

const lost = (why: string): Fault => new Fault("lease-lost", why, { layer: "server" });

/** One client with one logical device on one connection: its association and what it has asked. */
export class Session {
  readonly #port: SessionPort;
  readonly #address: LinkAddress;
  readonly #meter: Meter;
  readonly #device: Device;
  readonly #association: Association | undefined;
  readonly #turns: Turns;
  readonly #taps: SessionTaps | undefined;
  /** What is loaded of the meter for this session; undefined: nothing yet. */
  #live: LiveMeter | undefined;
  #leave: (() => void) | undefined;
  readonly #handedOver: HandedOver;
  #responder: Responder | undefined;
  #locked = false;
  #silent = false;
  #over: (() => void) | undefined;
  #row: ConnectionRow | undefined;
  #negotiated: Negotiated | undefined;
  #closed = false;
  /** ms on the machine's clock: the last PDU of the client. */
  lastActivity: number;

  constructor(port: SessionPort, address: LinkAddress, meter: Meter, device: Device) {
    this.#port = port;
    this.#address = address;
    this.#meter = meter;
    this.#device = device;
    this.#association = device.association(address.client);
    const closed = (): boolean => this.#closed;
    this.#turns = new Turns({
      most: port.limits.outstandingRequests,
      serve: ({ pdu, broadcast }) => this.receive(pdu, broadcast),
      idle: () => {
        if (!this.busy) port.quiet();
      },
      closed,
    });
    this.#handedOver = new HandedOver({
      handover: { meter: meter.id, device: device.sap, address, remote: port.remote() },
      enter: () => this.#wait(),
      gone: closed,
      answer: (pdu) => port.send(pdu, address),
      quiet: () => port.quiet(),
      ended: (fault) => port.broken(fault ?? lost("the process that has the meter ended the session")),
    });
    if (port.tap !== undefined) {
      const about = () => ({ remote: port.remote(), now: this.#now, meter, client: address.client });
      this.#taps = new SessionTaps({ tap: port.tap, about });
    }
    this.lastActivity = port.environment.clock.now();
  }

  /** Whether an association is open. */
  get open(): boolean {
    return this.#over !== undefined;
  }

  /** Requests that came and are not answered. */
  get busy(): boolean {
    return this.#turns.busy || this.#handedOver.serves;
  }

  get address(): LinkAddress {
    return this.#address;
  }

  /** Whether an answer may still come of what the client has sent. */
  get owes(): boolean {
    const delayed = this.#taps?.deadline !== undefined;
    return this.#turns.busy || this.#handedOver.owes || this.#responder?.suspended === true || delayed;
  }

  get #now(): number {
    return this.#port.environment.clock.now();
  }

  #newResponder(locked: boolean): Responder {
    const { environment, limits } = this.#port;
    const { provider, random } = environment;
    const taps = this.#taps;
    this.#locked = locked;
    const association = this.#association;
    const offer: Offer | undefined =
      association === undefined || locked
        ? undefined
        : offerOf(this.#meter.state(association), this.#meter.systemTitle);
    return new Responder({
      ...(offer === undefined ? {} : { offer }),
      provider,
      random,
      limits: { outstanding: limits.outstandingRequests },
      ...(taps === undefined ? {} : { tap: (way, apdu) => taps.plain(way, apdu) }),
    });
  }

  /** One PDU. It waits its turn while the meter is loaded, counters are reserved, or a hook takes its time. */
  receive(pdu: Uint8Array, broadcast: boolean): void {
    if (this.#closed) return;
    this.lastActivity = this.#now;
    this.#row?.touch(this.lastActivity);
    if (this.#taps === undefined) {
      this.#arrived({ pdu, broadcast });
      return;
    }
    this.#taps.received(pdu, this.lastActivity, (passed) => this.#arrived({ pdu: passed, broadcast }));
    this.#wake();
  }

  #arrived(arrived: Arrived): void {
    if (this.#closed) return;
    if (this.#handedOver.serves) this.#handedOver.forward(arrived);
    else if (this.#turns.blocked) this.#turns.wait(arrived);
    else this.#take(arrived);
  }

  #take(arrived: Arrived): void {
    const wait = this.#wait();
    if (wait === undefined) {
      this.#process(arrived);
      return;
    }
    this.#block(
      wait.then(
        () => this.#process(arrived),
        (fault) => this.#handOver(fault, arrived),
      ),
      "loading",
    );
  }

  /** Another process has the meter: it serves this client from now on, where that is wanted. Throws `fault` where not. */
  async #handOver(fault: unknown, arrived: Arrived): Promise<void> {
    const { relays } = this.#port;
    // An association that was open here is not known there.
    if (relays === undefined || this.#live !== undefined) throw fault;
    const asked = (): Arrived[] => {
      this.#leave?.();
      this.#leave = undefined;
      return [arrived, ...this.#turns.takeAll()];
    };
    if (!(await this.#handedOver.open(relays, fault, asked))) this.#process(arrived);
  }

  /** The client sends nothing more. */
  ended(): void {
    this.#handedOver.end();
  }

  /** Loads the meter as far as this association needs it, and what its next request needs; undefined: it is there. */
  #wait(): Promise<unknown> | undefined {
    const association = this.#association;
    // A client that the meter does not know is refused without a look at what is kept.
    if (association === undefined) return undefined;
    this.#leave ??= this.#meter.use();
    const entering = this.#meter.enter(association);
    if (entering === undefined) {
      this.#live ??= this.#meter.live;
      return this.#meter.state(association).ready();
    }
    return entering.then(() => {
      this.#live ??= this.#meter.live;
      return this.#meter.state(association).ready();
    });
  }

  #block(work: PromiseLike<unknown>, what: string): void {
    this.#turns.block(work, (error) => this.#fail(what, error));
  }

  /** Without what is kept of it, the meter must not answer: the connection ends. */
  #fail(what: string, error: unknown): void {
    const { broken, tell } = this.#port;
    if (error instanceof Fault && ["lease-lost", "meter-held", "counter-replayed"].includes(error.code)) {
      tell({ type: "refused", ...this.#where, fault: error });
      broken(error);
      return;
    }
    this.#storeFailed(what, error);
    broken(new Fault("store-failed", `${what} failed`, { layer: "server", cause: error }));
  }

  /** Ends the session when what it was opened with is no more the meter; then nothing may be answered. */
  #isLost(): boolean {
    const live = this.#live;
    if (live === undefined || (!live.lost && live === this.#meter.live)) return false;
    this.#fail("the meter", lost("another process has the meter now"));
    return true;
  }

  #process({ pdu, broadcast }: Arrived): void {
    if (this.#closed || this.#isLost()) return;
    this.#silent = broadcast;
    this.#currentResponder().receive(pdu, this.#now);
    this.#drain();
  }

  /** A source that failed too often, or a client that is one too many, finds nothing to open. */
  #currentResponder(): Responder {
    const responder = this.#responder;
    const association = this.#association;
    const state = responder?.state ?? "idle";
    if (responder !== undefined && (association === undefined || state === "associated")) return responder;
    const { limits, lockouts } = this.#port;
    // Whoever is in the midst of authentication is looked at again: many of them must not be many guesses.
    const locked =
      association !== undefined &&
      ((state === "idle" && this.#meter.openBeside(association) >= limits.associationsPerMeter) ||
        lockouts.locked(this.#source, this.#now));
    if (responder !== undefined && locked === this.#locked) return responder;
    this.#responder = this.#newResponder(locked);
    return this.#responder;
  }

  /** Where failed authentications come from. */
  get #source(): string {
    const host = this.#port.remote().replace(/:\d+$/, "");
    return `${host} ${this.#meter.id} ${this.#association?.name}`;
  }

  #drain(): void {
    const responder = this.#responder;
    if (responder === undefined) return;
    for (;;) {
      const output = responder.poll();
      if (output === undefined) break;
      switch (output.type) {
        case "transmit":
          if (!this.#silent) this.#transmit(output.pdu);
          break;
        case "request":
          this.#serveSoon(output.incoming);
          break;
        case "associated":
          this.#associated(output.association);
          break;
        case "released":
          this.#released(output.why);
          break;
        case "refused":
          this.#refused(output.fault);
          break;
      }
      if (this.#closed) return;
    }
    this.#wake();
  }

  #transmit(pdu: Uint8Array): void {
    const send = (octets: Uint8Array): void => this.#port.send(octets, this.#address);
    if (this.#taps === undefined) send(pdu);
    else this.#taps.sent(pdu, this.#now, send);
  }

  /** The first thing to do by itself: a transfer that stands still, an association that is idle, what a tap delays. */
  get deadline(): number | undefined {
    if (this.#closed) return undefined;
    let first: number | undefined;
    for (const holder of [this.#responder, this.#row, this.#taps]) {
      const deadline = holder?.deadline;
      if (deadline !== undefined && (first === undefined || deadline < first)) first = deadline;
    }
    return first;
  }

  #wake(): void {
    const { deadline } = this;
    if (deadline !== undefined) this.#port.wake(deadline);
  }

  expire(now: number): void {
    if (this.#closed) return;
    this.#row?.expire(now);
    this.#taps?.expire(now);
    this.#responder?.expire(now);
    this.#drain();
  }

  /** A long answer goes on. */
  resume(): void {
    if (this.#closed || this.#isLost()) return;
    this.#responder?.resume(this.#now);
    this.#drain();
  }

  /** A tap at the plain APDU may have delayed what came. */
  #serveSoon(incoming: Incoming): void {
    const later = this.#taps?.takeServeLater() ?? 0;
    if (later === 0) {
      this.#serve(incoming);
      return;
    }
    const { clock } = this.#port.environment;
    const waiting = new Promise<void>((resolve) => clock.at(clock.now() + later, resolve));
    this.#block(
      waiting.then(() => {
        this.#serve(incoming);
        this.#drain();
      }),
      "a request",
    );
  }

  #serve(incoming: Incoming): void {
    if (this.#closed) return;
    const association = this.#association;
    const live = this.#live;
    const responder = this.#responder;
    if (association === undefined || live === undefined || responder === undefined) return;
    const asker = { live, device: this.#device, association, information: this.#information(association) };
    const { environment } = this.#port;
    const known = this.#meter;
    const results = dispatch(asker, incoming, {
      reach: environment.reach,
      pace: (data) => this.#port.pacer.pace(data, this),
      failed: (what, error) => environment.failed(known, what, error),
      notKept: (cause) => environment.storeFailed(known, "a change", cause),
    });
    if (!serviceNamed(incoming.request.service).changes) this.#keepPeers(live, true);
    if (!isLater(results)) {
      this.#respond(responder, incoming, results);
      return;
    }
    this.#block(
      results.then((done) => {
        this.#respond(responder, incoming, done);
        this.#drain();
      }) as PromiseLike<unknown>,
      "a request",
    );
  }

  /** What the client has counted by reading is kept now and then, and nobody waits for it. */
  #keepPeers(live: LiveMeter, soon: boolean): void {
    const kept = live.keepPeers(soon);
    if (kept === undefined || !isLater(kept)) return;
    const failed = (error: unknown): void => this.#storeFailed("peer counter", (error as Fault).cause ?? error);
    kept.then(() => undefined, failed);
  }

  #respond(responder: Responder, incoming: Incoming, results: ResultsOf): void {
    if (this.#closed || !incoming.confirmed || this.#isLost()) return;
    try {
      responder.respond(incoming.id, results, this.#now, this.#required(incoming, results));
    } catch (error) {
      this.#port.environment.failed(this.#meter, "a result that cannot be encoded", error);
      const service = serviceNamed(incoming.request.service);
      const substitute = incoming.request.items.map(() => service.result({ error: "hardware-fault" }));
      responder.respond(incoming.id, substitute as unknown as ResultsOf, this.#now);
    }
  }

  #required(incoming: Incoming, results: ResultsOf): ReturnType<typeof requiredProtection> | undefined {
    const association = this.#association;
    if (association?.security.ciphered !== true) return undefined;
    return requiredProtection({ device: this.#device, association }, incoming, results);
  }

  #information(association: Association): AssociationInformation {
    const negotiated = this.#negotiated ?? this.#responder?.association;
    return {
      instanceId: association.instance,
      clientSap: this.#address.client,
      serverSap: this.#device.sap,
      status: this.#responder?.state === "associated" ? "associated" : "association-pending",
      applicationContext: association.security.ciphered ? 3 : 1,
      mechanism: association.security.mechanism,
      conformance: negotiated?.conformance ?? [],
      maxReceivePduSize: negotiated?.serverMaxReceivePduSize ?? association.maxReceivePduSize,
      maxSendPduSize: negotiated?.clientMaxReceivePduSize ?? 0,
      dlmsVersion: 6,
      qualityOfService: 0,
      rights: association.access.current,
      ...(association.securitySetup === undefined ? {} : { securitySetup: association.securitySetup }),
    };
  }

  get #where(): { remote: string; address: LinkAddress; meter: string } {
    return { remote: this.#port.remote(), address: this.#address, meter: this.#meter.name };
  }

  #associated(negotiated: Negotiated): void {
    const association = this.#association;
    const live = this.#live;
    if (association === undefined || live === undefined) return;
    this.#negotiated = negotiated;
    this.#port.lockouts.succeeded(this.#source);
    this.#over?.();
    this.#row?.close();
    this.#over = live.opened(association, negotiated.clientSystemTitle);
    this.#row = this.#openRow();
    this.#port.tell({ type: "associated", ...this.#where, association: negotiated });
  }

  #released(why: "rlrq" | "aborted" | "reassociated" | "disconnected"): void {
    if (this.#over === undefined) return;
    this.#over();
    this.#over = undefined;
    this.#negotiated = undefined;
    this.#row?.close();
    this.#row = undefined;
    this.#port.tell({ type: "released", ...this.#where, why });
  }

  #refused(fault: Fault): void {
    const { environment, lockouts, tell } = this.#port;
    tell({ type: "refused", ...this.#where, fault });
    const association = this.#association;
    if (association === undefined || this.#locked || !guessable(association.security.mechanism)) return;
    if (!isFailedAuthentication(fault)) return;
    const until = lockouts.failed(this.#source, this.#now);
    if (until === undefined) return;
    tell({ type: "locked", ...this.#where, until: environment.time.now + (until - this.#now) });
  }

  /** The data link of this client is gone, or the whole connection. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handedOver.close();
    this.#port.pacer.forget(this);
    this.#responder?.abort(this.#now);
    this.#released("disconnected");
    if (this.#live !== undefined && this.#live === this.#meter.live) this.#keepPeers(this.#live, false);
    this.#leave?.();
  }

  #storeFailed(what: string, error: unknown): void {
    this.#port.environment.storeFailed(this.#meter, what, error);
  }

  #openRow(): ConnectionRow | undefined {
    const { environment, remote } = this.#port;
    const { store, random, time } = environment;
    if (store === undefined) return undefined;
    const failed = (error: unknown): void => this.#storeFailed("connections", error);
    const port = { store, random, remote: remote(), instant: () => time.now, failed };
    return new ConnectionRow(port, this.#meter.id, this.#address.client, this.#now);
  }
}

const isFailedAuthentication = ({ code }: Fault): boolean => code === "authentication-failed";
