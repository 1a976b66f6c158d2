import { type ClientLink, Fault, type LinkAddress } from "@dlmskit/core";
import { LinkPump } from "@dlmskit/transport";
import type { Conversation } from "./conversation.ts";
import { sooner } from "./deadline.ts";
import { associationIn, fits, isStreamed, isUnasked, pduTooLong, unreachableAnswer } from "./gateway-answers.ts";
import type { SessionPort } from "./session-port.ts";
import { SharedLine } from "./shared-line.ts";
import type { UnprovenPlaces } from "./unproven.ts";
import { defaultUpstreamTimeout, type Upstream } from "./upstream.ts";

/** Silence after an answer, after which another meter of a shared line may be asked, ms: an answer may have several APDUs. */
const quiet = 30;
/** How long the end of a data link may hold a shared line, ms. */
const parting = 2000;

export interface ForwardedOptions {
  readonly address: LinkAddress;
  readonly upstream: Upstream;
  /** Whether a request that cannot be answered gets no answer at all. */
  readonly silent: boolean;
  /** The places at meters that sources of datagrams have; undefined: the source of this client cannot be forged. */
  readonly unproven: UnprovenPlaces | undefined;
}

/** One client with one logical device of a meter behind a line of this gateway. APDUs pass unchanged in both directions. */
export class Forwarded implements Conversation {
  readonly #port: SessionPort;
  readonly #options: ForwardedOptions;
  readonly address: LinkAddress;
  readonly meter = undefined;
  readonly moved = false;
  closed = false;
  lastActivity: number;
  #pump: LinkPump<ClientLink> | undefined;
  #connected = false;
  #opening = false;
  /** Whether the last AARE of the meter has opened an association that was not released since. */
  #associated = false;
  /** APDUs that wait until the line is open, or until it is this meter's turn. */
  readonly #waiting: Uint8Array[] = [];
  /** The last APDU that was sent without an answer so far, and how many there are. */
  #asked: Uint8Array | undefined;
  #outstanding = 0;
  #broadcast = false;
  /** When the meter must have answered, and when the shared line is left, ms. */
  #answerBy: number | undefined;
  #turnBy: number | undefined;
  #endTurn: (() => void) | undefined;

  constructor(port: SessionPort, options: ForwardedOptions) {
    this.#port = port;
    this.#options = options;
    this.address = options.address;
    this.lastActivity = this.#now;
  }

