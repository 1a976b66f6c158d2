import type { Duplex, DuplexHandlers, Rank } from "./duplex.ts";
import { FaultyLine, type LineFaults } from "./line-faults.ts";

/** A duplex with the faults applied to the octets that are sent through it. For faults in both directions wrap both ends. */
export function withFaults(inner: Duplex, faults: LineFaults): Duplex {
  return new FaultyDuplex(inner, faults);
}

class FaultyDuplex implements Duplex {
  readonly datagrams?: true;
  readonly changeBaudRate?: (baudRate: number) => void;
  readonly #inner: Duplex;
  readonly #line: FaultyLine;
  #ended = false;
  /** The line has held octets, and `drained` was not called for them yet. */
  #held = false;
  #drained: (() => void) | undefined;

  constructor(inner: Duplex, faults: LineFaults) {
    this.#inner = inner;
    if (inner.datagrams === true) this.datagrams = true;
    this.#line = new FaultyLine(faults, inner.datagrams === true);
    // Octets that were sent before the change leave at the old rate.
    if (inner.changeBaudRate !== undefined) {
      this.changeBaudRate = (baudRate) => this.#line.afterwards(() => inner.changeBaudRate?.(baudRate));
    }
  }

  get remote(): string {
    return this.#inner.remote;
  }

  get bufferedOctets(): number {
    return this.#inner.bufferedOctets + this.#line.heldOctets;
  }

  send(octets: Uint8Array): void {
    if (this.#ended) return;
    this.#line.pass(octets, (piece) => {
      this.#inner.send(piece);
      this.#tellDrained();
    });
    this.#held ||= this.#line.heldOctets > 0;
  }

  #tellDrained(): void {
    if (!this.#held || this.bufferedOctets > 0) return;
    this.#held = false;
    this.#drained?.();
  }

  pause(): void {
    this.#inner.pause?.();
  }

  resume(): void {
    this.#inner.resume?.();
  }

  setRank(rank: Rank): void {
    this.#inner.setRank?.(rank);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#line.afterwards(() => this.#inner.end());
  }

  destroy(): void {
    this.#ended = true;
    this.#line.drop();
    this.#inner.destroy();
  }

  start(handlers: DuplexHandlers): void {
    this.#drained = () => handlers.drained?.();
    this.#inner.start({
      received: (octets) => handlers.received(octets),
      ended: () => (handlers.ended === undefined ? this.end() : handlers.ended()),
      drained: () => {
        if (this.bufferedOctets > 0) return;
        this.#held = false;
        handlers.drained?.();
      },
      closed: (fault) => {
        this.#ended = true;
        this.#line.drop();
        handlers.closed(fault);
      },
    });
  }
}
