import { Initiator, type InitiatorOutput, type KeyChange, type Negotiated } from "@dlmskit/association";
import { type ClientLink, Fault } from "@dlmskit/core";
import type { CounterSource } from "@dlmskit/security";
import type { Cancel, LinkPump } from "@dlmskit/transport";
import type { Asked, Responded } from "./asking.ts";
import { countersOfStep, DurableCounters } from "./counters.ts";
import { GatewayPrefix } from "./gateway-prefix.ts";
import { LinkDrops } from "./link-drops.ts";
import { type ConnectOptions, defaultTimeout, initiatorOptions } from "./options.ts";
import { WaitingRequests } from "./waiting-requests.ts";

interface Promised<T> {
  resolve(value: T | PromiseLike<T>): void;
  reject(fault: unknown): void;
}

/** A request that waits for its response. */
interface Waiting<T> extends Promised<T> {
  readonly asked: Asked<T>;
}

/** Connects an Initiator to a line and a clock, and provides promises to the Session. Every promise settles. */
export class Connection {
  readonly #pump: LinkPump<ClientLink>;
  readonly #options: ConnectOptions;
  readonly #initiator: Initiator;
  readonly #requests = new WaitingRequests<Waiting<unknown>>();
  #counters: CounterSource | undefined;
  /** APDUs that were received while counters were being reserved, in order, with the time of receipt. */
  readonly #held: { readonly pdu: Uint8Array; readonly now: number }[] = [];
  /** Why no counters could be reserved. */
  #reservation: Fault | undefined;
  #opening: Promised<Negotiated> | undefined;
  #releasing: Promised<void> | undefined;
  #cancel: Cancel | undefined;
  /** The time of the timer. */
  #armedFor = Number.POSITIVE_INFINITY;
  /** The time limit of everything. */
  #ending: Cancel | undefined;
  /** The deadline for opening the link, while the link is being opened. */
  #linkBy: number | undefined;
  readonly #drops = new LinkDrops();
  readonly #prefix: GatewayPrefix | undefined;
  #draining = false;
  #over: { readonly fault: Fault | undefined } | undefined;
  /** Resolves when the transport is closed. */
  readonly closed: Promise<void>;
  #closed: () => void = () => undefined;

  constructor(pump: LinkPump<ClientLink>, options: ConnectOptions) {
    this.#pump = pump;
    this.#options = options;
    this.#initiator = new Initiator(initiatorOptions(options));
    this.#counters = options.security?.counters;
    this.#prefix = options.gateway && new GatewayPrefix(options.gateway);
    this.closed = new Promise((resolve) => {
      this.#closed = resolve;
    });
  }

  get remote(): string {
    return this.#pump.remote;
  }

