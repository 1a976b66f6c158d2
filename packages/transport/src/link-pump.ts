import type { ClientLink, Fault, Link, LinkAddress, LinkOutput, Tracer, Unasked } from "@dlmskit/core";
import type { Clock } from "./clock.ts";
import type { Duplex, DuplexHandlers } from "./duplex.ts";
import { type Gate, Intake } from "./intake.ts";
import { type LinkTap, TapLine } from "./link-tap.ts";
import { doesNotRead, handlerFailed, linkBroken } from "./pump-faults.ts";
import { type LinkPumpOptions, type OwnTimer, type PumpHandlers, type PumpTimers, timerNames } from "./pump-options.ts";
import { type Timers, TimerTable } from "./timer-table.ts";

/**
 * Joins a link to a transport and a clock. What arrives goes through the link to the handlers, and what they send goes out,
 * in one synchronous run. It keeps one timer, for the link's deadline, its own and its owner's.
 */
export class LinkPump<L extends Link = Link, T extends string = never> {
  readonly link: L;
  readonly duplex: Duplex;
  readonly #clock: Clock;
  readonly #maxBufferedOctets: number;
  readonly #linger: number;
  readonly #trace: Tracer | undefined;
  readonly #table: TimerTable<string>;
  readonly #owner: PumpTimers<T> | undefined;
  readonly #intake: Intake | undefined;
  #receiving: TapLine | undefined;
  #transmitting: TapLine | undefined;
  #handlers: PumpHandlers | undefined;
  /** open: both ways; closing: the link is ending in its own way; ending: this side of the transport has ended. */
  #state: "open" | "closing" | "ending" | "closed" = "open";
  #draining = false;
  #disconnected = false;

  constructor(options: LinkPumpOptions<L, T>) {
    this.link = options.link;
    this.duplex = options.duplex;
    this.#clock = options.clock;
    this.#maxBufferedOctets = options.maxBufferedOctets ?? 1 << 20;
    this.#linger = options.linger ?? 5000;
    this.#trace = options.trace;
    this.#owner = options.timers;
    this.#table = new TimerTable(options.clock, timerNames(options.timers?.names), (name, now) => this.#due(name, now));
    if (options.tap !== undefined) this.#tap(options.tap);
    if (options.gate !== undefined) this.#intake = this.#intakeAt(options.gate);
  }

