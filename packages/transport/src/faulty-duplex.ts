import type { Duplex, DuplexHandlers } from "./duplex.ts";
import { FaultyLine, type LineFaults } from "./line-faults.ts";

/** A duplex like `inner`, with faults on what is sent through it. For faults both ways wrap both ends. */
export function withFaults(inner: Duplex, faults: LineFaults): Duplex {
  return new FaultyDuplex(inner, faults);
}

class FaultyDuplex implements Duplex {
  readonly datagrams?: true;
  readonly #inner: Duplex;
  readonly #line: FaultyLine;
  #ended = false;

  constructor(inner: Duplex, faults: LineFaults) {
    this.#inner = inner;
    if (inner.datagrams === true) this.datagrams = true;
    this.#line = new FaultyLine(faults, inner.datagrams === true);
  }

  get remote(): string {
    return this.#inner.remote;
  }

  get bufferedOctets(): number {
    return this.#inner.bufferedOctets + this.#line.heldOctets;
  }

  send(octets: Uint8Array): void {
    if (!this.#ended) this.#line.pass(octets, (piece) => this.#inner.send(piece));
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
    this.#inner.start({
      received: (octets) => handlers.received(octets),
      ended: () => (handlers.ended === undefined ? this.end() : handlers.ended()),
      drained: () => handlers.drained?.(),
      closed: (fault) => {
        this.#ended = true;
        this.#line.drop();
        handlers.closed(fault);
      },
    });
  }
}
