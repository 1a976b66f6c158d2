import { Fault } from "@dlmskit/core";
import { CounterGuard, type ReplayGuard } from "../replay.ts";

/**
 * Guards against replay of APDUs without a counter of a lasting key: each of these APDUs has its own key (wrapped or agreed), or is
 * only signed. Keep one guard for each pair of parties, longer than an association: an APDU that it has forgotten can be replayed.
 * docs/decisions/0010.
 */
export interface KeyGuards {
  /** The guard of a key, by a fingerprint of the key. The same APDU has the same key. `accept` of that guard may throw Fault `replayed`. */
  guard(fingerprint: string, transactionId: Uint8Array): ReplayGuard;
}

/** A memory that exists longer than a process, or holds more than a window: a set in a store, for example. */
export interface KeyMemory {
  /** Adds a digest (a text of at most 120 characters) to the set. False if the set already contains it. */
  remember(digest: string): boolean;
}

export interface MemoryKeyGuardsOptions {
  /** Maximum number of keys in the window. 4096 by default. A new key replaces the oldest one. */
  readonly window?: number;
  /** Called for every key that is not in the window. Needed if the mechanism gives no fresh challenge. */
  readonly memory?: KeyMemory;
}

const replayed = (message: string): Fault => new Fault("replayed", message, { layer: "security" });

/**
 * Guards in memory: a window of the latest keys, and a memory for older keys, if there is one. The window never becomes full: the
 * oldest key is removed.
 */
export class MemoryKeyGuards implements KeyGuards {
  /** Created for the first key: most associations have none. */
  #known: Map<string, CounterGuard> | undefined;
  readonly #window: number;
  readonly #memory: KeyMemory | undefined;

  constructor({ window = 4096, memory }: MemoryKeyGuardsOptions = {}) {
    this.#window = window;
    this.#memory = memory;
  }

  /** The current number of keys in the window. */
  get size(): number {
    return this.#known?.size ?? 0;
  }

  guard(fingerprint: string): ReplayGuard {
    const known = this.#known?.get(fingerprint);
    if (known !== undefined) return known;
    const fresh = new CounterGuard();
    return {
      lowest: 0,
      check: (counter) => fresh.check(counter),
      accept: (counter) => {
        if (this.#memory?.remember(fingerprint) === false) throw replayed("the key of this APDU was used before");
        fresh.accept(counter);
        this.#known ??= new Map();
        this.#known.set(fingerprint, fresh);
        if (this.#known.size <= this.#window) return;
        for (const oldest of this.#known.keys()) {
          this.#known.delete(oldest);
          return;
        }
      },
    };
  }
}

// 64 random ids in a row rise only once in 64! attempts.
const enough = 64;
// Shorter counters wrap around.
const shortest = 4;

/**
 * Guards of one association around other guards. If the transaction-ids of a peer (4 octets or more, all of the same length) rose 64
 * times in a row, they are taken as a counter, and must continue to rise. From then on no earlier transaction-id is accepted,
 * however small the window of the inner guards is.
 */
export class OrderedKeyGuards implements KeyGuards {
  readonly #guards: KeyGuards;
  #highest: Uint8Array | undefined;
  #rises = 0;

  constructor(guards: KeyGuards) {
    this.#guards = guards;
  }

  guard(fingerprint: string, transactionId: Uint8Array): ReplayGuard {
    const inner = this.#guards.guard(fingerprint, transactionId);
    return {
      get lowest() {
        return inner.lowest;
      },
      check: (counter) => inner.check(counter),
      accept: (counter) => {
        const rises = transactionId.length >= shortest && isAbove(transactionId, this.#highest);
        if (this.#rises >= enough && !rises) throw replayed("the transaction-id is not greater than the earlier ones");
        inner.accept(counter);
        this.#rises = rises ? this.#rises + 1 : 0;
        this.#highest = transactionId.slice();
      },
    };
  }
}

function isAbove(one: Uint8Array, other: Uint8Array | undefined): boolean {
  if (other === undefined) return true;
  if (one.length !== other.length) return false;
  const at = one.findIndex((octet, place) => octet !== other[place]);
  return at >= 0 && (one[at] as number) > (other[at] as number);
}

/** Which transactions of an originator are still accepted: the protection against replay of APDUs that are only signed. */
export interface TransactionGuard {
  check(originator: Uint8Array, transactionId: Uint8Array): boolean;
  accept(originator: Uint8Array, transactionId: Uint8Array): void;
}
