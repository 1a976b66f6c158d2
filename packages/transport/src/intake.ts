import type { Clock } from "./clock.ts";
import type { Duplex } from "./duplex.ts";

/** Decides when a pump takes what has arrived. What waits stays in the transport, and so with the peer, as far as that can wait. */
export interface Gate {
  /**
   * Whether the next piece may be taken now. False: it waits until the owner calls `goOn` of the pump. `first`: of a run of
   * pieces, when octets have arrived or after they waited for the peer to read.
   */
  enter(first: boolean): boolean;
  /** A piece was taken and all that followed from it at once was done, in so many ms. */
  took(ms: number): void;
}

export interface IntakePort {
  readonly duplex: Duplex;
  readonly clock: Clock;
  readonly gate: Gate;
  /** Takes one piece: octets of a stream, or a datagram. */
  take(octets: Uint8Array, now: number): void;
  /** More octets wait than may, in a transport that cannot hold them back. */
  overflow(octets: number): void;
}

// A piece of a stream: so many octets are taken between two questions to the gate.
const pieceOctets = 512;
// Nothing more is taken while the peer has left more octets unread.
const unreadAtMost = 1 << 16;
// What may wait here: one read of a socket, or what a transport delivers that cannot hold octets back.
const waitingAtMost = 1 << 18;

/** What has arrived and is not taken yet. */
export class Intake {
  readonly #port: IntakePort;
  #waiting: Uint8Array[] = [];
  #octets = 0;
  #paused = false;
  #taking = false;
  #afterwards: (() => void) | undefined;

  constructor(port: IntakePort) {
    this.#port = port;
  }

  push(octets: Uint8Array): void {
    const { duplex, overflow } = this.#port;
    const length = this.#octets + octets.length;
    if (length > waitingAtMost) {
      // Datagrams may get lost; of a stream nothing may.
      if (duplex.datagrams !== true) overflow(length);
      return;
    }
    this.#waiting.push(octets);
    this.#octets = length;
    if (this.#waiting.length === 1) this.goOn(true);
  }

  /** Takes what waits, as far as the gate lets it. */
  goOn(first: boolean): void {
    if (this.#taking) return;
    this.#taking = true;
    try {
      this.#take(first);
    } finally {
      this.#taking = false;
    }
  }

  #take(first: boolean): void {
    const { duplex, clock, gate, take } = this.#port;
    for (let run = first; this.#waiting.length > 0; run = false) {
      if (this.#peerIsBehind || !gate.enter(run)) {
        if (!this.#paused) duplex.pause?.();
        this.#paused = true;
        return;
      }
      const piece = this.#next();
      const began = clock.now();
      take(piece, began);
      gate.took(clock.now() - began);
    }
    if (this.#paused) duplex.resume?.();
    this.#paused = false;
    const afterwards = this.#afterwards;
    this.#afterwards = undefined;
    afterwards?.();
  }

  /** A datagram socket is everybody's, and does not tell when it has drained. */
  get #peerIsBehind(): boolean {
    const { duplex } = this.#port;
    return duplex.datagrams !== true && duplex.bufferedOctets > unreadAtMost;
  }

  #next(): Uint8Array {
    const first = this.#waiting[0] as Uint8Array;
    const whole = this.#port.duplex.datagrams === true || first.length <= pieceOctets;
    const piece = whole ? first : first.subarray(0, pieceOctets);
    if (whole) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(pieceOctets);
    this.#octets -= piece.length;
    return piece;
  }

  /** Runs something once nothing waits any more. */
  afterwards(run: () => void): void {
    if (this.#waiting.length === 0 && !this.#taking) run();
    else this.#afterwards = run;
  }

  /** Nothing is taken any more. */
  drop(): void {
    this.#waiting = [];
    this.#octets = 0;
    this.#afterwards = undefined;
  }
}
