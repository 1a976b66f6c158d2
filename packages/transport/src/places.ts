import type { Rank } from "./duplex.ts";

/** A connection that a listener has taken. */
export interface Placed {
  /** Who connects, as far as that counts: the remote host, or "" where it can be forged. */
  readonly host: string;
  /** Closes it, for one that needs its place. */
  giveWay(): void;
}

export interface PlacesOptions {
  /** So many connections at one time. */
  readonly most: number;
  /** So many of one host; undefined or 0: as many as there are places. */
  readonly mostPerHost?: number | undefined;
  /** Whether one gives way when all are taken. */
  readonly giveWay: boolean;
}

/**
 * The places of a listener. When all are taken, and connections give way, one of rank 0 gives way to a connection that is new: the oldest of the host that
 * has most of them, so that a host that fills the places only closes its own. Else the oldest of rank 1 does.
 */
export class Places<P extends Placed> {
  readonly #options: PlacesOptions;
  readonly #ranks = new Map<P, Rank>();
  /** Rank 0, by host. */
  readonly #strangers = new Map<string, Set<P>>();
  readonly #known = new Set<P>();
  readonly #perHost = new Map<string, number>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#ranks.size;
  }

  /** Takes a place; undefined: it has one now, else why it is turned away. */
  take(placed: P): "places" | "host" | undefined {
    const { most, mostPerHost = 0 } = this.#options;
    const { host } = placed;
    const count = this.#perHost.get(host) ?? 0;
    if (mostPerHost > 0 && count >= mostPerHost) return "host";
    if (this.#ranks.size >= most) {
      const last = this.#options.giveWay ? this.#last() : undefined;
      if (last === undefined) return "places";
      this.leave(last);
      last.giveWay();
    }
    this.#ranks.set(placed, 0);
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1);
    const strangers = this.#strangers.get(host) ?? new Set();
    this.#strangers.set(host, strangers.add(placed));
    return undefined;
  }

  #last(): P | undefined {
    let largest: Set<P> | undefined;
    for (const strangers of this.#strangers.values()) {
      if (largest === undefined || strangers.size > largest.size) largest = strangers;
    }
    return (largest ?? this.#known).values().next().value;
  }

  setRank(placed: P, rank: Rank): void {
    const before = this.#ranks.get(placed);
    if (before === undefined || before === rank) return;
    this.#forget(placed);
    this.#ranks.set(placed, rank);
    if (rank === 1) this.#known.add(placed);
    if (rank === 0) this.#strangers.set(placed.host, (this.#strangers.get(placed.host) ?? new Set()).add(placed));
  }

  #forget(placed: P): void {
    this.#known.delete(placed);
    const strangers = this.#strangers.get(placed.host);
    if (strangers?.delete(placed) === true && strangers.size === 0) this.#strangers.delete(placed.host);
  }

  leave(placed: P): void {
    if (!this.#ranks.delete(placed)) return;
    this.#forget(placed);
    const { host } = placed;
    const count = (this.#perHost.get(host) ?? 1) - 1;
    if (count === 0) this.#perHost.delete(host);
    else this.#perHost.set(host, count);
  }
}
