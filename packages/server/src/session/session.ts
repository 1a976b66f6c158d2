import type { Incoming, Negotiated, ReleaseReason, Responder, ResultsOf } from "@dlmskit/association";
import type { Fault, LinkAddress, Unasked } from "@dlmskit/core";
import { isLater } from "@dlmskit/cosem-objects";
import type { Asker } from "../access/dispatch.ts";
import type { Association } from "../meter/association-spec.ts";
import type { LiveMeter } from "../meter/live-meter.ts";
import type { Meter } from "../meter/meter.ts";
import type { Occupant } from "../meter/open-associations.ts";
import { keptLater } from "../meter/peer-keeping.ts";
import { changesAny } from "../services/table.ts";
import { Admission, lost } from "./admission.ts";
import { answer, perform } from "./answering.ts";
import { SessionAsker } from "./asker.ts";
import { breakOff } from "./break-off.ts";
import type { Conversation } from "./conversation.ts";
import { sooner } from "./deadline.ts";
import { type HandedOver, handedOverOf } from "./handed-over.ts";
import { OpenAssociation } from "./open-association.ts";
import { hasMoved, type Reached } from "./route.ts";
import type { SessionPort } from "./session-port.ts";
import { type SessionTaps, tapsOf } from "./session-taps.ts";
import { type Arrived, Turns, type TurnsPort } from "./turns.ts";
import type { Speaker } from "./unasked-pushes.ts";

/** One client with one logical device on one connection: its association and its requests. */
export class Session implements Conversation, Occupant, TurnsPort, Speaker {
  readonly #port: SessionPort;
  readonly address: LinkAddress;
  readonly reached: Reached;
  readonly #turns: Turns;
  readonly #taps: SessionTaps | undefined;
  /** The loaded meter of this session; undefined: nothing is loaded yet. */
  #live: LiveMeter | undefined;
  #leave: (() => void) | undefined;
  /** Set if another process serves this client or is asked to serve it. */
  #handedOver: HandedOver | undefined;
  #ended = false;
  readonly #admission: Admission;
  #responder: Responder | undefined;
  #silent = false;
  /** The association that is open. */
  opened: OpenAssociation | undefined;
  closed = false;
  /** Time of the last PDU of the client, ms on the machine's clock. */
  lastActivity: number;
  /** Number of associations that were opened since the last request. */
  unused = 0;

  constructor(port: SessionPort, address: LinkAddress, reached: Reached) {
    const { meter, device, sap } = reached;
    this.#port = port;
    this.address = address;
    this.reached = reached;
    this.#turns = new Turns(this);
    const ends = { meter, client: address.client, device: sap };
    this.#taps = tapsOf(port.tap, () => ({ remote: port.remote, now: this.#now, ...ends }));
    this.#admission = new Admission(port, { meter, device, address, taps: this.#taps });
    this.lastActivity = port.environment.clock.now();
  }

