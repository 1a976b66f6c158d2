import type { Fault } from "@dlmskit/core";
import type { Duplex, DuplexHandlers } from "../duplex.ts";

/** The functions of the modem that a call uses. */
export interface CallPort {
  readonly remote: string;
  readonly line: Duplex;
  /** Ends the call after all sent octets have left; the method `closed` of the call must then be called. */
  hangUp(): void;
}

/** A call as a connection: data mode, from CONNECT to the end of the call. Each end is informed when the other end hangs up. */
export class Call implements Duplex {
  readonly #port: CallPort;
  #handlers: DuplexHandlers | undefined;
  /** Octets that were received before `start`. */
  #early: Uint8Array[] | undefined = [];
  #paused = false;
  #ended = false;
  #over = false;
  #fault: Fault | undefined;

  constructor(port: CallPort) {
    this.#port = port;
    // The call is not started yet: the peer's octets wait at the peer's end.
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
    this.#paused = true;
    this.#port.line.pause?.();
  }

  resume(): void {
    this.#paused = false;
    if (this.#early === undefined) this.#port.line.resume?.();
    else if (this.#handlers !== undefined) queueMicrotask(() => this.#begin());
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
    queueMicrotask(() => this.#begin());
  }

  #begin(): void {
    if (this.#paused || this.#early === undefined) return;
    const early = this.#early;
    this.#early = undefined;
    for (const octets of early) this.#handlers?.received(octets);
    if (this.#over) this.#tellClosed();
    else this.#port.line.resume?.();
  }

  /** Receives octets of the other end. */
  received(octets: Uint8Array): void {
    if (this.#early !== undefined) this.#early.push(octets);
    else if (!this.#over) this.#handlers?.received(octets);
  }

  drained(): void {
    if (!this.#over) this.#handlers?.drained?.();
  }

  /** The call has ended. */
  closed(fault?: Fault): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended = true;
    this.#fault = fault;
    this.#port.line.resume?.();
    queueMicrotask(() => this.#tellClosed());
  }

  #tellClosed(): void {
    // If the call is not started yet, `start` reports the end later.
    if (this.#early !== undefined) return;
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.closed(this.#fault);
  }
}
