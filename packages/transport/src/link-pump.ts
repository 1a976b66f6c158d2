import {
  type ClientLink,
  type DisconnectReason,
  Fault,
  type Link,
  type LinkAddress,
  type LinkOutput,
  type Tracer,
} from "@dlmskit/core";
import type { Cancel, Clock } from "./clock.ts";
import type { Duplex } from "./duplex.ts";

/** What a pump tells its owner. Called synchronously, from within the transport's delivery, a timer, or a call of the pump. */
export interface PumpHandlers {
  /** A PDU for the layer above. A `broadcast` must never be answered. */
  received(pdu: Uint8Array, address: LinkAddress, broadcast: boolean): void;
  connected?(address: LinkAddress, maxPdu?: number): void;
  /** The data link of that address is gone, without address all of them; the transport may still be open. The Fault says more than `why`, where there is more. */
  disconnected?(why: DisconnectReason, address?: LinkAddress, fault?: Fault): void;
  dropped?(why: string, octets: Uint8Array): void;
  /** The peer sends nothing more but still reads: call `end` when what it asked is answered. Without this handler the pump ends at once. */
  ended?(): void;
  /** All that was sent has left. */
  drained?(): void;
  /**
   * Nothing comes or goes any more; told once. Fault codes: those of the transport, `link-broken` (the octets cannot be
   * understood any more), `peer-does-not-read`, `handler-failed` (a handler threw: see `cause`).
   */
  closed(fault?: Fault): void;
}

export interface LinkPumpOptions<L extends Link = Link> {
  readonly link: L;
  readonly duplex: Duplex;
  readonly clock: Clock;
  /** A peer with more unread octets than this is cut off; 1 MiB unless told otherwise. */
  readonly maxBufferedOctets?: number;
  /** How long a peer may take to close after this end did, in ms; 5000 unless told otherwise. */
  readonly linger?: number;
  readonly trace?: Tracer;
}

/**
 * Joins a link to a transport and a clock. What arrives goes through the link to the handlers, and what they send goes out,
 * in one synchronous run. It keeps one timer, for the link's deadline.
 */
export class LinkPump<L extends Link = Link> {
  readonly link: L;
  readonly duplex: Duplex;
  readonly #clock: Clock;
  readonly #maxBufferedOctets: number;
  readonly #linger: number;
  readonly #trace: Tracer | undefined;
  #handlers: PumpHandlers | undefined;
  /** open: both ways; closing: the link is ending in its own way; ending: this side of the transport has ended. */
  #state: "open" | "closing" | "ending" | "closed" = "open";
  #draining = false;
  #disconnected = false;
  #cancel: Cancel | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #cancelLinger: Cancel | undefined;

  constructor(options: LinkPumpOptions<L>) {
    this.link = options.link;
    this.duplex = options.duplex;
    this.#clock = options.clock;
    this.#maxBufferedOctets = options.maxBufferedOctets ?? 1 << 20;
    this.#linger = options.linger ?? 5000;
    this.#trace = options.trace;
  }

  /** Who is at the other end of the transport. */
  get remote(): string {
    return this.duplex.remote;
  }

  /** Whether `send` still reaches the link. */
  get open(): boolean {
    return this.#state === "open" || this.#state === "closing";
  }

  /** Begins, once. No handler is called before it returned. */
  start(handlers: PumpHandlers): void {
    this.#handlers = handlers;
    this.duplex.start({
      received: (octets) => this.#guarded(() => this.#receive(octets)),
      ended: () => this.#guarded(() => this.#peerEnded()),
      drained: () => this.#guarded(() => handlers.drained?.()),
      closed: (fault) => this.#closed(fault),
    });
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
    if (address !== undefined) this.#trace?.({ type: "pdu", direction: "out", pdu, address, at: now });
    this.#drain();
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
    this.#disarm();
    this.#cancelLinger = this.#clock.at(this.#clock.now() + this.#linger, () => this.duplex.destroy());
    this.duplex.end();
  }

  /** Closes the transport now. `closed` is told before it returns, with the Fault given. */
  destroy(fault?: Fault): void {
    if (this.#state === "closed") return;
    this.duplex.destroy();
    this.#closed(fault);
  }

  #receive(octets: Uint8Array): void {
    if (!this.open) return;
    const now = this.#clock.now();
    this.#trace?.({ type: "octets", direction: "in", octets, at: now });
    this.link.receive(octets, now);
    this.#drain();
  }

  #peerEnded(): void {
    if (!this.open) return;
    if (this.#handlers?.ended === undefined) this.end();
    else this.#handlers.ended();
  }

  #expired(): void {
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    if (!this.open) return;
    const now = this.#clock.now();
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
        this.#trace?.({ type: "octets", direction: "out", octets: output.octets, at: this.#clock.now() });
        this.duplex.send(output.octets);
        this.#checkBuffered();
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
      case "dropped":
        this.#trace?.({ type: "dropped", why: output.why, octets: output.octets, at: this.#clock.now() });
        handlers?.dropped?.(output.why, output.octets);
        break;
      case "broken":
        this.destroy(
          new Fault("link-broken", `the link with ${this.remote} broke: ${output.why}`, { layer: "transport" }),
        );
        break;
    }
  }

  #checkBuffered(): void {
    const waiting = this.duplex.bufferedOctets;
    if (waiting <= this.#maxBufferedOctets) return;
    this.destroy(
      new Fault("peer-does-not-read", `${this.remote} has left ${waiting} octets unread`, {
        layer: "transport",
        hint: "raise maxBufferedOctets if the peer is only slow",
      }),
    );
  }

  /** A timer that is early is left as it is and looks again when it fires: deadlines mostly move away. */
  #arm(): void {
    const deadline = this.open ? this.link.deadline : undefined;
    if (deadline === undefined) {
      this.#disarm();
    } else if (deadline < this.#armedFor) {
      this.#disarm();
      this.#armedFor = deadline;
      this.#cancel = this.#clock.at(deadline, () => this.#guarded(() => this.#expired()));
    }
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  /** What throws in here has no caller that could catch it: it ends this connection, and no other. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (cause) {
      const message = `handling what ${this.remote} sent failed: ${cause instanceof Error ? cause.message : String(cause)}`;
      this.destroy(new Fault("handler-failed", message, { layer: "transport", cause }));
    }
  }

  #closed(fault?: Fault): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#disarm();
    this.#cancelLinger?.();
    this.#trace?.({
      type: "state",
      what: fault === undefined ? "closed" : `closed: ${fault.code}`,
      at: this.#clock.now(),
    });
    this.#handlers?.closed(fault);
  }
}