  /** The association of the client in the current template; undefined: the meter does not know the client. */
  get #association(): Association | undefined {
    return this.reached.device.association(this.address.client);
  }

  get meter(): Meter {
    return this.reached.meter;
  }

  get moved(): boolean {
    return hasMoved(this.reached);
  }

  get device(): number {
    return this.reached.device.sap;
  }

  /** Whether an association is open. */
  get open(): boolean {
    return this.opened !== undefined;
  }

  get kept(): boolean {
    return this.open || this.#responder?.state === "pending" || this.#handedOver?.serves === true;
  }

  get outstanding(): number {
    return this.#port.limits.outstandingRequests;
  }

  idle(): void {
    if (!this.busy) this.#port.quiet();
  }

  roomy(): void {
    this.#port.roomy();
  }

  get full(): boolean {
    return this.#turns.full;
  }

  get busy(): boolean {
    return this.#turns.busy || this.#handedOver?.serves === true;
  }

  get owes(): boolean {
    const delayed = this.#taps?.deadline !== undefined;
    return delayed || this.#turns.busy || this.#handedOver?.owes === true || this.#responder?.suspended === true;
  }

  get unanswered(): Uint8Array | undefined {
    return this.#handedOver?.unanswered ?? this.#turns.unanswered;
  }

  get #now(): number {
    return this.#port.environment.clock.now();
  }

  /** Serves a PDU that has waited. */
  serve({ pdu, broadcast }: Arrived): void {
    this.receive(pdu, broadcast);
  }

  /** Receives one PDU. It waits while the meter is loaded, counters are reserved, or a hook is running. */
  receive(pdu: Uint8Array, broadcast: boolean): void {
    if (this.closed) return;
    this.lastActivity = this.#now;
    this.opened?.touch(this.lastActivity);
    if (this.#taps === undefined) {
      this.#arrived({ pdu, broadcast });
      return;
    }
    this.#taps.received(pdu, this.lastActivity, (passed) => this.#arrived({ pdu: passed, broadcast }));
    this.#wake();
  }

  #arrived(arrived: Arrived): void {
    if (this.closed) return;
    if (this.#handedOver?.serves === true) this.#handedOver.forward(arrived);
    else if (this.#turns.blocked) this.#turns.wait(arrived, this.opened?.prioritised);
    else this.#take(arrived);
  }

  #take(arrived: Arrived): void {
    this.#turns.serving = arrived;
    const wait = this.#wait();
    if (wait === undefined) this.#process(arrived);
    else {
      const failed = (fault: unknown): Promise<void> => this.#handOver(fault, arrived);
      this.#block(wait.then(this.#process.bind(this, arrived), failed), "loading");
    }
    this.#turns.forget();
  }

  /** Another process has the meter: hands the client over to it, if this is enabled. Otherwise throws `fault`. */
  async #handOver(fault: unknown, arrived: Arrived): Promise<void> {
    const { relays } = this.#port;
    // The other process does not know an association that was open here.
    if (relays === undefined || this.#live !== undefined) throw fault;
    const asked = (): Arrived[] => {
      this.#leave?.();
      this.#leave = undefined;
      this.#port.opened(false);
      return [arrived, ...this.#turns.takeAll()];
    };
    this.#handedOver = handedOverOf(this.#port, this.#where, {
      ...{ meter: this.meter.id, device: this.reached.sap },
      enter: () => this.#wait(),
      gone: () => this.closed,
    });
    if (this.#ended) this.#handedOver.end();
    if (!(await this.#handedOver.open(relays, fault, asked))) this.#process(arrived);
    this.#port.roomy();
  }

  /** The client sends nothing more. */
  ended(): void {
    this.#ended = true;
    this.#handedOver?.end();
  }

  /** Loads the data of the meter for this association and its next request; undefined: it is already loaded. */
  #wait(): Promise<unknown> | undefined {
    const association = this.#association;
    // An unknown client is refused without a read of the kept data.
    if (association === undefined) return undefined;
    this.#leave ??= this.meter.use();
    const entered = (): Promise<unknown> | undefined => {
      this.#live ??= this.meter.live;
      return this.meter.state(association).ready();
    };
    const entering = this.meter.enter(association);
    return entering === undefined ? entered() : entering.then(entered);
  }

  #block(work: PromiseLike<unknown>, what: string): void {
    this.#turns.block(work, (error) => this.#fail(what, error));
  }

  /** Ends the connection, because the meter must not answer without its kept data. */
  #fail(what: string, error: unknown): void {
    breakOff(this.#port, { meter: this.meter, address: this.address }, what, error);
  }

  /** Ends the session if it was opened with a meter that has changed or is gone; then there must be no answer. */
  #isLost(): boolean {
    // Known after loading: there is no answer without power, or at a SAP that the logical device no longer has.
    if (!this.meter.powered || this.moved) this.close();
    if (this.closed) return true;
    const live = this.#live;
    const locked = this.#admission.portLocked(live, this.#responder);
    if (locked === undefined && (live === undefined || (!live.lost && live === this.meter.live))) return false;
    this.#fail("the meter", locked ?? lost("another process has the meter now"));
    return true;
  }

  #process({ pdu, broadcast }: Arrived): void {
    if (this.#isLost()) return;
    this.#silent = broadcast;
    this.#responder = this.#admission.responder(this.#responder);
    this.#responder.receive(pdu, this.#now);
    this.#drain();
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
        case "confirmed":
          this.opened?.confirmed(output.longInvokeId);
          break;
        case "refused":
          this.refused(output.fault);
          break;
      }
      if (this.closed) return;
    }
    this.opened?.answered();
    this.#live?.associations.pending(this, responder.state === "pending" ? this.#association : undefined);
    this.#wake();
  }

  #transmit(pdu: Uint8Array): void {
    const send = (octets: Uint8Array): void => this.#port.send(octets, this.address);
    if (this.#taps === undefined) send(pdu);
    else this.#taps.sent(pdu, this.#now, send);
  }

  get answering(): boolean {
    return this.#responder?.answering === true;
  }

  say(unasked: Unasked): void {
    const send = (pdu: Uint8Array): void => this.#port.send(pdu, this.address);
    this.#port.notify(this.#taps?.unasked(unasked, () => this.#now, send) ?? unasked, this.address);
  }

  /** The first deadline of the session: a stopped transfer, an idle association, or a PDU that a tap delays. */
  get deadline(): number | undefined {
    if (this.closed) return undefined;
    return sooner(sooner(this.#responder?.deadline, this.opened?.deadline), this.#taps?.deadline);
  }

  #wake(): void {
    const { deadline } = this;
    if (deadline !== undefined) this.#port.wake(deadline);
  }

  expire(now: number): void {
    if (this.closed) return;
    this.opened?.expire(now);
    this.#taps?.expire(now);
    this.#responder?.expire(now);
    this.#drain();
  }

  /** Continues a long answer. */
  resume(): void {
    if (this.#isLost()) return;
    this.#responder?.resume(this.#now);
    this.#drain();
  }

  /** Serves a request, after the delay of a tap at the plain APDU if there is one. */
  #serveSoon(incoming: Incoming): void {
    const waiting = this.#taps?.servesLater(this.#port.environment.clock);
    if (waiting === undefined) {
      this.#serve(incoming);
      return;
    }
    this.#block(
      waiting.then(() => {
        this.#serve(incoming);
        this.#drain();
      }),
      "a request",
    );
  }

  #serve(incoming: Incoming): void {
    const association = this.#association;
    const live = this.#live;
    const responder = this.#responder;
    if (this.closed || association === undefined || live === undefined || responder === undefined) return;
    if (!incoming.confirmed) this.#turns.serving = undefined;
    const { device } = this.reached;
    const asker = new SessionAsker({ live, device, association, responder, opened: this.opened, incoming });
    this.unused = 0;
    const results = perform(asker, incoming, this.#port, this);
    if (!changesAny(incoming.request, device)) this.#keepPeers(live, true);
    if (!isLater(results)) {
      this.#respond(asker, responder, incoming, results);
      return;
    }
    this.#block(
      results.then((done) => {
        this.#respond(asker, responder, incoming, done);
        this.#drain();
      }) as PromiseLike<unknown>,
      "a request",
    );
  }

  /** Keeps the counters of a reading client from time to time, in the background. */
  #keepPeers(live: LiveMeter, soon: boolean): void {
    const { environment } = this.#port;
    keptLater(live.keepPeers(soon), (error) => environment.storeFailed(this.meter, "peer counter", error));
  }

  #respond(asker: Asker, responder: Responder, incoming: Incoming, results: ResultsOf): void {
    if (this.closed || !incoming.confirmed || this.#isLost()) return;
    answer(asker, responder, { incoming, results }, this.#port.environment);
  }

  get #where(): { remote: string; address: LinkAddress; meter: string } {
    return { remote: this.#port.remote, address: this.address, meter: this.meter.name };
  }

  #associated(negotiated: Negotiated): void {
    const [association, live] = [this.#association, this.#live];
    if (association === undefined || live === undefined) return;
    this.#admission.succeeded(negotiated);
    this.opened?.close();
    this.unused++;
    const opened = { live, device: this.reached.device, association, negotiated, occupant: this };
    this.opened = new OpenAssociation(this.#port, opened);
    this.#port.opened(negotiated.mechanism !== 0);
    this.#port.tell({ type: "associated", ...this.#where, association: negotiated });
  }

  #released(why: ReleaseReason | "disconnected"): void {
    if (this.opened === undefined) return;
    this.opened.close();
    this.opened = undefined;
    this.#port.tell({ type: "released", ...this.#where, why });
  }

  /** Called when another client needs the place of this association. */
  giveWay(): void {
    this.#responder?.abort(this.#now);
    this.#drain();
    // The counters of the client are stored: after a restore nothing else would do it.
    if (this.#live !== undefined && this.#live === this.meter.live) this.#keepPeers(this.#live, false);
    this.#port.quiet();
  }

  /** Reports to the operator that something from the client was refused. */
  refused(fault: Fault): void {
    this.#admission.refuse(fault, this.#where, this.#now);
  }

  /** Called when the data link of this client or the whole connection has ended. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#handedOver?.close();
    this.#port.pacer.forget(this);
    this.#responder?.abort(this.#now);
    this.#released("disconnected");
    this.#live?.associations.pending(this, undefined);
    if (this.#live !== undefined && this.#live === this.meter.live) this.#keepPeers(this.#live, false);
    this.#leave?.();
  }
}
