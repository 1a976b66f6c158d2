import { refuse } from "../../refusal.ts";

// Amounts are whole numbers in the scale of the account's currency; all calculations are exact.

/** The lowest and the highest value of a double-long. */
export const lowestAmount = -(2 ** 31);
export const highestAmount = 2 ** 31 - 1;

/** `value` times ten to the power of `scale`; `scale` is at most 0. */
export interface Fraction {
  readonly value: bigint;
  readonly scale: number;
}

export const noFraction: Fraction = { value: 0n, scale: 0 };

export const tenTo = (exponent: number): bigint => 10n ** BigInt(exponent);

/** The quotient, rounded down, and the remainder, which has the sign of the divisor. */
export function divide(dividend: bigint, divisor: bigint): { readonly quotient: bigint; readonly rest: bigint } {
  const rest = ((dividend % divisor) + divisor) % divisor;
  return { quotient: (dividend - rest) / divisor, rest };
}

/** Adds `value` times ten to the power of `scale` and a previous fraction: the whole part, rounded down, and the remaining fraction. */
export function wholeOf(value: bigint, scale: number, before: Fraction): { whole: bigint; fraction: Fraction } {
  const finest = Math.min(0, scale, before.scale);
  const sum = value * tenTo(scale - finest) + before.value * tenTo(before.scale - finest);
  const { quotient, rest } = divide(sum, tenTo(-finest));
  return { whole: quotient, fraction: rest === 0n ? noFraction : { value: rest, scale: finest } };
}

/** The amount, limited to the range of a double-long. */
export const shown = (amount: bigint): number =>
  Number(amount < BigInt(lowestAmount) ? lowestAmount : amount > BigInt(highestAmount) ? highestAmount : amount);

/** The sum of two amounts; refused (other-reason) if it is out of range. */
export function added(amount: number, more: number | bigint): number {
  const sum = BigInt(amount) + BigInt(more);
  if (BigInt(shown(sum)) !== sum) throw refuse("other-reason", `${sum} is more than an amount can be`);
  return Number(sum);
}