  /** Opens link and association. */
  open(): Promise<Negotiated> {
    return new Promise((resolve, reject) => {
      this.#opening = { resolve, reject };
      const { until, clock } = this.#options;
      if (until !== undefined) this.#ending = clock.at(until, () => this.#deadlinePassed());
      this.#pump.start({
        received: (pdu) => this.#arrived(pdu),
        connected: () => {
          this.#linkBy = undefined;
          this.#run(() => this.#initiator.open(this.#now));
        },
        disconnected: (why, _address, fault) => {
          this.#lost(linkLost(why, fault));
          // The transport serves this link only; if it stayed open, the program would not end.
          this.#pump.end();
        },
        dropped: (why) => this.#drops.note(why),
        closed: (fault) => {
          this.#lost(fault ?? new Fault("link-lost", "the peer closed the connection", { layer: "client" }));
          this.#ending?.();
          this.#closed();
        },
      });
      this.#linkBy = this.#now + (this.#options.timeout ?? defaultTimeout);
      this.#pump.connect();
      this.#arm();
    });
  }

  /** Sends a request once. */
  ask<T>(asked: Asked<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let id: number;
      try {
        id = this.#initiator.request(asked.request, asked.options, this.#now);
      } catch (caught) {
        resolve(asked.failed(this.#over?.fault ?? caught));
        return;
      }
      this.#requests.add(id, { asked, resolve, reject } as Waiting<unknown>);
      try {
        this.#drain();
      } catch (caught) {
        // The caller gets this error: what comes later must neither send the request again nor reject unseen.
        this.#requests.take(id);
        throw caught;
      }
    });
  }

  /** Uses new keys from now on. Faults as for `Initiator.changeKeys`. */
  changeKeys(change: KeyChange): void {
    this.#initiator.changeKeys(change);
    this.#counters = change.counters;
  }

  #arrived(pdu: Uint8Array): void {
    const apdu = this.#prefix === undefined ? pdu : this.#prefix.from(pdu);
    if (apdu === undefined) this.#drops.note("gateway");
    else this.#received(apdu);
  }

  /**
   * After an answer the next APDU may have to be sent at once (next block, pass 3): its counters are reserved before the answer is
   * processed.
   */
  #received(pdu: Uint8Array): void {
    const counters = this.#counters;
    const wait =
      this.#held.length === 0 && counters instanceof DurableCounters ? counters.ready(countersOfStep) : undefined;
    if (wait === undefined && this.#held.length === 0) {
      this.#run(() => this.#initiator.receive(pdu, this.#now));
      return;
    }
    this.#held.push({ pdu, now: this.#now });
    // APDUs after the first one wait for the same reservation.
    if (wait === undefined) return;
    this.#arm();
    const go = (): void => {
      const held = this.#held.splice(0);
      for (const one of held) this.#run(() => this.#initiator.receive(one.pdu, one.now));
    };
    wait.then(go, (fault: unknown) => {
      this.#reservation = fault as Fault;
      go();
    });
  }

  /** Releases the association, then ends the link and the transport. Resolves when all are closed, even after a Fault. */
  async release(): Promise<void> {
    if (this.#initiator.state === "associated" && this.#options.noRelease !== true) {
      await new Promise<void>((resolve) => {
        this.#releasing = { resolve, reject: () => resolve() };
        this.#run(() => this.#initiator.release(this.#now));
      });
    }
    this.close();
    await this.closed;
  }

  /** Ends link and transport without a release. */
  close(fault?: Fault): void {
    this.#finish(fault);
    this.#pump.close();
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  /** Runs a step of the Initiator and processes its outputs. Its Faults (keys, counters) end the connection. */
  #run(step: () => void): void {
    try {
      step();
    } catch (caught) {
      if (!(caught instanceof Fault)) throw caught;
      this.#lost(caught);
      this.#pump.close();
      return;
    }
    this.#drain();
  }

  #lost(fault: Fault): void {
    this.#initiator.abort(fault);
    this.#drain();
    this.#finish(fault);
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let output = this.#initiator.poll(); output !== undefined; output = this.#initiator.poll()) {
        this.#perform(output);
      }
    } finally {
      this.#draining = false;
    }
    this.#arm();
  }

  #perform(output: InitiatorOutput): void {
    switch (output.type) {
      case "transmit":
        this.#drops.clear();
        this.#pump.send(this.#prefix?.to(output.pdu) ?? output.pdu);
        break;
      case "associated":
        this.#opening?.resolve(output.association);
        this.#opening = undefined;
        break;
      case "response":
        this.#responded(this.#requests.take(output.id), output);
        break;
      case "failed":
        if (output.id === undefined) this.#finish(this.#why(output.fault));
        else unanswered(this.#requests.take(output.id), this.#why(this.#drops.explain(output.fault)));
        break;
      case "notification":
        this.#options.notification?.(output.apdu, output.protection);
        break;
      case "dropped":
        this.#options.dropped?.(output.fault);
        break;
      case "released":
        this.#finish(undefined);
        break;
      case "closed":
        this.#finish(output.fault);
        this.#pump.close();
        break;
    }
  }

  #responded(waiting: Waiting<unknown> | undefined, response: Responded): void {
    try {
      waiting?.resolve(waiting.asked.value(response));
    } catch (caught) {
      waiting?.reject(caught);
    }
  }

  #why(fault: Fault): Fault {
    return fault.code === "counter-not-reserved" ? (this.#reservation ?? fault) : fault;
  }

  #finish(fault: Fault | undefined): void {
    const ended =
      fault !== undefined
        ? this.#drops.explain(fault)
        : new Fault("closed", "the association is closed", { layer: "client" });
    this.#opening?.reject(ended);
    this.#opening = undefined;
    for (const waiting of this.#requests.takeAll()) unanswered(waiting, ended);
    this.#releasing?.resolve();
    this.#releasing = undefined;
    this.#disarm();
    if (this.#over !== undefined) return;
    this.#over = { fault: ended };
    this.#options.closed?.(fault);
  }

  /** A timer that is early enough stays: each request moves the deadline to a later time, which costs no timer. */
  #arm(): void {
    if (this.#over !== undefined || this.#held.length > 0) {
      this.#disarm();
      return;
    }
    const deadline = this.#linkBy ?? this.#initiator.deadline;
    if (deadline === undefined || deadline >= this.#armedFor) return;
    this.#disarm();
    this.#armedFor = deadline;
    this.#cancel = this.#options.clock.at(deadline, () => this.#wake());
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #wake(): void {
    this.#disarm();
    const deadline = this.#linkBy ?? this.#initiator.deadline;
    if (deadline === undefined || deadline > this.#now) this.#arm();
    else if (this.#linkBy === undefined) this.#run(() => this.#initiator.expire(this.#now));
    else this.#linkTooLate();
  }

  #deadlinePassed(): void {
    this.#lost(
      new Fault("deadline-passed", "the time limit of the whole session has passed", {
        layer: "client",
        hint: "raise the deadline if the line is slow",
      }),
    );
    this.#pump.destroy();
  }

  #linkTooLate(): void {
    this.#linkBy = undefined;
    const within = this.#options.timeout ?? defaultTimeout;
    this.#lost(
      new Fault("timeout", `the link was not opened within ${within} ms`, {
        layer: "client",
      }),
    );
    // An HDLC link that was never opened needs no disconnection.
    this.#pump.end();
  }
}

/** The caller gets another attempt or the Fault. */
function unanswered(waiting: Waiting<unknown> | undefined, fault: Fault): void {
  waiting?.resolve(waiting.asked.failed(fault));
}

function linkLost(why: string, fault: Fault | undefined): Fault {
  const hint = fault?.hint;
  return new Fault("link-lost", `the link was lost: ${fault?.message ?? why}`, {
    layer: "client",
    detail: fault?.code ?? why,
    cause: fault,
    ...(hint === undefined ? {} : { hint }),
  });
}
