import { Fault } from "@dlmskit/core";
import type { Clock } from "./clock.ts";
import type { Duplex, DuplexHandlers } from "./duplex.ts";
import { FaultyLine, type LineFaults } from "./line-faults.ts";

export interface MemoryPairOptions extends LineFaults {
  /** Each send is one datagram. */
  readonly datagrams?: boolean;
  /** The value of `remote` at each end. */
  readonly remotes?: readonly [seenByFirst: string, seenBySecond: string];
}

/** One end of a connection in memory. It can also simulate failures. */
export interface MemoryDuplex extends Duplex {
  /** Stops reading while `stalled` is true: octets of the other end accumulate there. */
  stall(stalled: boolean): void;
  /** Simulates a power failure: it sends and receives nothing more, does not inform the other end, and octets sent to it are lost. */
  vanish(): void;
}

/**
 * A connection in memory. With a clock, octets arrive by its timers, so that a `VirtualClock` controls them; without a clock they
 * arrive in a microtask. They never arrive before `send` has returned. The faults apply to both directions, each with its own seed.
 */
export function memoryPair(options: MemoryPairOptions = {}): [MemoryDuplex, MemoryDuplex] {
  const { remotes = ["memory:2", "memory:1"], seed = 1 } = options;
  const first = new MemoryEnd(remotes[0], options, seed);
  const second = new MemoryEnd(remotes[1], options, seed ^ 0x5bd1e995);
  first.peer = second;
  second.peer = first;
  return [first, second];
}

function isFaulty({ latency, rate, split, loss, duplicate, corrupt }: LineFaults): boolean {
  return [latency, rate, split, loss, duplicate, corrupt].some((fault) => fault !== undefined);
}

class MemoryEnd implements MemoryDuplex {
  readonly remote: string;
  readonly datagrams?: true;
  peer: MemoryEnd = this;
  readonly #clock: Clock | undefined;
  /** Undefined for a line without faults: octets arrive when they are sent. */
  readonly #line: FaultyLine | undefined;
  /** Received octets, or null when the peer has ended. */
  #inbox: (Uint8Array | null)[] = [];
  #inboxOctets = 0;
  #handlers: DuplexHandlers | undefined;
  #started = false;
  #stalled = false;
  #paused = false;
  #scheduled = false;
  #ended = false;
  #peerEnded = false;
  #closing = false;
  #gone = false;
  #fault: Fault | undefined;

  constructor(remote: string, options: MemoryPairOptions, seed: number) {
    this.remote = remote;
    if (options.datagrams === true) this.datagrams = true;
    this.#clock = options.clock;
    if (isFaulty(options)) this.#line = new FaultyLine({ ...options, seed }, options.datagrams === true);
  }

  get bufferedOctets(): number {
    return (this.#line?.heldOctets ?? 0) + (this.#gone ? 0 : this.peer.#inboxOctets);
  }

  send(octets: Uint8Array): void {
    if (this.#ended || this.#gone) return;
    if (this.#peerEnded && this.peer.#gone) {
      // As TCP does for octets of a closed connection.
      this.#close(new Fault("connection-reset", `${this.remote} has closed the connection`, { layer: "transport" }));
      return;
    }
    if (this.#line !== undefined) this.#line.pass(octets, (piece) => this.peer.#arrive(piece));
    else if (octets.length > 0 || this.datagrams === true) this.peer.#arrive(octets);
  }

  end(): void {
    if (this.#ended || this.#gone) return;
    this.#ended = true;
    this.#afterwards(() => this.peer.#arrive(null));
    if (this.#peerEnded) this.#afterwards(() => this.#close());
  }

  destroy(): void {
    if (this.#gone) return;
    this.#line?.drop();
    if (!this.#ended) this.peer.#arrive(null);
    this.#close();
  }

  start(handlers: DuplexHandlers): void {
    this.#handlers = handlers;
    this.#later(() => {
      this.#started = true;
      if (this.#closing) this.#tellClosed();
      else this.#deliver();
    });
  }

  stall(stalled: boolean): void {
    this.#stalled = stalled;
    if (!stalled) this.#schedule();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  vanish(): void {
    this.#handlers = undefined;
    this.#gone = true;
    this.#line?.drop();
    this.#inbox = [];
    this.#inboxOctets = 0;
  }

  #arrive(what: Uint8Array | null): void {
    if (this.#gone) return;
    this.#inbox.push(what);
    this.#inboxOctets += what?.length ?? 0;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#later(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (!this.#started || this.#stalled || this.#paused) return;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (let at = 0; at < inbox.length; at++) {
      if (this.#gone) return;
      if (this.#stalled || this.#paused) {
        this.#inbox.unshift(...inbox.slice(at));
        return;
      }
      const what = inbox[at] as Uint8Array | null;
      if (what === null) this.#hearEnd();
      else {
        this.#inboxOctets -= what.length;
        this.#handlers?.received(what);
      }
    }
    if (this.#inboxOctets === 0 && inbox.length > 0) this.peer.#tellDrained();
  }

  #tellDrained(): void {
    if (this.#started && !this.#gone && !this.#ended && this.bufferedOctets === 0) this.#handlers?.drained?.();
  }

  #hearEnd(): void {
    if (this.#peerEnded) return;
    this.#peerEnded = true;
    if (this.#ended) this.#afterwards(() => this.#close());
    else if (this.#handlers?.ended === undefined) this.end();
    else this.#handlers.ended();
  }

  #close(fault?: Fault): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#gone = true;
    this.#inbox = [];
    this.#inboxOctets = 0;
    this.#fault = fault;
    this.#later(() => this.#tellClosed());
  }

  #tellClosed(): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.closed(this.#fault);
  }

  #afterwards(run: () => void): void {
    if (this.#line === undefined) run();
    else this.#line.afterwards(run);
  }

  #later(run: () => void): void {
    if (this.#clock === undefined) queueMicrotask(run);
    else this.#clock.at(this.#clock.now(), run);
  }
}
