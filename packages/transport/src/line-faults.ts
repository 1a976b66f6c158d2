import { Fault } from "@dlmskit/core";
import type { Cancel, Clock } from "./clock.ts";

/** The faults of a bad line for octets that are sent over it. The same seed and the same sends give the same faults. */
export interface LineFaults {
  /** Needed for `latency` and `rate`. */
  readonly clock?: Clock;
  readonly seed?: number;
  /** Delay of octets, ms, or minimum and maximum delay. A stream keeps its order; datagrams may overtake each other. */
  readonly latency?: number | readonly [from: number, to: number];
  /** Octets per second. */
  readonly rate?: number;
  /** A stream is split into random pieces of 1 to this number of octets. */
  readonly split?: number;
  /** Probability, 0 to 1, that a piece (or a datagram) is lost. */
  readonly loss?: number;
  /** Probability that a piece arrives twice. */
  readonly duplicate?: number;
  /** Probability that one bit of a piece is flipped. */
  readonly corrupt?: number;
}

/** Random numbers from 0 (included) to 1 (excluded) (mulberry32, public domain). The same seed gives the same numbers. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

/** Fault `bad-value` if a fault needs a clock and there is none, or if a number is invalid. */
export function checkFaults(faults: LineFaults): void {
  if (faults.clock === undefined && (faults.latency !== undefined || faults.rate !== undefined)) {
    throw new Fault("bad-value", "latency and rate need a clock", { layer: "transport" });
  }
  for (const name of ["loss", "duplicate", "corrupt"] as const) {
    const value = faults[name] ?? 0;
    if (!(value >= 0 && value <= 1)) {
      throw new Fault("bad-value", `${name} ${value} is not a probability from 0 to 1`, { layer: "transport" });
    }
  }
  if (faults.split !== undefined && !(faults.split >= 1)) {
    throw new Fault("bad-value", `pieces cannot have ${faults.split} octets`, { layer: "transport" });
  }
}

/** One direction of a bad line. */
export class FaultyLine {
  #faults: LineFaults;
  readonly #random: () => number;
  readonly #datagrams: boolean;
  /** Pieces that have not arrived yet, in the order of arrival. Only the first has a timer: clocks do not order timers that are close. */
  readonly #way: { readonly due: number; readonly run: () => void }[] = [];
  #cancel: Cancel | undefined;
  #lastDue = Number.NEGATIVE_INFINITY;
  #rateFree = Number.NEGATIVE_INFINITY;
  #heldOctets = 0;

  /** Fault `bad-value` if a fault needs a clock and there is none, or if a probability is not from 0 to 1. */
  constructor(faults: LineFaults, datagrams = false) {
    checkFaults(faults);
    this.#faults = faults;
    this.#random = seededRandom(faults.seed ?? 1);
    this.#datagrams = datagrams;
  }

  /** Number of octets that have not arrived yet. */
  get heldOctets(): number {
    return this.#heldOctets;
  }

  /** Changes the faults from now on. The seed stays, and pieces that were sent before arrive unchanged. Faults as for the constructor. */
  change(faults: LineFaults): void {
    checkFaults(faults);
    this.#faults = faults;
  }

  /** Applies the faults to `octets` and calls `deliver` with the result, at once or later by the clock. */
  pass(octets: Uint8Array, deliver: (piece: Uint8Array) => void): void {
    const { split, loss = 0, duplicate = 0 } = this.#faults;
    const cut = this.#datagrams ? undefined : split;
    for (let at = 0; at < octets.length || (at === 0 && this.#datagrams); ) {
      const size = cut === undefined ? octets.length : 1 + Math.floor(this.#random() * cut);
      const piece = octets.subarray(at, at + size);
      at += Math.max(size, 1);
      if (this.#happens(loss)) continue;
      const arrived = this.#corrupted(piece);
      this.#later(arrived, deliver);
      if (this.#happens(duplicate)) this.#later(arrived.slice(), deliver);
    }
  }

  /** Runs `run` when all octets that were passed before have arrived. */
  afterwards(run: () => void): void {
    if (this.#way.length === 0) run();
    else this.#at(this.#lastDue, run);
  }

  /** Loses all octets that have not arrived yet. */
  drop(): void {
    this.#cancel?.();
    this.#way.length = 0;
    this.#heldOctets = 0;
  }

  /** A fault that is off uses no random number: it does not change the random numbers of the other faults. */
  #happens(probability: number): boolean {
    return probability > 0 && this.#random() < probability;
  }

  #corrupted(piece: Uint8Array): Uint8Array {
    if (piece.length === 0 || !this.#happens(this.#faults.corrupt ?? 0)) return piece;
    const changed = piece.slice();
    const bit = Math.floor(this.#random() * changed.length * 8);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    return changed;
  }

  #later(piece: Uint8Array, deliver: (piece: Uint8Array) => void): void {
    const { clock, latency, rate } = this.#faults;
    if (clock === undefined || (latency === undefined && rate === undefined)) {
      deliver(piece);
      return;
    }
    const [from, to] = typeof latency === "number" ? [latency, latency] : (latency ?? [0, 0]);
    let leaves = clock.now();
    if (rate !== undefined) {
      leaves = Math.max(leaves, this.#rateFree) + (piece.length * 1000) / rate;
      this.#rateFree = leaves;
    }
    const arrives = leaves + from + (to > from ? this.#random() * (to - from) : 0);
    const due = this.#datagrams ? arrives : Math.max(arrives, this.#lastDue);
    this.#lastDue = Math.max(this.#lastDue, due);
    this.#heldOctets += piece.length;
    this.#at(due, () => {
      this.#heldOctets -= piece.length;
      deliver(piece);
    });
  }

  #at(due: number, run: () => void): void {
    const way = this.#way;
    let at = way.length;
    while (at > 0 && (way[at - 1] as { due: number }).due > due) at--;
    way.splice(at, 0, { due, run });
    if (at === 0) this.#arm();
  }

  #arm(): void {
    this.#cancel?.();
    const first = this.#way[0];
    if (first !== undefined) this.#cancel = (this.#faults.clock as Clock).at(first.due, () => this.#arrived());
  }

  #arrived(): void {
    const now = (this.#faults.clock as Clock).now();
    for (let first = this.#way[0]; first !== undefined && first.due <= now; first = this.#way[0]) {
      this.#way.shift();
      first.run();
    }
    this.#arm();
  }
}
