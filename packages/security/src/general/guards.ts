import { Fault } from "@dlmskit/core";
import { CounterGuard, type ReplayGuard } from "../replay.ts";

/**
 * Guards against APDUs that come again and have no counter of a lasting key: each brings a key of its own (wrapped or agreed), or
 * is signed and no more. Keep one per pair of parties, longer than an association: what it forgets can be replayed.
 * docs/decisions/0010.
 */
export interface KeyGuards {
  /**
   * The guard of a key, by a fingerprint of it; the same APDU brings the same key. `accept` of that guard may throw Fault
   * `replayed`.
   */
  guard(fingerprint: string, transactionId: Uint8Array): ReplayGuard;
}

/** What remembers for longer than a process lives, or more than a window: a set in a store, for example. */
export interface KeyMemory {
  /** Puts a digest (a text of at most 120 characters) into the set; false: it was in it before. */
  remember(digest: string): boolean;
}

export interface MemoryKeyGuardsOptions {
  /** How many keys are known at a time; 4096 by default. The oldest makes room. */
  readonly window?: number;
  /** Asked for every key that the window does not know. Needed where the mechanism gives no fresh challenge. */
  readonly memory?: KeyMemory;
}

const replayed = (message: string): Fault => new Fault("replayed", message, { layer: "security" });

/** Guards in memory: a window of the keys that came last, and what is behind it where there is a memory. It never fills up. */
export class MemoryKeyGuards implements KeyGuards {
  /** Made for the first key: most associations see none. */
  #known: Map<string, CounterGuard> | undefined;
  readonly #window: number;
  readonly #memory: KeyMemory | undefined;

  constructor({ window = 4096, memory }: MemoryKeyGuardsOptions = {}) {
    this.#window = window;
    this.#memory = memory;
  }

  /** How many keys it knows at the moment. */
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

// So many ids in a row rise randomly once in 64! tries.
const enough = 64;
// Shorter counters come round.
const shortest = 4;

/**
 * Guards of one association around others: a peer whose transaction-ids (4 octets or more, all of a length) rose 64 times in a
 * row counts them, and is held to it. From then on nothing that came before is accepted, however small the window behind it.
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

/** Which transactions of an originator may still come: the protection against replay of what is signed and no more. */
export interface TransactionGuard {
  check(originator: Uint8Array, transactionId: Uint8Array): boolean;
  accept(originator: Uint8Array, transactionId: Uint8Array): void;
}
