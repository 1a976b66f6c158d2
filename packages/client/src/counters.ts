import { Fault, inRange } from "@dlmskit/core";
import { CounterLedger, type CounterSource, lastCounter } from "@dlmskit/security";
import type { ConnectOptions } from "./options.ts";

/** The most counters that one step of an association takes: GMAC of pass 3, and its sealing; a signature has none. */
export const countersOfStep = 2;

export interface DurableCountersOptions {
  /** The first counter to use: the end of the last reservation in storage; for a new key 0, or the counter that the meter expects. */
  readonly start: number;
  /** Reserves all counters below `upTo` durably. If it rejects, none of them is used. */
  reserve(upTo: number): Promise<void> | void;
  /** How many counters to reserve at a time; 1024 by default. */
  readonly block?: number;
}

/** Invocation counters of one key. Each is used once, and is reserved in storage before it is used. */
export class DurableCounters implements CounterSource {
  readonly #reserve: DurableCountersOptions["reserve"];
  readonly #block: number;
  #ledger: CounterLedger;
  #lowest: number;
  #pending: Promise<void> | undefined;

  /** Fault `out-of-range` for a start outside of 0 to 2^32. */
  constructor(options: DurableCountersOptions) {
    this.#reserve = (upTo) => options.reserve(upTo);
    this.#block = options.block ?? 1024;
    this.#ledger = new CounterLedger({ start: options.start, block: this.#block });
    this.#lowest = options.start;
  }

  get remaining(): number {
    return this.#ledger.remaining;
  }

  /** The counter that `next` gives. */
  get lowest(): number {
    return this.#lowest;
  }

  next(): number {
    const counter = this.#ledger.next();
    this.#lowest = counter + 1;
    return counter;
  }

  /**
   * Resolves when `least` counters are reserved; undefined when they are. It reserves ahead, so that it rarely has to wait.
   * Fault `reservation-failed`.
   */
  ready(least = 1): Promise<void> | undefined {
    // What is left above half a block is no reason to reserve, and so none to wait.
    const enough = this.#ledger.remaining >= Math.min(least, (this.#block >> 1) + 1);
    if (this.#pending !== undefined) return enough ? undefined : this.#pending;
    if (this.#ledger.wants === undefined) return undefined;
    const pending = this.#fill(this.#ledger).finally(() => {
      this.#pending = undefined;
    });
    this.#pending = pending;
    // A block in hand is enough to go on with; a failure shows when it is used up.
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
   * Goes on from `to`, which the meter says that it expects; never back. Fault `counter-jump` for more than `most` counters at
   * once: nobody has proved who said so, and a counter that is near its end makes the key useless.
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
    // What is reserved and not used stays unused.
    this.#ledger = new CounterLedger({ start: to, block: this.#block });
    this.#lowest = to;
    this.#pending = undefined;
    await this.ready();
  }
}

/**
 * After an invocation-counter-error: goes on from what the meter expects, where that is higher and not too far. Gives whether
 * it does. Fault `counter-jump`.
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
