/** Octets that go on later. */
export interface Delayed {
  readonly octets: Uint8Array;
  /** Ms to hold them, from now. */
  readonly delay: number;
}

/**
 * What happens to octets at a tap: those that are returned go on, the same (observed), others (altered, replaced), later
 * (`Delayed`), several pieces, or none (undefined: dropped).
 */
export type Tapped = Uint8Array | Delayed | readonly (Uint8Array | Delayed)[] | undefined;

/**
 * Sees the octets of one link as they are on the wire, both ways, before the link gets what arrived and after it made what
 * leaves. Octets given to it must not be changed in place: return others. The order within a direction is kept: what comes
 * behind delayed octets waits for them. What is held when the transport closes is lost. What it throws ends the connection
 * (`handler-failed`).
 */
export interface LinkTap {
  /** Octets from the transport, cut anywhere, or one datagram. `now`: ms of the pump's clock. */
  receive?(octets: Uint8Array, now: number): Tapped;
  /** Octets that the link sends. */
  transmit?(octets: Uint8Array, now: number): Tapped;
}

interface Held {
  readonly due: number;
  readonly run: () => void;
}

/** One direction of a tap: what it holds, in order. */
export class TapLine {
  readonly #tap: (octets: Uint8Array, now: number) => Tapped;
  readonly #pass: (octets: Uint8Array) => void;
  #held: Held[] = [];
  #octets = 0;

  constructor(tap: (octets: Uint8Array, now: number) => Tapped, pass: (octets: Uint8Array) => void) {
    this.#tap = tap;
    this.#pass = pass;
  }

  /** When what is held first goes on; undefined when nothing is held. */
  get next(): number | undefined {
    return this.#held[0]?.due;
  }

  /** How many octets are held. */
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

  /** Runs `run` when all that was pushed before has gone on. */
  afterwards(run: () => void): void {
    if (this.#held.length === 0) run();
    else this.#held.push({ due: Number.NEGATIVE_INFINITY, run });
  }

  /** Lets go on what is due. */
  expire(now: number): void {
    for (let first = this.#held[0]; first !== undefined && first.due <= now; first = this.#held[0]) {
      this.#held.shift();
      first.run();
    }
  }

  /** Forgets what is held. */
  drop(): void {
    this.#held = [];
    this.#octets = 0;
  }

  #later(what: Uint8Array | Delayed, now: number): void {
    const octets = what instanceof Uint8Array ? what : what.octets;
    const due = what instanceof Uint8Array ? now : now + what.delay;
    // What is held goes on from the front only, so that nothing overtakes.
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
