import type { Rank } from "./duplex.ts";

/** A connection that a listener accepted. */
export interface Placed {
  /** The remote host, for the limit per host; "" if the address can be forged. */
  readonly host: string;
  /** Closes the connection because another connection needs its place. */
  giveWay(): void;
}

export interface PlacesOptions {
  /** Maximum number of connections at one time. */
  readonly most: number;
  /** Maximum number of connections from one host; undefined or 0: no limit. */
  readonly mostPerHost?: number | undefined;
  /** Whether a connection is closed for a new one when all places are taken. */
  readonly giveWay: boolean;
}

/**
 * The places of a listener. When all places are taken and `giveWay` is set, a connection of rank 0 is closed for a new connection: the
 * oldest of the host that has most of them, so that a host that takes all places only closes its own connections. If there is none of
 * rank 0, the oldest of rank 1 is closed.
 */
export class Places<P extends Placed> {
  readonly #options: PlacesOptions;
  readonly #ranks = new Map<P, Rank>();
  /** Connections of rank 0, by host. */
  readonly #strangers = new Map<string, Set<P>>();
  readonly #known = new Set<P>();
  readonly #perHost = new Map<string, number>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#ranks.size;
  }

  /** Takes a place. Undefined: the connection has a place; else the limit that was reached. */
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
