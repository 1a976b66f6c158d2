import type { Fault } from "@dlmskit/core";
import type { Duplex, DuplexHandlers } from "../duplex.ts";

/** What a call asks of the modem that carries it. */
export interface CallPort {
  readonly remote: string;
  readonly line: Duplex;
  /** Ends the call once what was sent is out; the call must be told `closed`. */
  hangUp(): void;
}

/** A call as a connection: data mode, from CONNECT to the end of the call. Either end hears when the other hangs up. */
export class Call implements Duplex {
  readonly #port: CallPort;
  #handlers: DuplexHandlers | undefined;
  /** What came before `start`. */
  #early: Uint8Array[] | undefined = [];
  #ended = false;
  #over = false;
  #fault: Fault | undefined;

  constructor(port: CallPort) {
    this.#port = port;
    // Nobody reads yet: what the peer sends waits at its end.
    port.line.pause?.();
  }

  get remote(): string {
    return this.#port.remote;
  }

  get bufferedOctets(): number {
    return this.#over ? 0 : this.#port.line.bufferedOctets;
  }

  send(octets: Uint8Array): void {
    if (!this.#ended && !this.#over) this.#port.line.send(octets);
  }

  pause(): void {
    this.#port.line.pause?.();
  }

  resume(): void {
    this.#port.line.resume?.();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#over) this.#port.hangUp();
  }

  destroy(): void {
    this.end();
    this.closed();
  }

  start(handlers: DuplexHandlers): void {
    this.#handlers = handlers;
    queueMicrotask(() => {
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const octets of early) handlers.received(octets);
      if (this.#over) this.#tellClosed();
      else this.#port.line.resume?.();
    });
  }

  /** Octets of the other end. */
  received(octets: Uint8Array): void {
    if (this.#early !== undefined) this.#early.push(octets);
    else if (!this.#over) this.#handlers?.received(octets);
  }

  drained(): void {
    if (!this.#over) this.#handlers?.drained?.();
  }

  /** The call is over. */
  closed(fault?: Fault): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended = true;
    this.#fault = fault;
    this.#port.line.resume?.();
    queueMicrotask(() => this.#tellClosed());
  }

  #tellClosed(): void {
    // Who starts late is told then.
    if (this.#early !== undefined) return;
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.closed(this.#fault);
  }
}
