import { Fault, inRange } from "@dlmskit/core";
import { lastCounter } from "./counters.ts";

/** The accepted invocation counters of a peer, for one key. Only an APDU with a valid tag changes it. */
export interface ReplayGuard {
  /** The lowest counter that is accepted. 2^32 if none is left. */
  readonly lowest: number;
  check(counter: number): boolean;
  accept(counter: number): void;
}

/** The rule of the Green Book: a counter must be higher than all counters accepted before. */
export class CounterGuard implements ReplayGuard {
  #lowest: number;

  /** Fault `out-of-range` if the lowest counter is not in 0 to 2^32. */
  constructor(lowest = 0) {
    this.#lowest = inRange(lowest, 0, lastCounter + 1);
  }

  get lowest(): number {
    return this.#lowest;
  }

  check(counter: number): boolean {
    return counter >= this.#lowest;
  }

  /** Fault `invocation-counter` for a counter that `check` refuses. */
  accept(counter: number): void {
    if (!this.check(counter)) throw counterFault(counter, this.#lowest);
    this.#lowest = inRange(counter, 0, lastCounter) + 1;
  }
}

/** Creates a Fault `invocation-counter`. The caller throws it. `expected` is the value in the exception response to the peer. */
export function counterFault(counter: number, lowest: number): Fault {
  return new Fault(
    "invocation-counter",
    `invocation counter ${counter} was used before; the lowest accepted one is ${lowest}`,
    {
      layer: "security",
      expected: lowest,
    },
  );
}
