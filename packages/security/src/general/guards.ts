import { Fault } from "@dlmskit/core";
import { CounterGuard, type ReplayGuard } from "../replay.ts";

/**
 * Guards of the keys that APDUs bring themselves (wrapped or agreed): the same APDU again brings the same key again.
 * Keep one per pair of parties, longer than an association: what it forgets can be replayed.
 */
export interface KeyGuards {
  /** The guard of a key, by a fingerprint of it; what it accepts must be remembered. */
  guard(fingerprint: string): ReplayGuard;
}

/** Guards in memory. It forgets none: when it holds `capacity` keys, new ones are refused. */
export class MemoryKeyGuards implements KeyGuards {
  readonly #lowest = new Map<string, CounterGuard>();
  readonly #capacity: number;

  /** Room for 4096 keys unless told otherwise. */
  constructor(capacity = 4096) {
    this.#capacity = capacity;
  }

  /** How many keys it knows. */
  get size(): number {
    return this.#lowest.size;
  }

  guard(fingerprint: string): ReplayGuard {
    const known = this.#lowest.get(fingerprint);
    if (known !== undefined) return known;
    const fresh = new CounterGuard();
    return {
      lowest: 0,
      check: (counter) => fresh.check(counter),
      accept: (counter) => {
        if (this.#lowest.size >= this.#capacity) {
          throw new Fault("too-many-keys", `${this.#capacity} keys were brought by APDUs, no more are taken`, {
            layer: "security",
            hint: "raise the capacity, or renew the keys that they are agreed with and start afresh",
          });
        }
        fresh.accept(counter);
        this.#lowest.set(fingerprint, fresh);
      },
    };
  }
}

/** Which transactions of an originator may still come: the protection against replay of what is signed and no more. */
export interface TransactionGuard {
  check(originator: Uint8Array, transactionId: Uint8Array): boolean;
  accept(originator: Uint8Array, transactionId: Uint8Array): void;
}
