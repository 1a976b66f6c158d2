import { Fault, inRange } from "@dlmskit/core";
import { CounterLedger, type CounterSource, lastCounter } from "@dlmskit/security";
import type { ConnectOptions } from "./options.ts";

/** Maximum number of counters in one step of an association: GMAC of pass 3 and its sealing. A signature uses none. */
export const countersOfStep = 2;

export interface DurableCountersOptions {
  /** The first counter to use: the end of the last reservation in storage. For a new key: 0, or the counter that the meter expects. */
  readonly start: number;
  /** Reserves all counters below `upTo` durably. If it rejects, none of these counters is used. */
  reserve(upTo: number): Promise<void> | void;
  /** How many counters to reserve at a time; 1024 by default. */
  readonly block?: number;
}

/** Invocation counters of one key. Each counter is used once, and is reserved in storage before it is used. */
export class DurableCounters implements CounterSource {
  readonly #reserve: DurableCountersOptions["reserve"];
  readonly #block: number;
  #ledger: CounterLedger;
  #lowest: number;
  #pending: Promise<void> | undefined;

  /** Fault `out-of-range` for a start outside 0 to 2^32. */
  constructor(options: DurableCountersOptions) {
    this.#reserve = (upTo) => options.reserve(upTo);
    this.#block = options.block ?? 1024;
    this.#ledger = new CounterLedger({ start: options.start, block: this.#block });
    this.#lowest = options.start;
  }

  get remaining(): number {
    return this.#ledger.remaining;
  }

  /** The counter that `next` returns. */
  get lowest(): number {
    return this.#lowest;
  }

  next(): number {
    const counter = this.#ledger.next();
    this.#lowest = counter + 1;
    return counter;
  }

  /**
   * Resolves when `least` counters are reserved; returns undefined if they are already reserved. It reserves in advance, so that it
   * rarely has to wait. Fault `reservation-failed`.
   */
  ready(least = 1): Promise<void> | undefined {
    // If more than half a block is left, no reservation is needed, so the caller need not wait for one.
    const enough = this.#ledger.remaining >= Math.min(least, (this.#block >> 1) + 1);
    if (this.#pending !== undefined) return enough ? undefined : this.#pending;
    if (this.#ledger.wants === undefined) return undefined;
    const pending = this.#fill(this.#ledger).finally(() => {
      this.#pending = undefined;
    });
    this.#pending = pending;
    // Enough counters are left: the caller need not wait. A failed reservation is reported when they are used up.
    if (!enough) return pending;
    pending.catch(() => undefined);
    return undefined;
  }

  async #fill(ledger: CounterLedger): Promise<void> {
    const upTo = ledger.wants;
    if (upTo === undefined) return;
    try {
      await this.#reserve(upTo);
    } catch (cause) {
      throw new Fault("reservation-failed", "no invocation counters could be reserved", { layer: "client", cause });
    }
    ledger.reserved(upTo);
  }

  /**
   * Continues with the counter `to` that the meter expects; the counter never decreases. Fault `counter-jump` for an increase of more
   * than `most`: the meter's message is not authenticated, and a counter near its maximum makes the key useless.
   */
  async raise(to: number, most: number): Promise<void> {
    inRange(to, 0, lastCounter);
    if (to <= this.#lowest) return;
    if (to - this.#lowest > most) {
      throw new Fault(
        "counter-jump",
        `the meter expects counter ${to}, but this client's next counter is ${this.#lowest}`,
        {
          layer: "client",
          expected: to,
          hint: `make sure that the answer came from the meter, then allow a jump of ${to - this.#lowest} (counterJump)`,
        },
      );
    }
    // Counters that are reserved but not used stay unused.
    this.#ledger = new CounterLedger({ start: to, block: this.#block });
    this.#lowest = to;
    this.#pending = undefined;
    await this.ready();
  }
}

/**
 * After an invocation-counter-error: continues with the counter that the meter expects, if it is higher and the increase is not too
 * large. Returns whether it does so. Fault `counter-jump`.
 */
export async function raiseCounters(
  {
    counters,
    counterJump = 0x10000,
  }: Pick<ConnectOptions, "counterJump"> & { readonly counters: CounterSource | undefined },
  { code, expected }: Fault,
): Promise<boolean> {
  if (code !== "invocation-counter-error" || expected === undefined || !(counters instanceof DurableCounters)) {
    return false;
  }
  const { lowest } = counters;
  await counters.raise(expected, counterJump);
  return counters.lowest > lowest;
}
