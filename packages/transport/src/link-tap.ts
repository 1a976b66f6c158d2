/** Octets that are passed on later. */
export interface Delayed {
  readonly octets: Uint8Array;
  /** How long to hold them, ms from now. */
  readonly delay: number;
}

/**
 * The result of a tap. Returned octets are passed on: the same (observed), others (altered, replaced), later (`Delayed`), several
 * pieces, or none (undefined: dropped).
 */
export type Tapped = Uint8Array | Delayed | readonly (Uint8Array | Delayed)[] | undefined;

/**
 * Sees the octets of one link as they are on the wire, in both directions: received octets before the link processes them, and sent
 * octets after the link made them. The octets must not be changed in place: return other octets. The order within a direction is kept:
 * octets after delayed octets wait for them. Octets that are held when the transport closes are lost. If a method throws, the
 * connection ends (`handler-failed`).
 */
export interface LinkTap {
  /** Octets from the transport, split anywhere, or one datagram. `now`: ms of the pump's clock. */
  receive?(octets: Uint8Array, now: number): Tapped;
  /** Octets that the link sends. */
  transmit?(octets: Uint8Array, now: number): Tapped;
}

interface Held {
  readonly due: number;
  readonly run: () => void;
}

/** One direction of a tap and the octets that it holds, in order. */
export class TapLine {
  readonly #tap: (octets: Uint8Array, now: number) => Tapped;
  readonly #pass: (octets: Uint8Array) => void;
  #held: Held[] = [];
  #octets = 0;

  constructor(tap: (octets: Uint8Array, now: number) => Tapped, pass: (octets: Uint8Array) => void) {
    this.#tap = tap;
    this.#pass = pass;
  }

  /** When the first held octets are passed on; undefined if no octets are held. */
  get next(): number | undefined {
    return this.#held[0]?.due;
  }

  /** Number of held octets. */
  get octets(): number {
    return this.#octets;
  }

  push(octets: Uint8Array, now: number): void {
    const tapped = this.#tap(octets, now);
    if (tapped === undefined) return;
    if (!Array.isArray(tapped)) {
      this.#later(tapped as Uint8Array | Delayed, now);
      return;
    }
    for (const one of tapped) this.#later(one, now);
  }

  /** Runs `run` when all octets that were pushed before have been passed on. */
  afterwards(run: () => void): void {
    if (this.#held.length === 0) run();
    else this.#held.push({ due: Number.NEGATIVE_INFINITY, run });
  }

  /** Passes on the octets that are due. */
  expire(now: number): void {
    for (let first = this.#held[0]; first !== undefined && first.due <= now; first = this.#held[0]) {
      this.#held.shift();
      first.run();
    }
  }

  /** Drops the held octets. */
  drop(): void {
    this.#held = [];
    this.#octets = 0;
  }

  #later(what: Uint8Array | Delayed, now: number): void {
    const octets = what instanceof Uint8Array ? what : what.octets;
    const due = what instanceof Uint8Array ? now : now + what.delay;
    // Held octets are passed on from the front only, so that the order is kept.
    if (due <= now && this.#held.length === 0) {
      this.#pass(octets);
      return;
    }
    this.#octets += octets.length;
    this.#held.push({
      due,
      run: () => {
        this.#octets -= octets.length;
        this.#pass(octets);
      },
    });
  }
}
