import type { Fault } from "@dlmskit/core";
import type { Duplex, DuplexHandlers } from "../duplex.ts";
import type { LineHandlers, SerialLine } from "./serial-line.ts";

/** The calls of a connection to the owner of its line. */
export interface LineUse {
  /** The connection is ready for octets. */
  begin?(connection: LineConnection): void;
  /** The connection is no longer used; its method `closed` must then be called. */
  release(connection: LineConnection): void;
}

/** One connection on a line. */
export class LineConnection implements Duplex, LineHandlers {
  readonly #line: SerialLine;
  readonly #use: LineUse;
  #handlers: DuplexHandlers | undefined;
  /** Octets that were received before `start`. */
  #early: Uint8Array[] | undefined = [];
  #ended = false;
  #released = false;
  #over = false;
  #fault: Fault | undefined;

  constructor(line: SerialLine, use: LineUse) {
    this.#line = line;
    this.#use = use;
  }

  get remote(): string {
    return this.#line.path;
  }

  get bufferedOctets(): number {
    return this.#line.bufferedOctets;
  }

  send(octets: Uint8Array): void {
    if (!this.#ended) this.#line.send(octets);
  }

  changeBaudRate(baudRate: number): void {
    if (!this.#ended) this.#line.changeBaudRate(baudRate);
  }

  pause(): void {
    this.#line.pause();
  }

  resume(): void {
    this.#line.resume();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#line.afterwards(() => this.destroy());
  }

  destroy(): void {
    this.#ended = true;
    if (this.#over || this.#released) return;
    this.#released = true;
    this.#use.release(this);
  }

  start(handlers: DuplexHandlers): void {
    this.#handlers = handlers;
    queueMicrotask(() => {
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const octets of early) this.received(octets);
      if (this.#over) this.#tellClosed();
      else if (!this.#released) this.#use.begin?.(this);
    });
  }

  received(octets: Uint8Array): void {
    if (this.#early !== undefined) this.#early.push(octets);
    else if (!this.#over && !this.#released) this.#handlers?.received(octets);
  }

  drained(): void {
    if (!this.#over && !this.#released) this.#handlers?.drained?.();
  }

  closed(fault?: Fault): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended = true;
    this.#fault = fault;
    queueMicrotask(() => this.#tellClosed());
  }

  #tellClosed(): void {
    // If the connection is not started yet, `start` reports the end later.
    if (this.#early !== undefined) return;
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.closed(this.#fault);
  }
}