  #intakeAt(gate: Gate): Intake {
    const { duplex } = this;
    const overflow = (octets: number): void =>
      this.destroy(doesNotRead(`${this.remote} sends faster than its requests are answered: ${octets} octets wait`));
    return new Intake({ duplex, clock: this.#clock, gate, take: (octets, now) => this.#take(octets, now), overflow });
  }

  /** The remote end of the transport. */
  get remote(): string {
    return this.duplex.remote;
  }

  /** Whether `send` still reaches the link. */
  get open(): boolean {
    return this.#state === "open" || this.#state === "closing";
  }

  /** The owner's deadlines, of the names in the options. All are taken back, and none is set any more, once the pump has closed. */
  get timers(): Timers<T> {
    return this.#table;
  }

  /** Starts the pump; call it once. No handler is called before it returns. */
  start(handlers: PumpHandlers): void {
    this.#handlers = handlers;
    this.duplex.start(new LinkPump.#Incoming(this));
    this.#arm();
  }

  /** Opens the link of a client; `connected` or `disconnected` tells how it went. */
  connect(this: LinkPump<ClientLink>): void {
    if (!this.open) return;
    this.link.connect(this.#clock.now());
    this.#drain();
  }

  /** Sends a PDU, a server says to whom. Ignored once the pump has ended. Faults are those of the link's `send`. */
  send(pdu: Uint8Array, address?: LinkAddress): void {
    if (!this.open) return;
    const now = this.#clock.now();
    this.link.send(pdu, now, address);
    const to = address ?? (this.link as { readonly address?: LinkAddress }).address;
    if (to !== undefined) this.#trace?.({ type: "pdu", direction: "out", pdu, address: to, at: now });
    this.#drain();
  }

  /** Sends what the peer did not ask for, as soon as the link lets this end speak. Ignored once the pump has ended. */
  notify(unasked: Unasked, address?: LinkAddress): void {
    if (!this.open) return;
    if (this.link.notify === undefined) {
      for (const pdu of unasked.pdus()) this.send(pdu, address);
      unasked.left();
      return;
    }
    this.link.notify(unasked, this.#clock.now(), address);
    this.#drain();
  }

  /** The gate may let more in. `first`: a run of pieces begins. */
  goOn(first = false): void {
    this.#guarded(() => this.#intake?.goOn(first));
  }

  /** Nothing answers the last PDU of that address: a link on which the peer waits for its turn gives it back. */
  yield(address?: LinkAddress): void {
    if (!this.open || this.link.yield === undefined) return;
    this.link.yield(this.#clock.now(), address);
    this.#drain();
  }

  /** A client that had to wait for the settings of its data link (`Link.follow`) is answered. */
  settled(address: LinkAddress): void {
    if (!this.open) return;
    this.link.settled?.(this.#clock.now(), address);
    this.#drain();
  }

  /** How long the peer may say nothing, in ms, on a link that can be told (`Link.setInactivity`). */
  setInactivity(inactivity: number): void {
    if (!this.open) return;
    this.link.setInactivity?.(inactivity);
    this.#arm();
  }

  /** Ends the link in its own way (HDLC: DISC and its answer), then the transport; `closed` follows. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.link.close(this.#clock.now());
    this.#drain();
  }

  /** Ends the transport once what was sent is out, without a word to the link; `closed` follows, at the latest after `linger`. */
  end(): void {
    if (!this.open) return;
    this.#state = "ending";
    this.#table.clear("link");
    this.#afterSent(() => this.#endTransport());
  }

  /** Closes the transport now. `closed` is told before it returns, with the Fault given. */
  destroy(fault?: Fault): void {
    if (this.#state === "closed") return;
    this.duplex.destroy();
    this.#closed(fault);
  }

  /** What the transport tells, as one object a pump. */
  static readonly #Incoming = class Incoming implements DuplexHandlers {
    // biome-ignore lint/suspicious/noExplicitAny: this class serves pumps of any link
    readonly #pump: LinkPump<any, any>;
    // biome-ignore lint/suspicious/noExplicitAny: see above
    constructor(pump: LinkPump<any, any>) {
      this.#pump = pump;
    }
    received(octets: Uint8Array): void {
      try {
        this.#pump.#arrived(octets);
      } catch (cause) {
        this.#pump.#failed(cause);
      }
    }
    ended(): void {
      const pump = this.#pump;
      pump.#guarded(() => {
        const ended = (): void => {
          if (pump.#intake === undefined) pump.#peerEnded();
          else pump.#intake.afterwards(() => pump.#peerEnded());
        };
        if (pump.#receiving === undefined) ended();
        else pump.#receiving.afterwards(ended);
      });
    }
    drained(): void {
      const pump = this.#pump;
      pump.#guarded(() => pump.#handlers?.drained?.());
      pump.goOn(true);
    }
    closed(fault?: Fault): void {
      this.#pump.#closed(fault);
    }
  };

  #tap(tap: LinkTap): void {
    const { receive, transmit } = tap;
    if (receive !== undefined) {
      this.#receiving = new TapLine(
        (octets, now) => receive.call(tap, octets, now),
        (octets) => this.#receive(octets, this.#clock.now()),
      );
    }
    if (transmit !== undefined) {
      this.#transmitting = new TapLine(
        (octets, now) => transmit.call(tap, octets, now),
        (octets) => this.#transmit(octets),
      );
    }
  }

  #arrived(octets: Uint8Array): void {
    if (!this.open) return;
    const now = this.#clock.now();
    this.#trace?.({ type: "octets", direction: "in", octets, at: now });
    if (this.#receiving === undefined) {
      this.#receive(octets, now);
      return;
    }
    this.#receiving.push(octets, now);
    this.#armTap("receive", this.#receiving);
  }

  #receive(octets: Uint8Array, now: number): void {
    if (this.#intake === undefined) this.#take(octets, now);
    else if (this.open) this.#intake.push(octets, now);
  }

  #take(octets: Uint8Array, now: number): void {
    if (!this.open) return;
    this.link.receive(octets, now);
    this.#drain();
  }

  #transmit(octets: Uint8Array): void {
    this.#trace?.({ type: "octets", direction: "out", octets, at: this.#clock.now() });
    this.duplex.send(octets);
    this.#checkBuffered();
  }

  #tapTransmit(line: TapLine, octets: Uint8Array): void {
    try {
      line.push(octets, this.#clock.now());
    } catch (cause) {
      this.#failed(cause);
      return;
    }
    this.#armTap("transmit", line);
    this.#checkBuffered();
  }

