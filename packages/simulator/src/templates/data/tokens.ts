import type { TokenPort } from "@dlmskit/cosem-objects";

const digits = 20;
const numberDigits = 8;
const amountDigits = 8;

/** The last four digits of a plain token: the sum of the digits before them, each multiplied by its place from 1. */
function checkOf(token: string): string {
  const sum = [...token.slice(0, numberDigits + amountDigits)].reduce(
    (total, digit, at) => total + Number(digit) * (at + 1),
    0,
  );
  return String(sum % 10_000).padStart(4, "0");
}

/**
 * A token for tests. It has 20 digits: the number of the token (8, increasing with each new token), the amount (8, in the scale of the
 * account's currency) and a check (4). Real meters use STS tokens (IEC 62055-41), which need the keys of a vending system.
 */
export function plainToken(number: number, amount: number): string {
  const token = String(number).padStart(numberDigits, "0") + String(amount).padStart(amountDigits, "0");
  return token + checkOf(token);
}

/** Accepts tokens in the form of `plainToken`. */
export const plainTokens: TokenPort = {
  read(octets) {
    const token = String.fromCharCode(...octets);
    if (!/^\d+$/.test(token) || token.length !== digits) return { result: "format-failure" };
    if (token.slice(numberDigits + amountDigits) !== checkOf(token)) return { result: "authentication-failure" };
    return {
      result: "valid",
      identifier: BigInt(token.slice(0, numberDigits)),
      credits: BigInt(token.slice(numberDigits, numberDigits + amountDigits)),
    };
  },
};
