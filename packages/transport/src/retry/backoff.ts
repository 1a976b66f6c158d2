import { Fault } from "@dlmskit/core";

/** How long to wait between attempts: each wait is longer than the one before, and partly random. */
export interface Backoff {
  /** The wait after the first failure, ms; 500 by default. */
  readonly first?: number;
  /** By how much each further wait is longer; 2 by default. */
  readonly factor?: number;
  /** The longest wait, ms; 60,000 by default. */
  readonly longest?: number;
  /** The random part of a wait, 0 to 1: with 0.5 (default) it is between half of the wait and the whole. */
  readonly jitter?: number;
}

/** Random numbers from 0 to less than 1. */
export type RandomNumber = () => number;

/** The bounds of the wait after `failures` failures in a row (1 or more), ms. Fault `bad-value` for numbers that are no back-off. */
export function backoffBounds(
  failures: number,
  backoff: Backoff = {},
): { readonly least: number; readonly most: number } {
  const { first = 500, factor = 2, longest = 60_000, jitter = 0.5 } = backoff;
  if (!(first >= 0 && factor >= 1 && longest >= first && jitter >= 0 && jitter <= 1)) {
    throw new Fault("bad-value", `a back-off of ${JSON.stringify(backoff)} is not possible`, {
      layer: "transport",
      hint: "first 0 or more, factor 1 or more, longest not less than first, jitter from 0 to 1",
    });
  }
  const most = Math.min(longest, first * factor ** Math.min(failures - 1, 1000));
  return { least: most * (1 - jitter), most };
}

/** The wait after `failures` failures in a row, ms. */
export function backoffDelay(failures: number, backoff: Backoff, random: RandomNumber): number {
  const { least, most } = backoffBounds(failures, backoff);
  return least + (most - least) * random();
}