  get #now(): number {
    return this.#port.environment.clock.now();
  }

  get #shared(): SharedLine | undefined {
    const { over } = this.#options.upstream;
    return over instanceof SharedLine ? over : undefined;
  }

  get open(): boolean {
    return this.#associated && !this.closed && this.#pump?.open === true;
  }

  get kept(): boolean {
    return this.open;
  }

  get busy(): boolean {
    return this.#outstanding > 0 || this.#waiting.length > 0;
  }

  get owes(): boolean {
    return this.busy;
  }

  get unanswered(): undefined {
    return undefined;
  }

  get full(): boolean {
    return this.#waiting.length >= Math.max(1, this.#port.limits.outstandingRequests);
  }

  get deadline(): number | undefined {
    return sooner(this.#answerBy, this.#turnBy);
  }

  receive(pdu: Uint8Array, broadcast: boolean): void {
    this.lastActivity = this.#now;
    this.#broadcast = broadcast;
    this.#waiting.push(pdu);
    if (this.#connected && (this.#shared === undefined || this.#endTurn !== undefined)) this.#flush();
    else if (!this.#opening) this.#begin();
  }

  #begin(): void {
    this.#opening = true;
    this.#open().then(
      () => {
        this.#opening = false;
        if (!this.closed) this.#flush();
      },
      (caught: unknown) => {
        this.#opening = false;
        this.#failed(caught);
      },
    );
  }

  /** Waits for this meter's turn on a shared line, and opens the data link if it is not open. */
  async #open(): Promise<void> {
    this.#endTurn = await this.#shared?.take();
    if (this.closed) {
      this.#leaveLine();
      return;
    }
    this.#expect();
    if (this.#connected) return;
    const { over } = this.#options.upstream;
    // Made first: an address that the link does not have must leave no connection open.
    const link = this.#options.upstream.link(this.address);
    const duplex = await (over instanceof SharedLine ? over.dial() : over());
    if (this.closed) {
      duplex.destroy();
      this.#leaveLine();
      return;
    }
    const { clock } = this.#port.environment;
    const pump = new LinkPump<ClientLink>({ duplex, link, clock });
    this.#pump = pump;
    await new Promise<void>((resolve, reject) => {
      const gone = (why: string, fault?: Fault): void => {
        this.#connected = false;
        if (this.closed) this.#leaveLine();
        reject(noAnswer(`the line to the meter ended: ${fault?.message ?? why}`, fault));
        this.#lineEnded(fault);
      };
      pump.start({
        received: (pdu) => this.#answered(pdu),
        connected: () => {
          this.#connected = true;
          resolve();
        },
        disconnected: (why, _, fault) => {
          gone(why, fault);
          pump.end();
        },
        closed: (fault) => gone("closed", fault),
      });
      pump.connect();
    });
  }

  #expect(): void {
    this.#answerBy = this.#now + (this.#options.upstream.timeout ?? defaultUpstreamTimeout);
    this.#port.wake(this.#answerBy);
  }

  #flush(): void {
    this.#turnBy = undefined;
    this.#expect();
    for (const pdu of this.#waiting.splice(0)) {
      if (unreachableAnswer(pdu) !== undefined && !isStreamed(pdu) && !this.#broadcast) this.#outstanding++;
      this.#asked = pdu;
      try {
        this.#pump?.send(pdu);
      } catch (caught) {
        this.#failed(caught);
        return;
      }
    }
    this.#port.roomy();
    if (this.#outstanding > 0) return;
    this.#pump?.yield();
    this.#settle();
  }

  #answered(pdu: Uint8Array): void {
    if (this.closed) return;
    const answers = !isUnasked(pdu);
    if (answers) this.#outstanding = Math.max(0, this.#outstanding - 1);
    const association = associationIn(pdu);
    if (association !== undefined) this.#placed(association === "open");
    if (association === "open") this.#port.opened(false);
    if (!this.#broadcast) this.#port.send(fits(pdu, this.address) ? pdu : pduTooLong, this.address);
    if (this.#outstanding === 0) this.#settle();
    else if (answers) this.#expect();
  }

  #placed(associated: boolean): void {
    this.#associated = associated;
    const { unproven } = this.#options;
    const { gateway } = this.address;
    if (gateway === undefined || unproven === undefined) return;
    if (associated) unproven.enter(gateway, this, this.#port.limits.associationsPerMeter);
    else unproven.leave(gateway, this);
  }

  /** Called when another source of datagrams needs the place of this one at the meter. */
  giveWay(): void {
    this.close();
    this.#port.quiet();
  }

  /** There is nothing to wait for: a shared line is left soon. */
  #settle(): void {
    this.#answerBy = undefined;
    if (this.#shared !== undefined) {
      this.#turnBy = this.#now + quiet;
      this.#port.wake(this.#turnBy);
    }
    if (!this.busy) this.#port.quiet();
  }

  expire(now: number): void {
    if (this.#turnBy !== undefined && now >= this.#turnBy) {
      // A link with a deadline is still exchanging frames.
      const goesOn = this.#connected && this.#pump?.link.deadline !== undefined;
      this.#turnBy = goesOn ? now + quiet : undefined;
      if (!goesOn && !this.busy) this.#leaveLine();
    }
    if (this.#answerBy === undefined || now < this.#answerBy) return;
    const { timeout = defaultUpstreamTimeout } = this.#options.upstream;
    this.#failed(noAnswer(`the meter has not answered within ${timeout} ms`));
  }

  #leaveLine(): void {
    this.#endTurn?.();
    this.#endTurn = undefined;
  }

  /** The meter cannot be reached, or does not answer. */
  #failed(caught: unknown): void {
    if (this.closed) return;
    const fault = caught instanceof Fault ? caught : noAnswer(String(caught));
    const { remote } = this.#port;
    const { address } = this;
    const answer = unreachableAnswer(this.#waiting.at(-1) ?? this.#asked);
    this.#waiting.length = 0;
    this.#outstanding = 0;
    this.#answerBy = undefined;
    this.#turnBy = undefined;
    this.#port.tell({ type: "unreachable", remote, address, fault });
    if (answer !== undefined && !this.#broadcast && !this.#options.silent) this.#port.send(answer, address);
    // Without an open link the next request begins anew. On a shared line, repetitions would disturb the other meters.
    if (!this.#connected || this.#shared !== undefined) this.close();
    this.#port.quiet();
  }

  #lineEnded(fault: Fault | undefined): void {
    if (this.closed || this.#opening) return;
    if (this.busy) this.#failed(noAnswer("the line to the meter ended", fault));
    else this.close();
  }

  ended(): void {}

  refused(fault: Fault): void {
    this.#port.tell({ type: "unreachable", remote: this.#port.remote, address: this.address, fault });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#placed(false);
    const pump = this.#pump;
    if (!this.#connected || pump === undefined) {
      pump?.destroy();
      this.#leaveLine();
    } else if (this.#shared === undefined) pump.close();
    else if (this.#endTurn !== undefined) this.#part(pump);
    else {
      void this.#shared.take().then((over) => {
        this.#endTurn = over;
        this.#part(pump);
      });
    }
  }

  /** Ends the data link on a shared line, while this meter has the turn. */
  #part(pump: LinkPump<ClientLink>): void {
    const { clock } = this.#port.environment;
    pump.close();
    if (!pump.open) this.#leaveLine();
    clock.at(clock.now() + parting, () => {
      pump.destroy();
      this.#leaveLine();
    });
  }
}

const noAnswer = (message: string, cause?: Fault): Fault =>
  new Fault("meter-unreachable", message, {
    layer: "server",
    ...(cause === undefined ? {} : { cause }),
    hint: "check the line, the address and the power of the meter",
  });