  #armTap(name: OwnTimer, line: TapLine): void {
    const { next } = line;
    if (next === undefined) this.#table.clear(name);
    else this.#table.set(name, next);
  }

  #endTransport(): void {
    if (this.#state !== "ending") return;
    this.#table.set("linger", this.#clock.now() + this.#linger);
    this.duplex.end();
  }

  #due(name: string, now: number): void {
    this.#guarded(() => {
      switch (name as OwnTimer) {
        case "link":
          this.#expired(now);
          return;
        case "linger":
          this.duplex.destroy();
          return;
        case "receive":
        case "transmit": {
          const line = (name === "receive" ? this.#receiving : this.#transmitting) as TapLine;
          line.expire(now);
          this.#armTap(name as OwnTimer, line);
          return;
        }
        default:
          this.#owner?.due(name as T, now);
      }
    });
  }

  #peerEnded(): void {
    if (!this.open) return;
    if (this.#handlers?.ended === undefined) this.end();
    else this.#handlers.ended();
  }

  #expired(now: number): void {
    if (!this.open) return;
    const deadline = this.link.deadline;
    if (deadline !== undefined && deadline <= now) this.link.expire(now);
    this.#drain();
  }

  /** Does what the link asks for, in order. A handler that sends comes back here: the outermost run does the work. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      while (this.open) {
        const output = this.link.poll();
        if (output === undefined) break;
        this.#perform(output);
      }
    } finally {
      this.#draining = false;
    }
    if (this.#state === "closing" && (this.#disconnected || this.link.deadline === undefined)) this.end();
    this.#arm();
  }

  #perform(output: LinkOutput): void {
    const handlers = this.#handlers;
    switch (output.type) {
      case "transmit":
        if (this.#transmitting === undefined) this.#transmit(output.octets);
        else this.#tapTransmit(this.#transmitting, output.octets);
        break;
      case "received": {
        const { pdu, address } = output;
        this.#trace?.({ type: "pdu", direction: "in", pdu, address, at: this.#clock.now() });
        handlers?.received(pdu, address, output.broadcast === true);
        break;
      }
      case "connected":
        this.#trace?.({ type: "state", what: "connected", address: output.address, at: this.#clock.now() });
        handlers?.connected?.(output.address, output.maxPdu);
        break;
      case "disconnected": {
        const { address, why } = output;
        const at = this.#clock.now();
        if (this.#state === "closing") this.#disconnected = true;
        this.#trace?.({ type: "state", what: `disconnected: ${why}`, ...(address && { address }), at });
        handlers?.disconnected?.(why, address, output.fault);
        break;
      }
      case "baud-rate":
        this.#trace?.({ type: "state", what: `${output.baudRate} baud`, at: this.#clock.now() });
        this.#afterSent(() => this.duplex.changeBaudRate?.(output.baudRate));
        break;
      case "dropped":
        this.#trace?.({ type: "dropped", why: output.why, octets: output.octets, at: this.#clock.now() });
        handlers?.dropped?.(output.why, output.octets, output.address);
        break;
      case "broken":
        this.destroy(linkBroken(this.remote, output.why));
        break;
    }
  }

  /** Runs it once the octets that a tap has delayed are sent. */
  #afterSent(run: () => void): void {
    if (this.#transmitting === undefined) run();
    else this.#transmitting.afterwards(run);
  }

  #checkBuffered(): void {
    const waiting = this.duplex.bufferedOctets + (this.#transmitting?.octets ?? 0);
    if (waiting <= this.#maxBufferedOctets) return;
    this.destroy(doesNotRead(`${this.remote} has not read ${waiting} octets`));
  }

  #arm(): void {
    const deadline = this.open ? this.link.deadline : undefined;
    if (deadline === undefined) this.#table.clear("link");
    else this.#table.set("link", deadline);
  }

  /** What throws in here has no caller that could catch it: it ends this connection, and no other. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (cause) {
      this.#failed(cause);
    }
  }

  #failed(cause: unknown): void {
    this.destroy(handlerFailed(this.remote, cause));
  }

  #closed(fault?: Fault): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#table.close();
    this.#intake?.drop();
    this.#receiving?.drop();
    this.#transmitting?.drop();
    const what = fault === undefined ? "closed" : `closed: ${fault.code}`;
    this.#trace?.({ type: "state", what, at: this.#clock.now() });
    this.#handlers?.closed(fault);
  }
}
