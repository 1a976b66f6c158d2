import type { Clock } from "./clock.ts";
import type { Duplex } from "./duplex.ts";

/**
 * Decides when a pump processes received octets. Octets that wait stay in the transport, and thus at the peer if the transport can
 * wait.
 */
export interface Gate {
  /**
   * Whether the next piece may be processed now. False: it waits until the owner calls `goOn` of the pump. `first`: it is the first of
   * several pieces, after octets were received or after the pump waited for the peer to read. `now`: the time, ms of the pump's clock.
   */
  enter(first: boolean, now: number): boolean;
  /** A piece was processed with all its immediate effects; this took `ms` milliseconds, until `now`. */
  took(ms: number, now: number): void;
}

export interface IntakePort {
  readonly duplex: Duplex;
  readonly clock: Clock;
  readonly gate: Gate;
  /** Processes one piece: octets of a stream, or a datagram. */
  take(octets: Uint8Array, now: number): void;
  /** Too many octets wait, and the transport cannot pause. */
  overflow(octets: number): void;
}

// Maximum length of a piece of a stream: the gate is asked before each piece.
const pieceOctets = 512;
// Processing stops while the peer has more unread octets than this.
const unreadAtMost = 1 << 16;
// Maximum number of waiting octets: one read of a socket, or the octets of a transport that cannot pause.
const waitingAtMost = 1 << 18;

/** Received octets that were not processed yet. */
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

  /** `now`: the time, ms of the clock. */
  push(octets: Uint8Array, now: number): void {
    const { duplex, overflow } = this.#port;
    const length = this.#octets + octets.length;
    if (length > waitingAtMost) {
      // Datagrams may be lost, octets of a stream must not.
      if (duplex.datagrams !== true) overflow(length);
      return;
    }
    // An empty array that gets an item takes memory for seventeen.
    if (this.#waiting.length === 0) this.#waiting = [octets];
    else this.#waiting.push(octets);
    this.#octets = length;
    if (this.#waiting.length === 1) this.goOn(true, now);
  }

  /** Processes waiting octets while the gate permits it. */
  goOn(first: boolean, now = this.#port.clock.now()): void {
    if (this.#taking) return;
    this.#taking = true;
    try {
      this.#take(first, now);
    } finally {
      this.#taking = false;
    }
  }

  #take(first: boolean, from: number): void {
    const { duplex, clock, gate, take } = this.#port;
    let now = from;
    for (let run = first; this.#waiting.length > 0; run = false) {
      if (this.#peerIsBehind || !gate.enter(run, now)) {
        if (!this.#paused) duplex.pause?.();
        this.#paused = true;
        return;
      }
      const piece = this.#next();
      const began = now;
      take(piece, began);
      now = clock.now();
      gate.took(now - began, now);
    }
    if (this.#paused) duplex.resume?.();
    this.#paused = false;
    const afterwards = this.#afterwards;
    this.#afterwards = undefined;
    afterwards?.();
  }

  /** A datagram socket is shared by all remotes and does not report when it has drained. */
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

  /** Runs `run` when no octets wait any more. */
  afterwards(run: () => void): void {
    if (this.#waiting.length === 0 && !this.#taking) run();
    else this.#afterwards = run;
  }

  /** Drops the waiting octets. */
  drop(): void {
    this.#waiting = [];
    this.#octets = 0;
    this.#afterwards = undefined;
  }
}
